"""Noise: known to the bit, between 0 and 1, without seams, fading where a pixel is too large for it."""

import numpy as np
import pytest

from cnnviz_core.world import noise


def test_hashes_are_the_same_everywhere() -> None:
    """Worked out with Python's own whole numbers."""

    def by_hand(i: int, j: int, k: int) -> float:
        top = (1 << 64) - 1
        a, b, c = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
        bits = (i & top) * a & top ^ (j & top) * b & top ^ (k & top) * c & top
        bits = (bits ^ bits >> 32) * a & top
        bits = (bits ^ bits >> 29) * b & top
        return float((bits ^ bits >> 32) >> 11) / 2**53

    places = np.random.default_rng(0).integers(-1000, 1000, (200, 3)).tolist()
    assert [noise.hashed(*place) for place in places] == [by_hand(*place) for place in places]


def test_hashes_are_evenly_spread() -> None:
    values = np.array([noise.hashed(i, j, 3) for i in range(60) for j in range(60)])
    counts, _ = np.histogram(values, bins=10, range=(0, 1))
    assert abs(counts / 360 - 1).max() < 0.2
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.05


@pytest.mark.parametrize("function", [
    lambda x, y: noise.value2(x, y, 1), lambda x, y: noise.value3(x, y, x - y, 1),
    lambda x, y: noise.cloudy(x, y, 1, 5, 0.0),
])  # fmt: skip
def test_smooth_noise_has_no_seams(function: object) -> None:
    assert callable(function)
    line = np.array([function(x, 0.3 - x / 2) for x in np.arange(-3, 3, 0.001)])
    assert line.min() >= 0
    assert line.max() <= 1
    assert np.ptp(line) > 0.3
    assert abs(np.diff(line)).max() < 0.05


def test_noise_fades_to_its_mean_where_a_pixel_is_large() -> None:
    fine = [noise.cloudy(x, 0.0, 1, 5, 0.0) for x in np.arange(0, 9, 0.1)]
    coarse = [noise.cloudy(x, 0.0, 1, 5, 9.0) for x in np.arange(0, 9, 0.1)]
    assert np.std(fine) > 0.05
    assert coarse == pytest.approx([0.5] * len(coarse))


def test_the_nearest_of_scattered_points_is_found() -> None:
    first, second, own = noise.cell(0.4, 0.7, 5)
    points = [(i + noise.hashed(i, j, 5), j + noise.hashed(i, j, 6)) for i in range(-2, 4) for j in range(-2, 4)]
    distances = sorted(np.hypot(x - 0.4, y - 0.7) for x, y in points)
    assert (first, second) == pytest.approx(tuple(distances[:2]))
    assert 0 <= own < 1


def test_dead_leaves_are_discs_of_one_number_each() -> None:
    """Inside a disc the number does not change; it changes at few places, all of them jumps."""
    own = np.array([noise.leaves(x, 0.37, 3, 0.0)[0] for x in np.arange(0, 4, 0.002)])
    jumps = np.count_nonzero(np.diff(own))
    assert 8 < jumps < 120
    places = np.array([noise.leaves(x, 0.37, 3, 0.0)[1] for x in np.arange(0, 4, 0.002)])
    assert places.min() >= 0
    assert places.max() <= 1
