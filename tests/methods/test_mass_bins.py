import numpy as np
import pytest

from cnnviz_core.methods.mass_bins import equal_mass


@pytest.mark.parametrize(("n", "count"), [(100, 5), (13, 4), (7, 3), (5, 5)])
def test_bins_of_different_values_differ_by_at_most_one(n: int, count: int) -> None:
    values = np.random.default_rng(n).permutation(n) ** 2.0
    bins = equal_mass(values, count)
    sizes = np.bincount(bins)
    assert len(sizes) == count
    assert np.ptp(sizes) <= 1
    assert (np.diff(bins[np.argsort(values)]) >= 0).all()


def test_equal_values_stay_together_and_no_bin_is_empty() -> None:
    values = np.array([0.0] * 8 + [1, 2, 3, 4, 5, 6])
    bins = equal_mass(values, 3)
    assert set(bins[:8].tolist()) == {0}
    assert np.bincount(bins).min() > 0
    assert equal_mass(np.array([1.0, 1, 2, 3, 3]), 5).tolist() == [0, 0, 1, 2, 2]


def test_what_is_no_number_is_in_no_bin() -> None:
    assert equal_mass(np.array([np.nan, 3, np.inf, 1]), 2).tolist() == [-1, 1, -1, 0]
    assert equal_mass(np.array([np.nan]), 2).tolist() == [-1]
    assert equal_mass(np.full(4, 2.0), 3).tolist() == [0] * 4
