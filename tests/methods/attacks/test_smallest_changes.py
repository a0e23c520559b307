"""Distances of a plane, saved, and quartiles of numbers some of which are infinite."""

import math

import numpy as np
import pytest
import torch
from plane import LABELS, PIXELS, SIDE, plane
from torch import Tensor

from cnnviz_core.methods.attacks.smallest_changes import quartiles, smallest_saved


@pytest.mark.parametrize(("norm", "unit"), [(math.inf, 1 / 255), (2.0, math.sqrt(3 * SIDE * SIDE) / 255)])
def test_the_smallest_change_is_the_distance_and_what_rounding_adds(norm: float, unit: float) -> None:
    """At most one level, or where that is more, the 15 % by which a change that rounding undid is lengthened."""
    found, agrees = smallest_saved(plane, PIXELS, LABELS, norm=norm, steps=40)
    assert agrees.all()
    assert (found / unit >= [2 - 1e-6, 5 - 1e-6, 11 - 1e-6]).all()
    assert (found / unit <= [3.01, 6.01, 13.01]).all()


def test_what_is_never_fooled_is_infinitely_far() -> None:
    def deaf(images: Tensor) -> Tensor:
        return images.flatten(1)[:, :2] * 0 + torch.tensor([1.0, 0.0])

    found, agrees = smallest_saved(deaf, PIXELS, LABELS, norm=2, steps=2)
    assert np.isinf(found).all()
    assert agrees.all()


def test_quartiles_by_hand() -> None:
    found = quartiles(np.array([4.0, 1, 2, 3, np.inf]), np.random.default_rng(0))
    assert (found["median"], found["quartiles"], found["never"]) == (3, [2, 4], 1)
    low, high = found["interval"]
    assert low in (1, 2)
    assert high is None  # the median is infinite in more than 2.5 % of the draws


def test_none_where_most_are_never_fooled() -> None:
    found = quartiles(np.full(4, np.inf), np.random.default_rng(0))
    assert (found["median"], found["quartiles"], found["interval"]) == (None, [None, None], [None, None])
    assert found["never"] == 4
