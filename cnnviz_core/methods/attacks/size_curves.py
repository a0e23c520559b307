"""Which changes of several sizes fool: random ones, one step along the gradient, and many steps.

Goodfellow, Shlens and Szegedy 2015 for one step; Madry et al. 2018 for many. All images are as 8 bits hold them.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from cnnviz_core.methods.attacks.eight_bit import as_pixels, eight_bit
from cnnviz_core.methods.attacks.fast_gradient_sign import Classifier, loss_direction
from cnnviz_core.methods.attacks.first_success import first_success, fools
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size
from cnnviz_core.methods.attacks.projected_gradient import inside, steepest
from cnnviz_core.methods.attacks.threats import gaussian_noise, sign_noise

Pixels = Float[Tensor, "n 3 h w"]
Curve = tuple[Bool[np.ndarray, "sizes n"], Float[np.ndarray, "sizes n"]]
"""Whether each size fooled each image, and by how much more than the size the saved image was changed."""


def random_curve(
    logits: Classifier, pixels: Pixels, labels: Int[Tensor, " n"], norm: float, sizes: Sequence[float],
    rng: np.random.Generator,
) -> Curve:  # fmt: skip
    """Random changes of these sizes in the norm (2 or inf): random directions, or random signs."""
    noise = sign_noise if norm == math.inf else gaussian_noise
    return _curve(logits, pixels, labels, norm, sizes, lambda size: noise(pixels, size, rng))


def one_step_curve(
    logits: Classifier, pixels: Pixels, labels: Int[Tensor, " n"], norm: float, sizes: Sequence[float]
) -> Curve:
    """One step along the steepest way in the norm; the gradient is the same for all sizes."""
    way = steepest(loss_direction(logits, pixels, labels), norm)
    return _curve(logits, pixels, labels, norm, sizes, lambda size: pixels + size * way)


def many_steps_curve(
    logits: Classifier, pixels: Pixels, labels: Int[Tensor, " n"], norm: float, sizes: Sequence[float], steps: int
) -> Curve:
    """So many steps in balls of these sizes.

    What was reached within a smaller ball is within a larger one too: only what is left is attacked again.
    """
    fooled, excess = np.zeros((len(sizes), len(pixels)), dtype=bool), np.zeros((len(sizes), len(pixels)))
    done = np.zeros(len(pixels), dtype=bool)
    for k in np.argsort(sizes):
        left = np.flatnonzero(~done)
        if len(left):
            saved, won = first_success(
                logits, pixels[left], labels[left], norm=norm, epsilon=sizes[k], steps=steps
            )  # fmt: skip
            excess[k, left] = perturbation_size(as_pixels(saved), pixels[left], norm) - sizes[k]
            done[left] = won.numpy()
        fooled[k] = done
    return fooled, excess


def step_curve(
    logits: Classifier, pixels: Pixels, labels: Int[Tensor, " n"], norm: float, size: float, tries: Sequence[int]
) -> Bool[np.ndarray, "tries n"]:
    """Whether a walk of so many steps, or of fewer that were tried too, fools within a ball of that size."""
    fooled, done = np.zeros((len(tries), len(pixels)), dtype=bool), np.zeros(len(pixels), dtype=bool)
    for k in np.argsort(tries):
        left = np.flatnonzero(~done)
        if len(left):
            _, won = first_success(logits, pixels[left], labels[left], norm=norm, epsilon=size, steps=tries[k])
            done[left] = won.numpy()
        fooled[k] = done
    return fooled


def _curve(
    logits: Classifier, pixels: Pixels, labels: Int[Tensor, " n"], norm: float, sizes: Sequence[float],
    made: Callable[[float], Tensor],
) -> Curve:  # fmt: skip
    fooled, excess = [], []
    for size in sizes:
        saved = as_pixels(eight_bit(inside(made(size), pixels, size, norm), pixels, epsilon=size, norm=norm))
        fooled.append(fools(logits, saved, labels).cpu().numpy())
        excess.append(perturbation_size(saved, pixels, norm) - size)
    return np.array(fooled), np.array(excess)
