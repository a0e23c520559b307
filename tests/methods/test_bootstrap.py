import numpy as np
import pytest

from cnnviz_core.methods.bootstrap import above_controls, difference_interval, mean_interval, mean_told


def test_mean_interval_is_that_of_normal_theory_for_a_large_sample() -> None:
    values = np.random.default_rng(0).normal(5, 2, size=400)
    low, high = mean_interval(values, np.random.default_rng(1), draws=8000)
    half = 1.96 * values.std() / np.sqrt(400)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)


def test_difference_interval_is_that_of_two_independent_samples() -> None:
    first = np.random.default_rng(2).normal(1, 1, size=300)
    second = np.random.default_rng(3).normal(0, 3, size=500)
    low, high = difference_interval(first, second, np.random.default_rng(4), draws=8000)
    middle = first.mean() - second.mean()
    half = 1.96 * np.sqrt(first.var() / 300 + second.var() / 500)
    assert (low, high) == pytest.approx((middle - half, middle + half), abs=0.03)


def test_the_level_widens_the_interval_and_equal_values_have_none() -> None:
    values = np.random.default_rng(5).random(50)
    narrow = mean_interval(values, np.random.default_rng(6), level=0.5)
    wide = mean_interval(values, np.random.default_rng(6), level=0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert mean_interval(np.full(7, 0.25), np.random.default_rng(7)) == (0.25, 0.25)


def test_the_same_generator_gives_the_same_interval() -> None:
    values = np.random.default_rng(8).random(20)
    assert mean_interval(values, np.random.default_rng(9)) == mean_interval(values, np.random.default_rng(9))


def test_above_controls_covers_one_more_control_as_often_as_it_says() -> None:
    rng = np.random.default_rng(10)
    covered = [
        low <= 0 <= high
        for draws in rng.normal(3, 2, size=(400, 6))
        for low, high in [above_controls(draws[0], draws[1:], np.random.default_rng(0))]
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_above_controls_is_students_prediction_interval() -> None:
    controls = np.array([1.0, 2, 3, 4, 5])
    half = 2.776 * np.sqrt(2.5) * np.sqrt(1.2)  # the 97.5 % quantile of t with 4 degrees of freedom
    expected = (10 - 3 - half, 10 - 3 + half)
    assert above_controls(10, controls, np.random.default_rng(11)) == pytest.approx(expected, abs=0.1)


def test_a_mean_is_told_with_its_interval() -> None:
    values = np.array([1.0, 2, 6])
    interval = list(mean_interval(values, np.random.default_rng(3)))
    assert mean_told(values, np.random.default_rng(3)) == {"mean": 3, "interval": interval}
