"""Intervals for means of values that come in clusters, such as the keypoints of one image."""

import numpy as np
from jaxtyping import Float, Int

from cnnviz_core.methods.bootstrap import percentiles


def cluster_interval(
    values: Float[np.ndarray, " n"],
    clusters: Int[np.ndarray, " n"],
    rng: np.random.Generator,
    *,
    weights: Float[np.ndarray, " n"] | None = None,
    level: float = 0.95,
    draws: int = 2000,
) -> tuple[float, float]:
    """Percentile interval of the weighted mean, by drawing whole clusters again (Davison and Hinkley 1997, sec. 3.8).

    What is in one cluster need not be independent: drawing its values one by one would make the interval too narrow.
    """
    weights = np.ones(len(values)) if weights is None else weights
    _, place = np.unique(clusters, return_inverse=True)
    over, under = (np.bincount(place, each) for each in (weights * values, weights))
    drawn = rng.integers(len(over), size=(draws, len(over)))
    return percentiles(over[drawn].sum(axis=1) / under[drawn].sum(axis=1), level)
