"""Many small steps up the loss, each brought back to a ball around the image.

Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, 2018; with the infinity norm and no random
start it is the iterated method of Kurakin, Goodfellow and Bengio, Adversarial Examples in the Physical World, 2017.
"""

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.attacks.fast_gradient_sign import Bound, Classifier, each, loss_direction

NORMS = (2, math.inf)


def projected_gradient(
    logits: Classifier,
    pixels: Float[Tensor, "n 3 h w"],
    labels: Int[Tensor, " n"],
    *,
    norm: float,
    epsilon: Bound,
    steps: int,
    step: Bound,
    start: Float[Tensor, "n 3 h w"] | None = None,
) -> Float[Tensor, "n 3 h w"]:
    """Images in [0, 1], not farther than `epsilon` from `pixels` in the `norm` (2 or inf), with a large loss.

    Each of the `steps` is of length `step` in that norm, along the steepest way up: the gradient divided by its length
    for 2, its sign for inf. It is brought back to the ball and then to [0, 1], which does not leave the ball where
    `pixels` are in [0, 1]. The way begins at `start`, or at `pixels`. One forward and one backward pass for each step.
    """
    images = pixels.detach() if start is None else start.detach()
    for _ in range(steps):
        direction = steepest(loss_direction(logits, images, labels), norm)
        images = inside(images + each(step, images) * direction, pixels, epsilon, norm)
    return images


def steepest(direction: Float[Tensor, "n 3 h w"], norm: float) -> Float[Tensor, "n 3 h w"]:
    """What rises fastest of all that has length 1 in that norm; zero where the direction is."""
    if _checked(norm) == math.inf:
        return direction.sign()
    scaled = direction / each(direction.flatten(1).abs().amax(dim=1), direction).clamp_min(_tiny(direction))
    return scaled / each(scaled.flatten(1).norm(dim=1), direction).clamp_min(_tiny(direction))


def inside(
    images: Float[Tensor, "n 3 h w"], pixels: Float[Tensor, "n 3 h w"], epsilon: Bound, norm: float
) -> Float[Tensor, "n 3 h w"]:
    """The images, with what is farther than `epsilon` from `pixels` brought back to the ball, and then to [0, 1]."""
    change, bound = images - pixels, each(epsilon, pixels)
    if _checked(norm) == math.inf:
        change = torch.minimum(torch.maximum(change, -bound), bound)
    else:
        lengths = each(change.flatten(1).norm(dim=1), change)
        change = change * (bound / lengths.clamp_min(_tiny(change))).clamp(max=1)
    return (pixels + change).clamp(0, 1)


def random_start(
    pixels: Float[Tensor, "n 3 h w"], *, norm: float, epsilon: Bound, rng: np.random.Generator
) -> Float[Tensor, "n 3 h w"]:
    """A point in the ball around each image, all equally likely, brought to [0, 1]."""
    shape = tuple(pixels.shape)
    if _checked(norm) == math.inf:
        drawn = rng.uniform(-1, 1, shape)
    else:
        drawn = rng.standard_normal(shape)
        size = math.prod(shape[1:])
        radii = rng.uniform(0, 1, len(pixels)) ** (1 / size) / np.linalg.norm(drawn.reshape(len(pixels), -1), axis=1)
        drawn *= radii[:, None, None, None]
    offset = torch.from_numpy(drawn).to(pixels.device, pixels.dtype)
    return inside(pixels + each(epsilon, pixels) * offset, pixels, epsilon, norm)


def _checked(norm: float) -> float:
    if norm not in NORMS:
        raise ValueError(f"norm must be 2 or inf, not {norm}")
    return norm


def _tiny(values: Tensor) -> float:
    return torch.finfo(values.dtype).tiny
