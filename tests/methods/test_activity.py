import numpy as np

from cnnviz_core.methods.activity import activity, together
from cnnviz_core.methods.map_scan import Sums


def sums(maps: np.ndarray) -> Sums:
    """Of maps (n, places, c)."""
    return Sums(maps.sum(axis=1), (maps**2).sum(axis=1), (maps == 0).sum(axis=1), maps.max(axis=1).astype(np.float32))


def test_statistics_are_those_of_all_values() -> None:
    maps = np.maximum(np.random.default_rng(0).standard_normal((9, 20, 3)), 0)
    found = activity(sums(maps), 20).statistics
    np.testing.assert_allclose(found.mean, maps.mean(axis=(0, 1)))
    np.testing.assert_allclose(found.mean_square, (maps**2).mean(axis=(0, 1)))
    np.testing.assert_allclose(found.zeros, (maps == 0).mean(axis=(0, 1)))
    np.testing.assert_array_equal(found.maximum, maps.max(axis=(0, 1)).astype(np.float32))


def test_any_grouping_gives_the_same_bits() -> None:
    maps = np.random.default_rng(0).standard_normal((40, 30, 4)) * 1e3
    whole = activity(sums(maps), 30).statistics
    for cuts in ([1], [7, 8, 30], list(range(1, 40))):
        parts = together([activity(sums(part), 30) for part in np.split(maps, cuts)]).statistics
        for name in ("mean", "mean_square", "zeros", "maximum"):
            np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
