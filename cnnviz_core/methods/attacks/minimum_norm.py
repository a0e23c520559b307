"""The smallest change of an image that changes the answer, as far as a search along the gradient finds it.

Pintor, Roli, Brendel and Biggio, Fast Minimum-Norm Adversarial Attacks through Adaptive Norm Constraints, 2021,
algorithm 1.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.attacks.eight_bit import as_pixels, eight_bit
from cnnviz_core.methods.attacks.fast_gradient_sign import Classifier, each
from cnnviz_core.methods.attacks.projected_gradient import NORMS, inside

LAST_STEP, LAST_RATE = 0.01, 0.001  # to which the step (as a share of the first) and the rate fall, as a half cosine
LONGER, TRIES = 1.15, 24  # by how much a change is lengthened where the saved image does not fool, and how often
TINY = 1e-12


def minimum_norm(
    logits: Classifier,
    pixels: Float[Tensor, "n 3 h w"],
    labels: Int[Tensor, " n"],
    *,
    norm: float,
    steps: int,
    step: float = 1.0,
    rate: float = 0.05,
) -> tuple[Float[Tensor, "n 3 h w"], Float[Tensor, " n"]]:
    """The nearest image found to each that the network does not give its label, and how far it is in the `norm`.

    Images that it does not give their label at once are at 0; where none is found, the image itself and infinity. A
    step has an L2 length of at most `step`. The bound on the change grows or shrinks by at most the share `rate`: it
    shrinks while the answer is wrong, and grows while it is right. Each step is one forward and one backward pass.
    """
    if norm not in NORMS:
        raise ValueError(f"norm must be 2 or inf, not {norm}")
    change, bound = torch.zeros_like(pixels), torch.full((len(pixels),), math.inf).to(pixels)
    best, nearest = pixels.clone(), torch.full_like(bound, math.inf)
    for k in range(steps + 1):
        margin, slope = _margin(logits, pixels + change, labels)
        size = _size(change, norm)
        fooled = margin <= 0
        better = fooled & (size < nearest)
        best = torch.where(better.view(-1, 1, 1, 1), pixels + change, best)
        nearest = torch.where(better, size, nearest)
        if k == steps:
            break
        fall = (1 + math.cos(math.pi * k / steps)) / 2
        share = LAST_RATE + (rate - LAST_RATE) * fall
        reach = size + margin / _size(slope, 1 if norm == math.inf else 2).clamp_min(TINY)  # where a plane would be 0
        outside = torch.where(nearest.isinf(), reach, bound * (1 + share))
        bound = torch.where(fooled, torch.minimum(bound * (1 - share), nearest), outside)
        length = step * (LAST_STEP + (1 - LAST_STEP) * fall)
        direction = slope / each(_size(slope, 2).clamp_min(TINY), slope)
        change = inside(pixels + change - length * direction, pixels, bound, norm) - pixels
    return best, nearest


def saved_successes(
    logits: Classifier, found: Float[Tensor, "n 3 h w"], pixels: Float[Tensor, "n 3 h w"], labels: Int[Tensor, " n"]
) -> tuple[Tensor, Float[Tensor, " n"]]:
    """Of each found image the first 8-bit one that still fools, and by how much its change had to be lengthened.

    Rounding undoes changes that are smaller than half a level; then the change is lengthened by LONGER, again and
    again. NaN where nothing fooled.
    """
    kept = eight_bit(pixels, pixels)
    factors = torch.full((len(pixels),), torch.nan)
    for k in range(TRIES):
        saved = eight_bit(pixels + LONGER**k * (found - pixels), pixels)
        with torch.no_grad():
            fools = logits(as_pixels(saved).to(pixels)).argmax(dim=1) != labels.to(pixels.device)
        new = fools.cpu() & factors.isnan()
        kept[new.to(kept.device)] = saved[new.to(kept.device)]
        factors[new] = LONGER**k
        if not factors.isnan().any():
            break
    return kept, factors


def _margin(
    logits: Classifier, images: Float[Tensor, "n 3 h w"], labels: Int[Tensor, " n"]
) -> tuple[Float[Tensor, " n"], Float[Tensor, "n 3 h w"]]:
    """By how much the label's logit is above all others, and its derivative by the pixels."""
    images = images.detach().requires_grad_()
    with torch.enable_grad():
        found = logits(images)
        own = labels[:, None].to(found.device)
        margin = found.gather(1, own)[:, 0] - found.scatter(1, own, -torch.inf).amax(dim=1)
        (slope,) = torch.autograd.grad(margin.sum(), images)
    return margin.detach(), slope


def _size(values: Float[Tensor, "n 3 h w"], norm: float) -> Float[Tensor, " n"]:
    sizes: Tensor = torch.linalg.vector_norm(values.flatten(1), ord=norm, dim=1)
    return sizes
