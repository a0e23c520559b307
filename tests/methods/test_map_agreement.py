"""Rank correlation of maps, against SciPy pair by pair."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from cnnviz_core.methods.map_agreement import agreement, agreements, empty, evenness, unit_ranks, with_others


@pytest.fixture
def maps() -> np.ndarray:
    """Two kinds of maps of four images, with ties; the second kind follows the first, and one of its maps is empty."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, 9, (4, 5, 6)).astype(float)
    second = first**2 + rng.normal(size=first.shape) * 5
    second[2] = 0.25
    return np.stack([first, second])


def slow(first: np.ndarray, second: np.ndarray) -> float:
    return float(spearmanr(first.ravel(), second.ravel()).statistic)


def test_each_pair_of_maps_is_as_scipy_has_it(maps: np.ndarray) -> None:
    found = agreement(*(unit_ranks(kind) for kind in maps))
    for k in (0, 1, 3):
        assert found[k] == pytest.approx(slow(maps[0, k], maps[1, k]), abs=1e-12)
    assert found[2] == 0


def test_a_scale_and_a_bend_change_nothing(maps: np.ndarray) -> None:
    np.testing.assert_allclose(agreement(unit_ranks(maps[0]), unit_ranks(np.exp(maps[0]) * 1e-30)), 1)


def test_maps_that_are_the_same_all_over_are_empty(maps: np.ndarray) -> None:
    assert empty(unit_ranks(maps[1])).tolist() == [False, False, True, False]


def test_empty_maps_are_left_out_of_the_mean(maps: np.ndarray) -> None:
    kinds = [unit_ranks(maps[0]), unit_ranks(maps[1]), np.zeros((4, 30))]
    found = agreements(kinds)
    expected = float(np.mean([slow(maps[0, k], maps[1, k]) for k in (0, 1, 3)]))
    np.testing.assert_allclose(found[:2, :2], [[1, expected], [expected, 1]], atol=1e-12)
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()


def test_with_others_is_the_mean_over_all_other_images(maps: np.ndarray) -> None:
    found = with_others(unit_ranks(maps[0]), unit_ranks(maps[0] ** 3 + maps[0, ::-1]))
    for k in range(4):
        pairs = [slow(maps[0, k], maps[0, j] ** 3 + maps[0, 3 - j]) for j in range(4) if j != k]
        assert found[k] == pytest.approx(np.mean(pairs), abs=1e-12)


def test_evenness_is_the_correlation_with_the_neighbors(maps: np.ndarray) -> None:
    ramp = np.add.outer(np.arange(5.0), np.arange(6.0))[None]
    assert evenness(ramp) == pytest.approx(1)
    chess = (np.indices((5, 6)).sum(axis=0) % 2)[None].astype(float)
    assert evenness(chess) == pytest.approx(-1)
    image = maps[0, 0]
    expected = (slow(image[:, 1:], image[:, :-1]) + slow(image[1:], image[:-1])) / 2
    assert evenness(maps[0])[0] == pytest.approx(expected, abs=1e-12)
