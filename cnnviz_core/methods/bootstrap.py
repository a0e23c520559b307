"""Intervals for means and for differences, by drawing samples again from themselves."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float


def mean_interval(
    values: Float[np.ndarray, " n"], rng: np.random.Generator, *, level: float = 0.95, draws: int = 2000
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean (Efron and Tibshirani 1993, ch. 13)."""
    return percentiles(_means(values, rng, draws), level)


def mean_told(values: Float[np.ndarray, " n"], rng: np.random.Generator) -> dict[str, float | list[float]]:
    """The `mean` and its `interval`, as figures tell them."""
    return {"mean": float(values.mean()), "interval": list(mean_interval(values, rng))}


def difference_interval(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " m"],
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    draws: int = 2000,
) -> tuple[float, float]:
    """Percentile bootstrap interval of mean(first) - mean(second), of two independent samples."""
    return percentiles(_means(first, rng, draws) - _means(second, rng, draws), level)


def pairs_interval(
    measure: Callable[[Float[np.ndarray, " n"], Float[np.ndarray, " n"]], float],
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " n"],
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    draws: int = 2000,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a measure of two numbers of each thing, drawing things.

    Draws in which it is NaN are left out. NaN where it is NaN for the sample itself.
    """
    if np.isnan(measure(first, second)):
        return float("nan"), float("nan")
    samples = rng.integers(len(first), size=(draws, len(first)))
    found = np.array([measure(first[sample], second[sample]) for sample in samples])
    return percentiles(found[~np.isnan(found)], level)


def above_controls(
    value: float, controls: Float[np.ndarray, " n"], rng: np.random.Generator, *, level: float = 0.95
) -> tuple[float, float]:
    """Interval of value minus that of one more control: whether the value could be one of theirs.

    Student's prediction interval for one more draw from the normal distribution of which the controls are a sample.
    Two networks with random weights differ from each other, so that being above one of them says little.
    """
    n = len(controls)
    quantile = np.quantile(np.abs(rng.standard_t(n - 1, size=100_000)), level)
    half = quantile * controls.std(ddof=1) * np.sqrt(1 + 1 / n)
    middle = value - controls.mean()
    return float(middle - half), float(middle + half)


def _means(values: Float[np.ndarray, " n"], rng: np.random.Generator, draws: int) -> Float[np.ndarray, " draws"]:
    drawn: np.ndarray = values[rng.integers(len(values), size=(draws, len(values)))]
    return np.asarray(drawn.mean(axis=1))


def percentiles(found: Float[np.ndarray, " draws"], level: float) -> tuple[float, float]:
    """The interval that holds the middle `level` of what was found in the draws."""
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
