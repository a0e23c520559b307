"""Images that have a given code, made by gradient descent with momentum, many at once.

Mahendran and Vedaldi, Understanding Deep Image Representations by Inverting Them, 2015, section 3. Their descent takes
every step, at a rate of 0.004 that drops tenfold twice, each time from rest. Here the rate of each image is found: it
grows after a step that leads down, and a step that would make the objective rise or lead to no number is not taken, and
is followed by a shorter one from rest. So the objective of no image ever rises, on any network, and a quarter of the
paper's steps gets further.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from cnnviz_core.methods.deconvnet import Layered
from cnnviz_core.methods.natural_prior import BOUND, Frame, boundedness, total_variation

Code = Callable[[Tensor], Tensor]
"""Gives the code of each of n images (n, 3, h, w), in the units of `Frame`, which depends on no other image."""

MOMENTUM = 0.9
LONGER, SHORTER = 1.05, 0.7  # of the rate, after a step that was taken and after one that was not
MUCH_SHORTER = 0.1  # likewise, while no step has been taken yet
PATIENCE = 10  # steps over which the objective must fall


@dataclass(frozen=True)
class Inversion:
    """Images with nearly the codes that were asked for."""

    images: Float[Tensor, "n c h w"]
    errors: Float[np.ndarray, " n"]  # |code - target|^2 / |target|^2
    values: Float[np.ndarray, "steps n"]  # of the objective: at the start, then after each step
    steps: Int[np.ndarray, " n"]  # after which each image was finished


def code_at(model: Layered, layer: str, frame: Frame) -> Code:
    """The code of images at a layer: only the network up to that layer is run."""
    return lambda images: model.activations(frame.pixels(images), layer)[0]


def invert(
    code: Code,
    targets: Float[Tensor, "n ..."],
    start: Float[Tensor, "n c h w"],
    *,
    smoothness: Float[Tensor, " n"],
    steps: int,
    bound: float = BOUND,
    beta: float = 2.0,
    rate: float = 0.004,
    tolerance: float = 1e-3,
    mask: Tensor | None = None,
) -> Inversion:
    """Makes |code(z) - target|^2 / |target|^2 + bound mean(z^6) + smoothness mean(|grad z|^beta) small for each image.

    Each step is one forward and one backward pass over all images that are not finished; an image is finished once
    its objective fell by less than a share of `tolerance` in 10 steps. `start` is noise of the length sigma in the
    paper: standard normal values. `mask`, of a shape that fits the targets, is 1 where a value of the code counts and
    0 where not. A target of length zero is not divided by. Raises FloatingPointError where the objective is no number
    at the start.
    """
    weights = torch.ones_like(targets) if mask is None else mask.to(targets).expand_as(targets)
    descent = _Descent(_Task(code, targets, weights, smoothness.to(start), bound, beta), start.detach(), rate)
    curve = [descent.values.clone()]
    for _ in range(steps):
        descent.step()
        curve.append(descent.values.clone())
        descent.done += descent.active
        if len(curve) > PATIENCE:
            falls = curve[-1 - PATIENCE] - curve[-1] > tolerance * curve[-1]
            descent.active &= falls | ~descent.moved
        if not descent.active.any():
            break
    values, errors = (found.double().cpu().numpy() for found in (torch.stack(curve), descent.errors))
    return Inversion(descent.images, errors, values, descent.done.cpu().numpy())


@dataclass(frozen=True)
class _Task:
    code: Code
    targets: Tensor
    weights: Tensor
    smoothness: Tensor
    bound: float
    beta: float

    def __call__(self, images: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The objective of each of the `chosen` images, its first term, and its derivative by their values."""
        images = images.detach().requires_grad_()
        targets, weights = self.targets[chosen], self.weights[chosen]
        lengths = (weights * targets).pow(2).flatten(1).sum(dim=1)
        errors = (weights * (self.code(images) - targets)).pow(2).flatten(1).sum(dim=1)
        errors = (errors / torch.where(lengths > 0, lengths, 1.0)).to(images)
        asked = self.bound * boundedness(images) + self.smoothness[chosen] * total_variation(images, self.beta)
        (slopes,) = torch.autograd.grad((errors + asked).sum(), images)
        return (errors + asked).detach(), errors.detach(), slopes


class _Descent:
    """The images on their way, each with a momentum and a rate of its own."""

    def __init__(self, task: _Task, start: Tensor, rate: float) -> None:
        everything = torch.arange(len(start), device=start.device)
        self.task, self.images = task, start.clone()
        self.values, self.errors, self.slopes = task(start, everything)
        if not (self.values.isfinite().all() and self.slopes.isfinite().all()):
            raise FloatingPointError("the objective is no number at the start of the descent")
        self.momentum = torch.zeros_like(start)
        # The paper's rate is for x = z / sqrt(D), of which a step is D times as long for z.
        self.rates = torch.full_like(self.values, rate * start[0].numel())
        self.active: Bool[Tensor, " n"] = self.values > 0
        self.moved: Bool[Tensor, " n"] = torch.zeros_like(self.active)
        self.done = torch.zeros(len(start), dtype=torch.long, device=start.device)

    def step(self) -> None:
        """Tries a step for each active image, and takes it where it leads down."""
        chosen = self.active.nonzero()[:, 0]
        before = self.momentum[chosen]
        momentum = MOMENTUM * before - _each(self.rates[chosen], before) * self.slopes[chosen]
        images = self.images[chosen] + momentum
        values, errors, slopes = self.task(images, chosen)
        down = (values <= self.values[chosen]) & slopes.flatten(1).isfinite().all(dim=1)
        shorter = torch.where(self.moved[chosen], SHORTER, MUCH_SHORTER)
        self.rates[chosen] *= torch.where(down, LONGER, shorter).to(self.rates)
        self.momentum[chosen] = torch.where(_each(down, momentum), momentum, 0.0)
        taken = chosen[down]
        self.moved[taken] = True
        self.images[taken], self.slopes[taken] = images[down], slopes[down]
        self.values[taken], self.errors[taken] = values[down], errors[down]


def _each(values: Tensor, images: Tensor) -> Tensor:
    """One value of each image, to be multiplied with all its values."""
    return values.view(-1, *[1] * (images.ndim - 1))
