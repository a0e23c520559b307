"""Shares of energy, on pictures whose energy is known."""

import numpy as np

from cnnviz_core.methods.concentration import brightest_share


def test_the_brightest_pixels_have_their_share_of_the_squares_of_all_channels() -> None:
    pictures = np.zeros((3, 2, 10, 10))
    pictures[0] = 1
    pictures[1, 0, 3, 4], pictures[1, 1, 3, 4], pictures[1, 1, 9, 9] = 3, -4, 5
    pictures[2, 0, :2] = -1
    np.testing.assert_allclose(brightest_share(pictures, 0.05), [0.05, 1, 0.25])
    np.testing.assert_allclose(brightest_share(pictures, 0.01), [0.01, 0.5, 0.05])


def test_nothing_has_no_share() -> None:
    found = brightest_share(np.zeros((1, 3, 4, 4)), 0.05)
    assert np.isnan(found).all()


def test_the_share_is_that_of_sorted_energies_whatever_the_scale() -> None:
    pictures = np.random.default_rng(0).normal(size=(4, 3, 7, 11)).astype(np.float32)
    for picture, found in zip(pictures, brightest_share(pictures, 0.1), strict=True):
        energies = sorted(float((picture[:, y, x].astype(float) ** 2).sum()) for y in range(7) for x in range(11))
        np.testing.assert_allclose(found, sum(energies[-8:]) / sum(energies))
    np.testing.assert_allclose(brightest_share(1e-6 * pictures, 0.1), brightest_share(pictures, 0.1), rtol=1e-5)
