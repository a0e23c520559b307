"""Whether two numbers rise together, whatever their scales: rank correlation."""

import numpy as np
from jaxtyping import Float

from cnnviz_core.methods.correlation import correlation


def ranks(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The place of each value in rising order, from 1 on; equal values share the mean of their places."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    shared: np.ndarray = (counts.cumsum() - (counts - 1) / 2)[place]
    return shared


def spearman(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"]) -> float:
    """The correlation of the ranks (Spearman 1904), from -1 to 1; NaN where all values of one are equal."""
    return correlation(ranks(first), ranks(second))
