"""Correlations of pictures, on pictures whose likeness is known."""

import numpy as np
import pytest

from cnnviz_core.methods.likeness import coarse, correlations, paired_correlations, variation, with_their_kind


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_correlations_are_those_of_numpy() -> None:
    pictures = noise(5, 3, 6, 7)
    np.testing.assert_allclose(correlations(pictures), np.corrcoef(pictures.reshape(5, -1)))


def test_a_picture_of_one_value_is_like_none() -> None:
    pictures = noise(3, 1, 4, 4)
    pictures[1] = 0.1  # whose mean is not exactly 0.1
    found = correlations(pictures)
    assert (found[1] == 0).all()
    assert (found[:, 1] == 0).all()
    assert not correlations(np.zeros((2, 3, 4, 4))).any()


def test_variation_is_zero_for_scaled_copies_one_for_noise_and_two_for_opposites() -> None:
    one = noise(1, 3, 16, 16)
    assert variation(np.concatenate([one, 3 * one, one + 5])) == pytest.approx(0)
    assert variation(noise(9, 3, 32, 32)) == pytest.approx(1, abs=0.02)
    assert variation(np.concatenate([one, -one])) == pytest.approx(2)


def test_coarse_pictures_forgive_a_shift_of_fine_lines() -> None:
    bump = np.exp(-(((np.arange(64) - 30) / 9) ** 2))
    fine = np.where(np.arange(64) % 2 == 0, 1, 0.2) * bump
    picture = np.tile(fine, (64, 1))[None, None]
    pictures = np.concatenate([picture, np.roll(picture, 1, axis=3)])
    assert variation(pictures) > 4 * variation(coarse(pictures))
    assert coarse(pictures).shape == (2, 1, 16, 16)
    assert coarse(pictures, 100).shape == (2, 1, 64, 64)
    np.testing.assert_allclose(coarse(pictures, 2)[0, 0, 0, 0], picture[0, 0, :32, :32].mean())


def test_pictures_are_most_like_their_kind_where_kinds_exist() -> None:
    kinds = np.repeat([3, 5, 8], 4)
    centers = noise(9, 3, 8, 8)
    alike = centers[kinds] + 0.1 * noise(12, 3, 8, 8, seed=1)
    np.testing.assert_array_equal(with_their_kind(alike, kinds), [1, 1, 1])
    stray = alike.copy()
    stray[0] = centers[5] + 0.5 * noise(3, 8, 8, seed=2)
    np.testing.assert_array_equal(with_their_kind(stray, kinds), [0.75, 1, 1])
    mixed = with_their_kind(noise(300, 3, 8, 8), np.arange(300) % 3)
    np.testing.assert_allclose(mixed, 1 / 3, atol=0.15)


def test_counterparts_are_compared_pair_by_pair() -> None:
    first, second = noise(4, 2, 5, 6), noise(4, 2, 5, 6, seed=1)
    second[2], second[3] = 3 - 2 * first[2], 0
    found = paired_correlations(first, second)
    np.testing.assert_allclose(found[:2], [np.corrcoef(first[k].ravel(), second[k].ravel())[0, 1] for k in (0, 1)])
    assert found[2] == pytest.approx(-1)
    assert np.isnan(found[3])
