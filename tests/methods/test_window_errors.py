"""Errors around pairs of places, against loops over pixels, and what they are divided by."""

import numpy as np
import pytest

from cnnviz_core.methods.window_errors import offsets, relative_errors, rings, squared_errors


def test_offsets_lie_evenly_over_the_window() -> None:
    np.testing.assert_allclose(offsets(10, 5), [-4, -2, 0, 2, 4])
    np.testing.assert_allclose(offsets(3, 3), [-1, 0, 1])


def test_errors_are_those_of_the_pixels_at_equal_offsets() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(0, 256, (3, 8, 9), dtype=np.uint8)
    images = rng.integers(0, 256, (2, 3, 8, 9), dtype=np.uint8)
    here, there = np.array([[3.5, 4.5], [0.5, 8.5]]), np.array([[4.5, 2.5], [6.5, 6.5]])
    which, around = np.array([1, 0]), (offsets(3, 3), offsets(5, 5))
    sums, counts = squared_errors(first, here, images, which, there, around)
    expected, number = np.zeros((3, 5)), np.zeros((3, 5))
    for (row, column), image, (to_row, to_column) in zip(here, which, there, strict=True):
        for a in range(3):
            for b in range(5):
                at = int(row) + a - 1, int(column) + b - 2
                to = int(to_row) + a - 1, int(to_column) + b - 2
                if all(0 <= r < 8 and 0 <= c < 9 for r, c in (at, to)):
                    colors = (values.astype(float) / 255 for values in (first[:, *at], images[image][:, *to]))
                    expected[a, b] += np.mean(np.subtract(*colors) ** 2)
                    number[a, b] += 1
    np.testing.assert_allclose(sums, expected, rtol=1e-5)
    np.testing.assert_array_equal(counts, number)


def test_rings_go_outward() -> None:
    np.testing.assert_array_equal(rings(3), [[1, 1, 1], [1, 0, 1], [1, 1, 1]])


@pytest.fixture
def sums() -> np.ndarray:
    """Two images, with the error 0.1 at the middle cell, 0.2 around it; 0.4 at random; the second has twice as much."""
    found = np.zeros((2, 2, 2, 3, 3))
    found[:, :, 1] = 5
    found[:, 0, 0] = np.where(rings(3) == 0, 0.5, 1.0) * np.array([1, 2])[:, None, None]
    found[:, 1, 0] = 2.0
    return found


def test_errors_are_relative_to_those_at_random(sums: np.ndarray) -> None:
    found = relative_errors(sums)
    np.testing.assert_allclose(found["window"], np.where(rings(3) == 0, 0.375, 0.75))
    np.testing.assert_allclose(found["rings"], [0.375, 0.75])
    np.testing.assert_allclose(found["center"], [0.25, 0.5])
    np.testing.assert_allclose(found["border"], [0.5, 1.0])


def test_what_is_not_known_is_no_number(sums: np.ndarray) -> None:
    sums[0, 0, 1, 1, 1] = 0  # no pair of the first image at the center
    sums[:, 1, 0, 0, 0] = 0
    found = relative_errors(sums)
    assert np.isnan(found["center"]).tolist() == [True, False]
    assert np.isnan(found["window"][0, 0])
