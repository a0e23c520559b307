"""A training that a kill does not undo: it goes on from its last quarter of an epoch to the very same bits."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.errors import InputError
from cnnviz_core.lab import Progress
from cnnviz_core.models.augment import moved, relit
from cnnviz_core.models.folding import folded
from cnnviz_core.models.history import State, halved
from cnnviz_core.models.recipe import Recipe
from cnnviz_core.models.starting import smooth_start
from cnnviz_core.network import draw_weights

WEIGHTS, ORDER, BATCH = range(3)  # what random numbers are for
MEASURED = 2000  # training images on which accuracy is measured after each epoch

Normalise = Callable[[Tensor], Tensor]
"""From pixels in [0, 1] to what the net is fed."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images to learn from or to be tested on."""

    pixels: np.ndarray  # (n, h, w, 3), 8 bit
    labels: np.ndarray  # (n,)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, chosen: np.ndarray | slice, device: torch.device | str) -> tuple[Tensor, Tensor]:
        """Images (n, 3, h, w) with pixels in [0, 1], and their labels."""
        return levels(self.pixels[chosen], device), torch.from_numpy(self.labels[chosen]).to(device)


def levels(pixels: np.ndarray, device: torch.device | str) -> Tensor:
    """8-bit pixels (n, h, w, 3) as (n, 3, h, w) in [0, 1]; they stay in their order in memory, channels last."""
    return torch.from_numpy(np.array(pixels)).to(device).permute(0, 3, 1, 2).float() / 255


@dataclass(eq=False)
class Training:
    """A net and how far its training is; all that a step depends on besides the recipe and the images."""

    net: nn.Module
    optimiser: torch.optim.SGD
    step: int = 0  # how many are done
    loss: float = 0.0  # sum over the images of this epoch so far
    curves: dict[str, list[float]] = field(default_factory=dict)  # a value after each epoch
    snapshots: dict[float, State] = field(default_factory=dict)  # in 16 bit, by the number of epochs

    @property
    def device(self) -> torch.device:
        return next(self.net.parameters()).device


def started(net: nn.Module, recipe: Recipe, *, device: str) -> Training:
    """A training of which no step is done; the weights are drawn from the seed."""
    draw_weights(net, rng(recipe, WEIGHTS, 0))
    smooth_start(next(net.parameters()))
    net.to(device).to(memory_format=torch.channels_last).train()
    return Training(net, descent(net, recipe), snapshots={0.0: halved(folded(net))})


def descent(net: nn.Module, recipe: Recipe) -> torch.optim.SGD:
    """Gradient descent with Nesterov's momentum; the first filters, the first of the parameters, decay faster."""
    first, *others = net.parameters()
    groups: list[dict[str, Any]] = [{"params": [first], "weight_decay": recipe.first_weight_decay}, {"params": others}]
    return torch.optim.SGD(
        groups, lr=recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay,
        nesterov=recipe.momentum > 0,
    )  # fmt: skip


def rng(recipe: Recipe, purpose: int, number: int) -> np.random.Generator:
    """The random numbers of one step or epoch: the same whether the training was interrupted before it or not."""
    return np.random.default_rng([recipe.seed, purpose, number])


