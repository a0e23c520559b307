"""Seeds by quantiles, also of maps with many equal values."""

import numpy as np
import pytest

from cnnviz_core.methods.seeds import quantile_seeds, tied


def test_shares_of_a_map_without_ties() -> None:
    values = np.random.default_rng(0).permutation(200).reshape(10, 20).astype(float)
    front, back = quantile_seeds(values, above=0.95, below=0.3)
    assert sorted(values[front]) == list(range(190, 200))
    assert sorted(values[back]) == list(range(60))


def test_where_most_values_are_zero_these_are_the_background() -> None:
    values = np.zeros((10, 10))
    values[0, :8] = np.arange(1, 9)
    front, back = quantile_seeds(values, above=0.95, below=0.3)
    assert sorted(values[front]) == [4, 5, 6, 7, 8]
    np.testing.assert_array_equal(back, values == 0)
    assert tied(values, 0.3) == pytest.approx(0.92)
    assert tied(values, 0.95) == pytest.approx(0.01)


def test_where_many_share_the_largest_value_these_are_the_object() -> None:
    values = np.ones((10, 10))
    values[:, 0] = 0
    front, back = quantile_seeds(values, above=0.95, below=0.3)
    np.testing.assert_array_equal(front, values == 1)
    np.testing.assert_array_equal(back, values == 0)


def test_a_map_of_one_value_has_no_seeds() -> None:
    front, back = quantile_seeds(np.full((3, 4), 2.0), above=0.95, below=0.3)
    assert not front.any()
    assert not back.any()
