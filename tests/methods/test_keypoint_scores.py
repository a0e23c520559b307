import numpy as np
import pytest

from cnnviz_core.methods.features_at import Grid
from cnnviz_core.methods.keypoint_scores import STRENGTH, around, detectors, found_at, log_prior, mean_places

GRID = Grid((3, 4), (1.0, 2.0), (2.0, 4.0))


def test_windows_hold_the_positions_around_and_zero_beyond_the_edge() -> None:
    maps = np.arange(1.0, 25).reshape(2, 3, 4)
    found = around(maps, 3)
    assert found.shape == (3, 4, 18)
    middle = found[1, 1].reshape(9, 2)
    np.testing.assert_array_equal(middle[:, 0], maps[0, 0:3, 0:3].ravel())
    np.testing.assert_array_equal(found[0, 0].reshape(9, 2)[:3], np.zeros((3, 2)))
    np.testing.assert_array_equal(around(maps, 1), maps.transpose(1, 2, 0))


@pytest.mark.parametrize("width", [4, 50])
def test_detectors_are_ridge_regressions(width: int) -> None:
    rng = np.random.default_rng(0)
    features, kinds = rng.normal(3, 2, (30, width)), rng.integers(-1, 2, 30)
    weights, offsets = detectors(features, kinds, 2)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    for k in (0, 1):
        target = (kinds == k).astype(float)
        stacked = np.vstack([scaled, np.sqrt(STRENGTH * 30) * np.eye(width)])
        solved = np.linalg.lstsq(stacked, np.concatenate([target - target.mean(), np.zeros(width)]), rcond=None)[0]
        np.testing.assert_allclose(features @ weights[:, k] + offsets[k], scaled @ solved + target.mean())


def test_the_prior_is_a_gaussian_and_decides_between_equal_scores() -> None:
    mean = np.array([[3.0, 6.0], [np.nan, np.nan]])
    prior = log_prior(GRID, mean, 2.0)
    assert prior[1, 1, 0] == 0
    np.testing.assert_allclose(prior[2, 3, 0], -(2**2 + 8**2) / 8)
    assert (prior[..., 1] == 0).all()
    scores = np.zeros((3, 4, 2))
    scores[0, 0] = scores[1, 2] = 1
    np.testing.assert_array_equal(found_at(scores, prior, 1.0, GRID), [[3, 10], [1, 2]])
    np.testing.assert_array_equal(found_at(scores, prior, 0.0, GRID), [[1, 2], [1, 2]])
    np.testing.assert_array_equal(found_at(0 * scores, prior, 1.0, GRID)[0], [3, 6])
    np.testing.assert_array_equal(found_at(scores, prior, 1.0, GRID), found_at(5 * scores + 2, prior, 1.0, GRID))


def test_means_are_of_the_objects_that_show_the_keypoint() -> None:
    nan = [np.nan, np.nan]
    places = np.array([[[1.0, 2.0], nan], [[3.0, 4.0], nan], [[9.0, 9.0], [5.0, 5.0]]])
    np.testing.assert_array_equal(mean_places(places, np.array([0, 1])), [[2, 3], nan])
    np.testing.assert_array_equal(mean_places(places, np.array([2])), [[9, 9], [5, 5]])
