"""Whether a classifier is as often right as it is sure."""

import numpy as np
from jaxtyping import Bool, Float


def by_sureness(
    right: Bool[np.ndarray, " n"], sureness: Float[np.ndarray, " n"], bins: int = 5
) -> list[tuple[float, int, int]]:
    """Mean probability of the answer, images, and right ones among them, for bins of equal width from 0 to 1.

    The reliability diagram of Guo et al. (2017), section 2; empty bins are left out.
    """
    place = np.minimum((sureness * bins).astype(int), bins - 1)
    chosen = [place == k for k in range(bins) if (place == k).any()]
    return [(float(sureness[these].mean()), int(these.sum()), int(right[these].sum())) for these in chosen]
