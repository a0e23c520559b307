import numpy as np
import pytest

from cnnviz_core.methods.bootstrap import pairs_interval
from cnnviz_core.methods.spearman import ranks, spearman


def slow_rank(values: list[float], k: int) -> float:
    """One, and one for each smaller value, and a half for each other that is equal."""
    smaller = sum(value < values[k] for value in values)
    equal = sum(value == values[k] for value in values) - 1
    return 1 + smaller + equal / 2


def slow_spearman(first: list[float], second: list[float]) -> float:
    a, b = ([slow_rank(values, k) for k in range(len(values))] for values in (first, second))
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    covariance = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    return float(covariance / (sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) ** 0.5)


@pytest.mark.parametrize("levels", [3, 10, 10_000])
def test_agrees_with_a_slow_rewrite_also_with_ties(levels: int) -> None:
    rng = np.random.default_rng(levels)
    first, second = rng.integers(0, levels, (2, 40)).astype(float)
    second += first
    assert ranks(first).tolist() == [slow_rank(first.tolist(), k) for k in range(40)]
    assert spearman(first, second) == pytest.approx(slow_spearman(first.tolist(), second.tolist()))


def test_depends_on_the_order_alone() -> None:
    values = np.array([0.1, 3, 2, 8])
    assert spearman(values, np.exp(values)) == pytest.approx(1)
    assert spearman(values, -(values**3)) == pytest.approx(-1)


def test_is_undefined_where_nothing_varies() -> None:
    constant, rising = np.ones(5), np.arange(5.0)
    assert np.isnan(spearman(constant, rising))
    assert np.isnan(pairs_interval(spearman, constant, rising, np.random.default_rng(0))).all()


def test_the_interval_covers_the_true_value_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    truth = 6 / np.pi * np.arcsin(0.6 / 2)  # of normal variables with correlation 0.6
    covered = []
    for _ in range(100):
        first, noise = rng.normal(size=(2, 60))
        low, high = pairs_interval(spearman, first, 0.6 * first + 0.8 * noise, rng, draws=150)
        covered.append(low <= truth <= high)
    assert np.mean(covered) == pytest.approx(0.94, abs=0.06)


def test_a_small_sample_with_ties_has_an_interval_of_the_draws_that_vary() -> None:
    low, high = pairs_interval(spearman, np.array([0.0, 0, 1]), np.array([0.0, 1, 2]), np.random.default_rng(2))
    assert -1 <= low <= high <= 1


def test_agrees_with_a_published_example() -> None:
    """Hours of television and intelligence of ten people, whose rank correlation is -29/165."""
    intelligence = np.array([106.0, 86, 100, 101, 99, 103, 97, 113, 112, 110])
    hours = np.array([7.0, 0, 27, 50, 28, 29, 20, 12, 6, 17])
    assert spearman(intelligence, hours) == pytest.approx(-29 / 165)
