from collections import Counter

import numpy as np
import pytest

from cnnviz_core.methods.distributions import Distribution, distribution

SIZES = ("XS", "S", "M", "L", "XL")


def counted(found: Distribution) -> dict[str, int]:
    return dict(zip(found.labels, found.counts.tolist(), strict=True))


def test_words_with_an_order_of_their_own_keep_it() -> None:
    words = np.random.default_rng(0).choice(["XL", "M", "XS", "L"], 50)
    found = distribution(words, [("low", "high"), SIZES])
    assert found.labels == SIZES
    assert counted(found) == {size: Counter(words.tolist())[size] for size in SIZES}


def test_other_words_come_by_frequency_and_the_rest_together() -> None:
    words = np.array(["b"] * 5 + ["a"] * 9 + ["c"] * 2 + ["d", "e"])
    assert list(counted(distribution(words, [SIZES])).items()) == [("a", 9), ("b", 5), ("c", 2), ("d", 1), ("e", 1)]
    assert list(counted(distribution(words, most=3)).items()) == [("a", 9), ("b", 5), ("other", 4)]


def test_truth_values_are_words() -> None:
    assert counted(distribution(np.array([True, False, True]))) == {"True": 2, "False": 1}


def test_whole_numbers_are_counted_one_by_one_with_the_gaps_between() -> None:
    assert list(counted(distribution(np.array([4, 1, 4, 2]))).items()) == [("1", 1), ("2", 1), ("3", 0), ("4", 2)]
    assert distribution(np.array([3.0, 3.0])).labels == ("3",)
    assert distribution(np.arange(30)).edges is not None


@pytest.mark.parametrize("bins", [5, 24])
def test_numbers_are_counted_between_edges(bins: int) -> None:
    values = np.random.default_rng(1).normal(size=300)
    found = distribution(values, bins=bins)
    assert found.edges is not None
    expected = [sum(low <= v < high for v in values) for low, high in zip(found.edges, found.edges[1:], strict=False)]
    expected[-1] += 1  # the largest of all lies on the last edge
    assert found.counts.tolist() == expected
    assert len(expected) == bins
    assert found.labels == ()


def test_what_is_no_number_is_missing() -> None:
    found = distribution(np.array([0.5, np.nan, 1.25, np.inf]))
    assert (found.missing, found.counts.sum()) == (2, 2)
    none = distribution(np.full(3, np.nan))
    assert (none.missing, none.counts.sum()) == (3, 0)
