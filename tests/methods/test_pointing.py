"""Where a map points and lies, on masks whose answers are counted by hand."""

import numpy as np
import pytest

from cnnviz_core.methods.pointing import hits, inside_ratio, near


@pytest.mark.parametrize("tolerance", [0, 1, 1.5, 3, 20])
def test_near_is_a_distance_from_some_pixel_of_the_mask(tolerance: float) -> None:
    mask = np.random.default_rng(0).random((9, 13)) < 0.04
    expected = np.zeros_like(mask)
    for row, column in np.ndindex(mask.shape):
        expected[row, column] = any(np.hypot(row - y, column - x) <= tolerance for y, x in np.argwhere(mask))
    assert mask.any()
    np.testing.assert_array_equal(near(mask, tolerance), expected)


def test_nothing_is_near_an_empty_mask() -> None:
    assert not near(np.zeros((4, 6), dtype=bool), 3).any()


def test_a_map_hits_where_its_first_pixel_is_in_the_target() -> None:
    target = np.array([[True, False], [False, False]])
    ranks = np.array([[[0, 1], [2, 3]], [[1, 0], [2, 3]], [[3, 2], [1, 0]]])
    assert hits(ranks, target).tolist() == [True, False, False]


def test_random_maps_hit_as_often_as_the_target_is_large() -> None:
    target = np.zeros((6, 10), dtype=bool)
    target[:3, :4] = True  # a fifth
    rng = np.random.default_rng(1)
    ranks = np.stack([rng.permutation(60).reshape(6, 10) for _ in range(4000)])
    assert hits(ranks, target).mean() == pytest.approx(0.2, abs=0.02)


def test_inside_ratio_is_the_mean_inside_over_the_mean() -> None:
    mask = np.array([[True, False], [False, False]])
    maps = np.array(
        [[[3.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]], [[0.0, 2.0], [0, 0]]]
    )
    assert inside_ratio(maps, mask).tolist() == [3.0, 1.0, 1.0, 0.0]
    rng = np.random.default_rng(2)
    many, shape = rng.random((5, 7, 8)), rng.random((7, 8)) < 0.3
    np.testing.assert_allclose(inside_ratio(many, shape), [m[shape].mean() / m.mean() for m in many])
