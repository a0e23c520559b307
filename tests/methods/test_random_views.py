"""Views: nothing where nothing may move, known shifts, turns that keep circles, and bounds."""

from typing import Any

import numpy as np
import pytest
import torch

from cnnviz_core.methods.random_views import Views


def test_views_that_may_not_differ_are_the_image() -> None:
    images = torch.rand(2, 3, 9, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    same = Views(shift=0, turn=0, zoom=0).of(images, np.random.default_rng(0))
    torch.testing.assert_close(same, images)


class Planted(np.random.Generator):
    """Gives planted numbers in the place of random ones."""

    def __init__(self, *values: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.values = list(values)

    def uniform(self, *bounds: Any) -> np.ndarray:  # type: ignore[override]
        return np.full(bounds[-1], self.values.pop(0))


def test_a_shift_by_one_pixel_shows_the_next_pixel() -> None:
    image = torch.arange(48.0).view(1, 1, 6, 8)
    moved = Views(shift=1, turn=0, zoom=0).of(image, Planted(0, 0, 2 / 8))
    torch.testing.assert_close(moved[0, 0, :, :-1].diff(dim=1), torch.ones(6, 6))
    assert moved[0, 0, 0, 0] - image[0, 0, 0, 0] == pytest.approx(1 + 8 * 6 / 8, abs=1e-4)


def test_a_turn_keeps_distances_also_in_an_oblong_image() -> None:
    places = Views(shift=0, turn=90, zoom=0).motions(1, (10, 20), Planted(30, 0, 0))
    pixels = np.diag([10, 5]) @ places[0, :, :2] @ np.diag([1 / 10, 1 / 5])  # from the middle, in pixels
    np.testing.assert_allclose(pixels @ pixels.T, np.eye(2), atol=1e-12)
    assert np.rad2deg(np.arctan2(pixels[1, 0], pixels[0, 0])) == pytest.approx(30)


def test_views_stay_within_their_bounds_and_follow_the_seed() -> None:
    views = Views(shift=0.1, turn=8, zoom=0.25)
    found = views.motions(500, (8, 8), np.random.default_rng(0))
    sizes = np.sqrt(np.linalg.det(found[:, :, :2]))
    assert 1 / 1.25 <= sizes.min() < 0.82
    assert 1.22 < sizes.max() <= 1.25
    assert 0.19 < np.abs(found[:, :, 2]).max() <= 0.2
    np.testing.assert_array_equal(found, views.motions(500, (8, 8), np.random.default_rng(0)))
