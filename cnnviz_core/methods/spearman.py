"""Whether two numbers rise together, whatever their scales: rank correlation, with an interval."""

import numpy as np
from jaxtyping import Float

from cnnviz_core.methods.bootstrap import percentiles


def ranks(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The place of each value in rising order, from 1 on; equal values share the mean of their places."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    shared: np.ndarray = (counts.cumsum() - (counts - 1) / 2)[place]
    return shared


def spearman(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"]) -> float:
    """The correlation of the ranks (Spearman 1904), from -1 to 1; NaN where all values of one are equal."""
    centered = [found - found.mean() for found in (ranks(first), ranks(second))]
    size = np.sqrt((centered[0] ** 2).sum() * (centered[1] ** 2).sum())
    return float((centered[0] * centered[1]).sum() / size) if size > 0 else float("nan")


def spearman_interval(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " n"],
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    draws: int = 1000,
) -> tuple[float, float]:
    """Percentile bootstrap interval of `spearman`, drawing pairs (Efron and Tibshirani 1993, ch. 13).

    Draws in which it is undefined are left out. NaN where it is undefined for the sample itself.
    """
    if np.isnan(spearman(first, second)):
        return float("nan"), float("nan")
    samples = rng.integers(len(first), size=(draws, len(first)))
    found = np.array([spearman(first[sample], second[sample]) for sample in samples])
    return percentiles(found[~np.isnan(found)], level)
