"""The strongest units, and what they see, on peaks and pictures made by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cnnviz_core.methods.survey import Seen
from cnnviz_core.methods.top_units import (
    drawn_maps,
    fields,
    keep_strongest_at,
    outside,
    sent_to_fields,
    top_units,
)


def seen() -> Seen:
    peaks = np.array([[1.0, 0, 5], [3, 0, 4], [2, 0.5, 5], [0, 0, 1]])
    rows = np.arange(12).reshape(4, 3)
    return Seen(peaks, rows, rows + 100, np.zeros((1, 3)))


def test_units_are_sorted_by_strength_and_equal_ones_by_image() -> None:
    units = top_units(seen(), [2, 0], 3)
    np.testing.assert_array_equal(units.images, [[0, 2, 1], [1, 2, 0]])
    np.testing.assert_array_equal(units.rows, [[2, 8, 5], [3, 6, 0]])
    np.testing.assert_array_equal(units.columns, units.rows + 100)
    channels, images, rows, columns = units.flat()
    assert channels == [2, 2, 2, 0, 0, 0]
    assert images == [0, 2, 1, 1, 2, 0]
    assert [column - row for row, column in zip(rows, columns, strict=True)] == [100] * 6


def test_dead_maps_come_last_and_the_others_by_chance() -> None:
    peaks = np.ones((5, 6))
    peaks[:, [1, 4]] = 0
    peaks[:4, 2] = 0
    orders = [
        drawn_maps(Seen(peaks, peaks.astype(int), peaks.astype(int), peaks), 3, 6, np.random.default_rng(k))
        for k in range(20)
    ]
    for order in orders:
        assert sorted(order[:3]) == [0, 3, 5]
        assert order[3] == 2
        assert sorted(order[4:]) == [1, 4]
    assert len({tuple(order) for order in orders}) > 5
    assert len(drawn_maps(seen(), 4, 2, np.random.default_rng(0))) == 2


@dataclass(frozen=True)
class ThreeByThree:
    size: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (2, 2)
    start: tuple[int, int] = (-1, -1)


def test_a_unit_sees_its_field_and_zeros_beyond_the_border() -> None:
    pictures = np.arange(1, 73, dtype=float).reshape(2, 1, 6, 6)
    found = fields(pictures, ThreeByThree(), [0, 1], [0, 2])
    np.testing.assert_array_equal(found[0, 0], [[0, 0, 0], [0, 1, 2], [0, 7, 8]])
    np.testing.assert_array_equal(found[1, 0], pictures[1, 0, 1:4, 3:6])
    np.testing.assert_array_equal(fields(pictures, None, [0, 1], [0, 2]), pictures)


@pytest.mark.parametrize(("row", "column", "expected"), [(2, 2, 0.0), (1, 2, 7.0), (2, 3, 7.0), (0, 0, 7.0)])
def test_what_lies_outside_is_found(row: int, column: int, expected: float) -> None:
    picture = np.zeros((1, 2, 6, 6))
    picture[0, 1, 4, 3] = -7
    assert outside(picture, ThreeByThree(), [row], [column]) == expected
    assert outside(picture, None, [row], [column]) == 0


class Net:
    """A layer of the same channels with every second row and column, doubled and rectified."""

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        return (F.relu(2 * pixels[:, :, 1::2, 1::2]),)


@dataclass(frozen=True)
class EverySecond:
    size: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (2, 2)
    start: tuple[int, int] = (1, 1)


def images(places: Sequence[int]) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((4, 3, 6, 6)))[list(places)]


@pytest.mark.parametrize("batch", [1, 2, 16])
def test_units_are_sent_back_to_their_fields(batch: int) -> None:
    peaks = np.array([[1.0, 0, 2], [3, 0, 1], [2, 0, 1]])
    places = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1]])
    units = top_units(Seen(peaks, places, places.T, np.zeros((1, 3))), [2, 0], 2)
    found = sent_to_fields(Net(), images, "relu1", EverySecond(), units, rules=["gradient", "guided"], batch=batch)
    channels, chosen, rows, columns = units.flat()
    seen_values = [
        images([i])[0, :, 2 * row + 1, 2 * column + 1].numpy()
        for i, row, column in zip(chosen, rows, columns, strict=True)
    ]
    np.testing.assert_allclose(found.patches[:, :, 0, 0], seen_values)
    for rule in ("gradient", "guided"):
        for k, channel in enumerate(channels):
            expected = 4 * seen_values[k] * (np.arange(3) == channel)
            np.testing.assert_allclose(found.projections[rule][k, :, 0, 0], expected, rtol=1e-6)
    assert found.stray == 0
    wrong = EverySecond(start=(0, 0))
    assert sent_to_fields(Net(), images, "relu1", wrong, units, rules=["guided"], batch=batch).stray == 1


def test_the_strongest_map_at_a_place_is_kept() -> None:
    activations = torch.from_numpy(np.random.default_rng(1).normal(size=(2, 5, 3, 3)))
    kept = keep_strongest_at([0, 0], [1, 2], [2, 0])(activations)
    for k, (row, column) in enumerate([(1, 2), (2, 0)]):
        channel = int(activations[k, :, row, column].argmax())
        assert kept[k, channel, row, column] == activations[k, channel, row, column]
    assert int((kept != 0).sum()) == 2
