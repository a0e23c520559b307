"""Bins that hold equally many values each, as near as equal values allow."""

import numpy as np
from jaxtyping import Float, Int


def equal_mass(values: Float[np.ndarray, " n"], count: int) -> Int[np.ndarray, " n"]:
    """The bin of each value, from 0 for the least on; -1 for what is no finite number.

    Equal values are in one bin. Where there are at most `count` different values, each has its own bin; else a value
    goes where the middle of its ranks falls, so that bins differ by at most one where no values are equal. No bin is
    empty, and there are fewer than `count` where equal values fill several.
    """
    found = np.full(len(values), -1)
    finite = np.isfinite(values)
    if not finite.any():
        return found
    _, kind, counts = np.unique(values[finite], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    bins = np.arange(len(counts)) if len(counts) <= count else np.floor(count * middle / counts.sum()).astype(int)
    found[finite] = np.unique(bins, return_inverse=True)[1][kind]
    return found
