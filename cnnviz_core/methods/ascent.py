"""Gradient ascent in a ball that never goes down: a step that would is taken back, and a shorter one tried."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Objective = Callable[[Tensor], Tensor]
"""Gives a value (n,) of each of n images, that depends on no other image."""

LONGER, SHORTER = 1.5, 0.5  # after a step that went up, and after one that did not
SUFFICIENT = 1e-4  # share of the rise that the gradient promises, which a step must at least bring (Armijo 1966)


@dataclass(frozen=True)
class Climb:
    """Where an ascent came to."""

    images: Float[Tensor, "n 3 h w"]
    slopes: Float[Tensor, "n 3 h w"]  # the derivative of the objective there
    values: Float[np.ndarray, "steps n"]  # of the objective: at the start, then after each try
    accepted: Float[np.ndarray, " n"]  # share of the tries that were accepted


def ascend(
    objective: Objective, start: Float[Tensor, "n 3 h w"], *, tries: int, first: float, radius: float = math.inf
) -> Climb:
    """Makes the objective of each image large, all in one batch, by steepest ascent with backtracking.

    Images longer than `radius` (L2) are shortened to it, the start and whatever a step leads to. Each image has a step
    of its own, which first moves it by a length of `first`. A try is one forward and one backward pass: it is accepted
    where the objective is finite and rises as the gradient promises (Armijo's rule), and the next step is longer; else
    the image stays and the next step is shorter. So no value ever falls, and none is NaN that was not at the start.
    """
    images = _shortened(start.detach(), radius)
    values, slopes = _value_and_slope(objective, images)
    norms = slopes.flatten(1).norm(dim=1)
    steps = torch.where(norms > 0, first / norms, 0.0)
    curve, accepted = [values], []
    for _ in range(tries):
        candidates = _shortened(images + _each(steps, images) * slopes, radius)
        reached, new_slopes = _value_and_slope(objective, candidates)
        promised = ((candidates - images) * slopes).flatten(1).sum(dim=1).clamp_min(0)
        finite = reached.isfinite() & new_slopes.flatten(1).isfinite().all(dim=1)
        up = finite & (reached >= values + SUFFICIENT * promised)
        images = torch.where(_each(up, images), candidates, images)
        slopes = torch.where(_each(up, images), new_slopes, slopes)
        values = torch.where(up, reached, values)
        steps = steps * torch.where(up, LONGER, SHORTER).to(steps)
        curve.append(values)
        accepted.append(up)
    shares = torch.stack(accepted).double().mean(dim=0) if accepted else torch.zeros(len(images)).double()
    return Climb(images, slopes, torch.stack(curve).double().cpu().numpy(), shares.cpu().numpy())


def _value_and_slope(objective: Objective, images: Tensor) -> tuple[Tensor, Tensor]:
    """The objective of each image and its derivative by the image's own pixels."""
    images = images.detach().requires_grad_()
    values = objective(images)
    (slopes,) = torch.autograd.grad(values.sum(), images)
    return values.detach(), slopes


def _shortened(images: Tensor, radius: float) -> Tensor:
    """The nearest images that are no longer than that."""
    lengths = images.flatten(1).norm(dim=1).clamp_min(torch.finfo(images.dtype).tiny)
    return images * _each((radius / lengths).clamp(max=1), images)


def _each(values: Tensor, images: Tensor) -> Tensor:
    """One value of each image, to be multiplied with all its pixels."""
    return values.view(-1, *[1] * (images.ndim - 1))
