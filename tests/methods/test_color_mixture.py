"""Costs of colors: the logarithm of a density that is known for one Gaussian, and its limits."""

import numpy as np
import pytest

from cnnviz_core.methods.color_mixture import NARROWEST, color_cost


def test_one_gaussian_has_the_mean_and_covariance_of_the_seeds() -> None:
    rng = np.random.default_rng(0)
    image = rng.random((3, 12, 12))
    seeds = rng.random((12, 12)) < 0.4
    colors = image[:, seeds]
    mean = colors.mean(axis=1)
    covariance = (colors - mean[:, None]) @ (colors - mean[:, None]).T / colors.shape[1] + NARROWEST * np.eye(3)
    away = image[:, 3, 7] - mean
    expected = 0.5 * (away @ np.linalg.inv(covariance) @ away + np.log(np.linalg.det(2 * np.pi * covariance)))
    assert color_cost(image, seeds, parts=1, seed=0)[3, 7] == pytest.approx(expected)


def test_the_colors_of_the_seeds_cost_less_and_the_same_seed_gives_the_same() -> None:
    rng = np.random.default_rng(0)
    left = np.zeros((10, 10), dtype=bool)
    left[:, :5] = True
    image = np.clip(np.where(left, 0.3, 0.7) + rng.normal(0, 0.02, (3, 10, 10)), 0, 1)
    seeds = left & (rng.random((10, 10)) < 0.5)
    costs = color_cost(image, seeds, parts=5, seed=3)
    assert costs[left].max() < costs[~left].min()
    np.testing.assert_array_equal(costs, color_cost(image, seeds, parts=5, seed=3))


def test_seeds_of_one_color_need_one_gaussian() -> None:
    image = np.full((3, 4, 4), 0.5)
    image[:, 0, 0] = 0.9
    seeds = np.zeros((4, 4), dtype=bool)
    seeds[1:3, 1:3] = True
    costs = color_cost(image, seeds, parts=5, seed=0)
    assert np.isfinite(costs).all()
    assert costs[0, 0] > costs[3, 3] + 100
