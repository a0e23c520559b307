from fractions import Fraction

import numpy as np
import pytest

from cnnviz_core.methods.exact_sum import exactly, total


@pytest.fixture
def terms() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.standard_normal((300, 4)) * 10.0 ** rng.integers(-6, 12, (300, 4))


def test_groups_and_order_change_no_bit(terms: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    one = exactly(terms).value
    for _ in range(5):
        shuffled = rng.permutation(terms)
        groups = np.split(shuffled, np.sort(rng.integers(1, 299, 6)))
        again = total([exactly(group) for group in groups if len(group)]).value
        np.testing.assert_array_equal(again, one)
    plain = [np.sum([np.sum(group, axis=0) for group in np.split(terms, 3)], axis=0), terms.sum(axis=0)]
    assert (plain[0] != plain[1]).any(), "floating-point sums do depend on it here"


def test_is_the_sum_of_fractions(terms: np.ndarray) -> None:
    expected = [float(sum(Fraction(value) for value in column)) for column in terms.T]
    np.testing.assert_allclose(exactly(terms).value, expected, rtol=1e-15)


def test_carries_small_and_negative_parts() -> None:
    terms = np.array([[0.75, -0.25, -1e-20, -3.5]])
    both = exactly(terms) + exactly(terms)
    np.testing.assert_allclose(both.value, 2 * terms[0], atol=2.0**-51)
    assert ((both.part >= 0) & (both.part < 2**52)).all()


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e19])
def test_refuses_what_no_whole_number_holds(value: float) -> None:
    with pytest.raises(OverflowError, match=r"infinite, not a number, or above 4.6e18"):
        exactly(np.array([[1.0, value]]))


def test_refuses_a_sum_of_numbers_that_are_small_enough_one_by_one() -> None:
    with pytest.raises(OverflowError):
        exactly(np.full((3, 1), 2.0**61))
