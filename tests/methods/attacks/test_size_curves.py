"""Curves of a plane of which it is known how far it is, and of a wall that one step cannot pass."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from plane import LABELS, PIXELS, SIDE, SIGNS, plane
from torch import Tensor

from cnnviz_core.methods.attacks.size_curves import many_steps_curve, one_step_curve, random_curve, step_curve

ROOT = math.sqrt(3 * SIDE * SIDE)
BEYOND = [[False, False, False], [True, False, False], [True, True, False], [True, True, True]]


@pytest.mark.parametrize(("norm", "unit"), [(math.inf, 1 / 255), (2.0, ROOT / 255)])
def test_each_size_fools_what_is_nearer(norm: float, unit: float) -> None:
    sizes = [size * unit for size in (1.2, 3.0, 6.0, 12.0)]
    for fooled, excess in (
        one_step_curve(plane, PIXELS, LABELS, norm, sizes),
        many_steps_curve(plane, PIXELS, LABELS, norm, sizes, 5),
    ):
        assert fooled.tolist() == BEYOND
        assert excess.max() <= 1e-6
        assert np.isfinite(excess).all()


def test_sizes_need_not_be_sorted() -> None:
    sizes = [size / 255 for size in (1.2, 3.0, 6.0, 12.0)]
    for curve in (one_step_curve, partial(many_steps_curve, steps=5)):
        fooled, _ = curve(plane, PIXELS, LABELS, math.inf, sizes[::-1])
        assert fooled.tolist() == BEYOND[::-1]
    assert step_curve(plane, PIXELS, LABELS, math.inf, 6 / 255, [5, 1]).tolist() == [BEYOND[2]] * 2


def test_random_changes_of_the_size_do_not_fool() -> None:
    for norm, size in ((math.inf, 6 / 255), (2.0, 6 / 255 * ROOT)):
        fooled, excess = random_curve(plane, PIXELS, LABELS, norm, [size], np.random.default_rng(0))
        assert fooled.shape == (1, 3)
        assert not fooled[0, 1:].any()
        assert excess.max() <= 1e-6


def curved(images: Tensor) -> Tensor:
    """Rises at first where it must fall in the end: only a walk gets over the brink."""
    along = ((images - PIXELS[: len(images)]) * SIGNS).mean(dim=(1, 2, 3)) * 255
    other = (images - PIXELS[: len(images)])[:, 0].mean(dim=(1, 2)) * 255
    return torch.stack([3 - along * other.clamp(min=0) - 0.1 * along - 0.1 * other, torch.zeros_like(along)], dim=1)


@pytest.mark.parametrize("curve", [one_step_curve, partial(many_steps_curve, steps=4)])
def test_the_curve_never_falls_with_size_for_walks(curve: Callable[..., tuple[np.ndarray, np.ndarray]]) -> None:
    sizes = [size / 255 for size in (1, 2, 4)]
    fooled, _ = curve(curved, PIXELS[:1], LABELS[:1], math.inf, sizes)
    assert (np.diff(fooled.astype(int), axis=0) >= 0).all()


def test_more_steps_that_were_tried_are_never_worse() -> None:
    calls: list[int] = []

    def fickle(images: Tensor) -> Tensor:
        """Is fooled by one step and by no walk: a longer one must not undo it."""
        size = (images - PIXELS[:1]).flatten(1).abs().amax(1) * 255
        calls.append(len(images))
        return torch.stack([(3 - size) * (SIGNS * images).mean((1, 2, 3)).exp(), torch.zeros(len(size))], dim=1)

    fooled = step_curve(fickle, PIXELS[:1], LABELS[:1], math.inf, 4 / 255, [1, 2])
    assert fooled.tolist() == [[True], [True]]
    once = len(calls)
    step_curve(fickle, PIXELS[:1], LABELS[:1], math.inf, 4 / 255, [1])
    assert len(calls) - once == once  # the second number of steps asked nothing more
