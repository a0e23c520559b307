"""Planted clouds are as planted, and the measures find it."""

import numpy as np
import pytest

from cnnviz_core.methods.planted_clouds import clumping, distance_ratio, size_ratio, two_distances, two_sizes


def test_sizes() -> None:
    points, cloud = two_sizes(2000, 5, 7.0, np.random.default_rng(0))
    assert np.bincount(cloud).tolist() == [1000, 1000]
    assert size_ratio(points, cloud) == pytest.approx(7, rel=0.05)
    assert points[cloud == 0].std() == pytest.approx(1, rel=0.05)


def test_distances() -> None:
    points, cloud = two_distances(3000, 5, 4.0, np.random.default_rng(0))
    assert distance_ratio(points, cloud) == pytest.approx(4, rel=0.05)
    assert distance_ratio(points[:, ::-1] * 3 + 1, cloud) == pytest.approx(distance_ratio(points, cloud))


def test_clumping_of_strewn_even_and_heaped_points() -> None:
    rng = np.random.default_rng(1)
    strewn = rng.random((1500, 2))
    even = np.stack(np.meshgrid(np.arange(30.0), np.arange(30.0)), axis=-1).reshape(-1, 2)
    heaped = np.repeat(100 * rng.random((60, 2)), 5, axis=0) + 0.1 * rng.standard_normal((300, 2))
    assert clumping(strewn) == pytest.approx(3.5, rel=0.1)
    assert clumping(even) < 2.3
    assert clumping(heaped) > 10
