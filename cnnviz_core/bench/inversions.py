"""Inversion of codes, beside a plain reading of the paper: one image at a time, a fixed rate, all derivatives taken."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnviz_core.bench.measure import Row, images, network, row, seconds
from cnnviz_core.methods.inversion import code_at, invert
from cnnviz_core.methods.natural_prior import BOUND, Frame, frame

COUNT, STEPS = 2, 15  # images and our steps
MOST = 100  # steps of the plain descent at most: those that the paper takes at its first rate
RATE = 0.004
LAYERS = {"alexnet": 8, "squeezenet1_0": 6}  # how many modules of its features the code comes after
SMOOTHNESS = 5.0


@dataclass(frozen=True)
class _Cut:
    """A network that is run up to the layer only."""

    net: nn.Module

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        return (self.net(pixels.contiguous(memory_format=torch.channels_last)),)


def inversion(name: str) -> Row:
    """Codes of a layer in the middle inverted: ours in a few steps, the plain way until each objective is as low.

    The bound is as many forward passes up to the layer, with a gradient by the images, as ours takes.
    """
    net = network(name).net
    features = net.get_submodule("features")
    assert isinstance(features, nn.Sequential)
    pixels = nn.functional.avg_pool2d(images(2 * COUNT), 9, stride=1, padding=4)[:COUNT]  # smoother than noise
    units = frame(pixels, (0.5, 0.5, 0.5))
    code, start = code_at(_Cut(features[: LAYERS[name]]), "", units), units.images(images(2 * COUNT)[COUNT:])
    start = start / start.std()
    with torch.no_grad():
        targets = code(units.images(pixels))

    def ours() -> Tensor:
        lam = torch.full((COUNT,), SMOOTHNESS)
        return torch.from_numpy(invert(code, targets, start, smoothness=lam, steps=STEPS, tolerance=-1).values[-1])

    def bound() -> float:
        def passes() -> None:
            for _ in range(STEPS + 1):
                inputs = start.clone().requires_grad_()
                torch.autograd.grad(code(inputs).sum(), inputs)

        return seconds(passes)

    plain = _Plain(copy.deepcopy(net).requires_grad_(True), LAYERS[name], units)
    steps = [plain.descend(targets[k : k + 1], start[k : k + 1], float(goal)) for k, goal in enumerate(ours())]

    def theirs() -> None:
        for k in range(COUNT):
            plain.descend(targets[k : k + 1], start[k : k + 1], 0.0, steps[k])

    return {**row(f"inversion {name}, {COUNT} images", ours, theirs, bound), "peer": _told(steps)}


def _told(steps: Sequence[int]) -> str:
    reached = sum(count < MOST for count in steps)
    return f"plain descent, {sum(steps) / len(steps):.0f} steps for our {STEPS}; {reached} of {len(steps)} as low"


@dataclass(frozen=True)
class _Plain:
    """A hook on the layer in the whole network, with weights that get gradients too."""

    net: nn.Module
    layer: int
    units: Frame

    def descend(self, target: Tensor, start: Tensor, goal: float, steps: int = MOST) -> int:
        """How many steps it takes until the objective is as low as the goal, or all there are."""
        kept: list[Tensor] = []
        handle = self.net.get_submodule(f"features.{self.layer - 1}").register_forward_hook(
            lambda module, inputs, output: kept.append(output)
        )
        image, momentum = start.clone().requires_grad_(), torch.zeros_like(start)
        try:
            for step in range(steps):
                kept.clear()
                self.net(self.units.pixels(image))
                down, right = image.diff(dim=2).pow(2).sum(), image.diff(dim=3).pow(2).sum()
                objective = (kept[0] - target).pow(2).sum() / target.pow(2).sum() + BOUND * image.pow(6).mean()
                objective = objective + SMOOTHNESS * (down + right) / image.numel()
                if objective.item() <= goal:
                    return step
                objective.backward()  # type: ignore[no-untyped-call]
                assert image.grad is not None
                slope, image.grad = image.grad, None
                momentum = 0.9 * momentum - RATE * start.numel() * slope
                image.data += momentum
        finally:
            handle.remove()
            self.net.zero_grad()
        return steps