def train(
    training: Training, recipe: Recipe, images: Split, validation: Split, *, normalise: Normalise, text: str,
    keep: Callable[[Training], None], progress: Progress,
) -> None:  # fmt: skip
    """Do all steps that are not done yet. `keep(training)` is called after each quarter of an epoch.

    Raises InputError where the loss is no number any more.
    """
    per_epoch = -(-len(images) // recipe.batch)
    snapshots = recipe.snapshots(per_epoch)
    for epoch in range(training.step // per_epoch, recipe.epochs):
        order = rng(recipe, ORDER, epoch).permutation(len(images))
        steps = range(training.step, (epoch + 1) * per_epoch)
        for step in progress(steps, f"{text}: {_so_far(training, epoch, recipe)}", len(steps)):
            start = step % per_epoch * recipe.batch
            _step(training, recipe, images, order[start : start + recipe.batch], per_epoch, normalise)
            if training.step in snapshots:
                training.snapshots[snapshots[training.step]] = halved(folded(training.net))
            if training.step % per_epoch == 0:
                _end_epoch(training, images, validation, normalise)
            if training.step * 4 // per_epoch > step * 4 // per_epoch:
                keep(training)
    training.net.eval()


def _so_far(training: Training, epoch: int, recipe: Recipe) -> str:
    last = "".join(f", {name} {values[-1]:.3f}" for name, values in training.curves.items() if "training" not in name)
    return f"epoch {epoch + 1} of {recipe.epochs}{last}"


def _step(
    training: Training, recipe: Recipe, images: Split, chosen: np.ndarray, per_epoch: int, normalise: Normalise
) -> None:
    draw = rng(recipe, BATCH, training.step)
    pixels = levels(moved(images.pixels[chosen], recipe.shift, draw), training.device)
    pixels = relit(pixels, recipe.brightness, recipe.contrast, recipe.colour, draw)
    labels = torch.from_numpy(images.labels[chosen]).to(training.device)
    with torch.random.fork_rng():
        loss, gradients = loss_gradients(
            training.net, recipe, pixels, labels, normalise=normalise, seed=int(draw.integers(2**63))
        )
    if not math.isfinite(loss):
        raise InputError(
            f"model.recipe.learning_rate={recipe.learning_rate} "
            f"is too large: the loss is {loss} in step {training.step} of {recipe.epochs * per_epoch}"
        )
    for value, gradient in zip(training.net.parameters(), gradients, strict=True):
        value.grad = gradient
    nn.utils.clip_grad_norm_(training.net.parameters(), recipe.largest_gradient)
    rate = recipe.learning_rate * schedule(training.step, recipe.epochs * per_epoch, recipe.warm_up)
    for group in training.optimiser.param_groups:
        group["lr"] = rate
    training.optimiser.step()
    training.step += 1
    training.loss += loss * len(chosen)


def schedule(step: int, steps: int, warm_up: float) -> float:
    """The learning rate of a step, as a fraction of its largest: a straight rise, then a half cosine down to 0."""
    rising = warm_up * steps
    if step + 1 < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising + 1) / (steps - rising + 1)))


def loss_gradients(
    net: nn.Module, recipe: Recipe, pixels: Tensor, labels: Tensor, *, normalise: Normalise, seed: int
) -> tuple[float, Sequence[Tensor]]:
    """The loss of a batch and its gradient for each parameter; one pass gives the clean half and the perturbation.

    Both passes drop the same units, those that torch's random numbers choose after `seed`. An attack of size 0 is none.
    """
    weights = list(net.parameters())

    def loss_of(images: Tensor) -> Tensor:
        torch.manual_seed(seed)
        return F.cross_entropy(net(normalise(images)), labels, label_smoothing=recipe.label_smoothing)

    alpha = recipe.alpha
    if alpha == 1 or recipe.epsilon == 0:
        clean = loss_of(pixels)
        return clean.item(), torch.autograd.grad(clean, weights)
    pixels.requires_grad_()
    clean = loss_of(pixels)
    slope, *gradients = torch.autograd.grad(clean, [pixels, *weights])
    attacked = loss_of(perturbed(pixels.detach(), slope, recipe.epsilon))
    others = torch.autograd.grad(attacked, weights)
    both = [alpha * one + (1 - alpha) * other for one, other in zip(gradients, others, strict=True)]
    return alpha * clean.item() + (1 - alpha) * attacked.item(), both


def perturbed(pixels: Tensor, slope: Tensor, epsilon: float) -> Tensor:
    """Each pixel moved by epsilon to where the loss rises (Goodfellow et al. 2015, sec. 4), and cut to [0, 1]."""
    return (pixels + epsilon * slope.sign()).clamp(0, 1)


def _end_epoch(training: Training, images: Split, validation: Split, normalise: Normalise) -> None:
    first = Split(images.pixels[:MEASURED], images.labels[:MEASURED])
    values = {
        "loss": training.loss / len(images),
        "training accuracy": _accuracy(training, first, normalise),
        "validation accuracy": _accuracy(training, validation, normalise),
    }
    for name, value in values.items():
        training.curves.setdefault(name, []).append(value)
    training.loss = 0.0


def _accuracy(training: Training, split: Split, normalise: Normalise) -> float:
    found = logits(training.net, split, normalise, training.device)
    training.net.train()
    return float((found.argmax(1) == split.labels).mean())


def logits(
    net: nn.Module, split: Split, normalise: Normalise, device: torch.device | str, epsilon: float = 0.0
) -> np.ndarray:
    """Logits (n, classes) of a split in evaluation mode; with `epsilon`, of its images perturbed against the net."""
    net.eval()
    found = []
    for start in range(0, len(split), 100):
        pixels, labels = split.batch(slice(start, start + 100), device)
        if epsilon:
            pixels.requires_grad_()
            (slope,) = torch.autograd.grad(F.cross_entropy(net(normalise(pixels)), labels), pixels)
            pixels = perturbed(pixels.detach(), slope, epsilon)
        with torch.no_grad():
            found.append(net(normalise(pixels)).float().cpu().numpy())
    return np.concatenate(found)
