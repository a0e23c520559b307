"""How near the points of a scatter plot are to a line."""

import numpy as np
from jaxtyping import Float


def correlation(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"]) -> float:
    """Pearson's coefficient, from -1 to 1; NaN where all values of one are equal."""
    centered = [values - values.mean() for values in (first, second)]
    sizes = [np.sqrt((values**2).sum()) for values in centered]
    least = [1e-12 * np.abs(values).max(initial=0) for values in (first, second)]
    if sizes[0] <= least[0] or sizes[1] <= least[1]:
        return float("nan")
    return float(np.clip((centered[0] * centered[1]).sum() / (sizes[0] * sizes[1]), -1, 1))
