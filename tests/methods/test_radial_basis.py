"""Radial units: their centers and their width against loops, and that they are sure of nothing far away."""

import math

import numpy as np
import pytest

from cnnviz_core.methods.radial_basis import Radial, fitted


def clouds() -> tuple[np.ndarray, np.ndarray]:
    rng, labels = np.random.default_rng(3), np.arange(60) % 3
    return rng.standard_normal((3, 5))[labels] * 2 + rng.standard_normal((60, 5)), labels


def likelihood(radial: Radial, features: np.ndarray, labels: np.ndarray) -> float:
    total = 0.0
    for row, label in zip(features, labels, strict=True):
        for k, center in enumerate(radial.centers):
            p = math.exp(-radial.beta * sum((x - c) ** 2 for x, c in zip(row, center, strict=True)))
            total += math.log(p if k == label else 1 - p)
    return total


def test_no_other_width_makes_the_labels_more_likely() -> None:
    features, labels = clouds()
    found = fitted(features, labels, 3)
    best = likelihood(found, features, labels)
    for factor in (0.25, 0.9, 0.99, 1.01, 1.1, 4):
        assert likelihood(Radial(found.centers, factor * found.beta), features, labels) < best


def test_centers_are_means_and_probabilities_those_of_the_formula() -> None:
    features, labels = clouds()
    found = fitted(features, labels, 3)
    center = [sum(row[j] for row, label in zip(features, labels, strict=True) if label == 1) / 20 for j in range(5)]
    np.testing.assert_allclose(found.centers[1], center)
    square = sum((features[0][j] - center[j]) ** 2 for j in range(5))
    assert found.probabilities(features[:1])[0, 1] == pytest.approx(math.exp(-found.beta * square))


def test_it_is_sure_at_a_center_and_of_nothing_far_away() -> None:
    found = fitted(*clouds(), 3)
    np.testing.assert_allclose(found.probabilities(found.centers).max(axis=1), 1)
    assert found.probabilities(found.centers + 100).max() < 1e-6


def test_features_that_are_all_the_same_leave_beta_at_one() -> None:
    assert fitted(np.ones((4, 2)), np.array([0, 1, 0, 1]), 2).beta == 1
