"""How a row is measured: both sides in one process, on the same inputs, alternating; outputs are compared first."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import torch
import torchvision
from torch import Tensor, nn

Row = dict[str, float | str]

SIZE = 224  # pixels, height and width of the images
REPEATS = 5


@dataclass(frozen=True)
class Network:
    """A network with random weights, as our methods want it: its mean is zero, and its one layer is the logits."""

    net: nn.Module
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __call__(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.net(pixels.contiguous(memory_format=torch.channels_last))
        return logits

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        return (self(pixels),)


def network(name: str) -> Network:
    """A torchvision network with random weights from a fixed seed; the process's own random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = torchvision.models.get_model(name, weights=None)
    return Network(net.eval().requires_grad_(False).to(memory_format=torch.channels_last))


def images(count: int) -> Tensor:
    """Random images (count, 3, h, w) in [0, 1]."""
    return torch.from_numpy(np.random.default_rng(0).random((count, 3, SIZE, SIZE), dtype=np.float32))


def same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Raises ArithmeticError where the outputs differ by more than 1e-4 of their largest value."""
    difference = float(np.abs(ours - theirs).max() / max(float(np.abs(theirs).max()), 1e-30))
    if difference > 1e-4:
        raise ArithmeticError(f"the outputs differ by {difference:.1e} of the largest value: their times say nothing")


def forward_seconds(model: Network, batch: int) -> float:
    """Seconds for one image in a forward pass of `batch` images."""
    pixels = images(batch)
    with torch.no_grad():
        return median(seconds(lambda: model(pixels)) for _ in range(3)) / batch


def seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def row(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], bound: Callable[[], float]) -> Row:
    """Medians of alternating runs, in seconds."""
    times = [(seconds(ours), seconds(theirs), bound()) for _ in range(REPEATS)]
    our, their, least = (median(column) for column in zip(*times, strict=True))
    return {
        "name": name, "ours": our, "theirs": their, "peer": "captum", "ratio": their / our,
        "bound": least, "of_bound": least / our, "unit": "s",
    }  # fmt: skip
