"""Widths of known pictures, and gradients by finite differences."""

import numpy as np
import pytest
import torch
from torch import Tensor

from cnnviz_core.methods.energy_width import energy_width, gradient_energy


def test_side_of_the_square_that_holds_the_share() -> None:
    point, ring, both, nothing = np.zeros((4, 9, 9))
    point[4, 4] = 2
    ring[1, 4] = 1
    both[4, 4], both[4, 8] = 0.91, 0.09
    widths = energy_width(np.stack([point, ring, both, nothing]), (4, 4), 0.9)
    np.testing.assert_array_equal(widths, [1, 7, 1, np.nan])
    assert energy_width(both[None], (4, 4), 0.95) == [9]


def test_even_energy_over_a_square_of_even_side() -> None:
    even = np.zeros((1, 10, 10))
    even[:, 2:8, 2:8] = 1
    assert energy_width(even, (4.5, 4.5), 1.0) == [6]
    assert energy_width(even, (4.5, 4.5), 0.4) == [4]


class Squares:
    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        return (pixels.pow(2).cumsum(dim=3),)


def test_gradient_is_that_of_finite_differences() -> None:
    rng = np.random.default_rng(0)
    pixels, signs = torch.from_numpy(rng.random((2, 3, 4, 5))), torch.from_numpy(rng.choice([-1.0, 1.0], (2, 3, 4, 5)))
    signs[:, :, :, 3:] = 0
    found = gradient_energy(Squares(), "maps", pixels, signs)
    expected = np.zeros((2, 4, 5))
    for place in np.ndindex(2, 3, 4, 5):
        step = torch.zeros_like(pixels)
        step[place] = 1e-5
        up, down = (
            float((Squares().activations(at, "maps")[0] * signs).sum()) for at in (pixels + step, pixels - step)
        )
        expected[place[0], place[2], place[3]] += ((up - down) / 2e-5) ** 2
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert not found[:, :, 3:].any()
