"""How near the points of a scatter plot are to a line."""

import numpy as np
from jaxtyping import Float

from cnnviz_core.methods.bootstrap import percentiles


def correlation(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"]) -> float:
    """Pearson's coefficient, from -1 to 1; NaN where all values of one are equal."""
    found = _correlations(first[None], second[None])
    return float(found[0])


def correlation_interval(
    first: Float[np.ndarray, " n"],
    second: Float[np.ndarray, " n"],
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    draws: int = 2000,
) -> tuple[float, float]:
    """Percentile bootstrap interval of `correlation`, drawing points (Efron and Tibshirani 1993, ch. 13).

    Draws in which it is undefined are left out. NaN where it is undefined for the sample itself.
    """
    if np.isnan(correlation(first, second)):
        return float("nan"), float("nan")
    drawn = rng.integers(len(first), size=(draws, len(first)))
    found = _correlations(first[drawn], second[drawn])
    return percentiles(found[~np.isnan(found)], level)


def _correlations(first: Float[np.ndarray, "draws n"], second: Float[np.ndarray, "draws n"]) -> Float[
    np.ndarray, " draws"
]:  # fmt: skip
    centered = [values - values.mean(axis=1, keepdims=True) for values in (first, second)]
    sizes = [np.sqrt((values**2).sum(axis=1)) for values in centered]
    least = [1e-12 * np.abs(values).max(axis=1, initial=0) for values in (first, second)]
    defined = (sizes[0] > least[0]) & (sizes[1] > least[1])
    product = (centered[0] * centered[1]).sum(axis=1)
    undefined = np.full(len(product), np.nan)
    return np.asarray(np.clip(np.divide(product, sizes[0] * sizes[1], out=undefined, where=defined), -1, 1))
