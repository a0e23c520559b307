"""Groups of classes made comparable by leaving out the classes of the largest objects."""

import numpy as np
from jaxtyping import Bool, Float, Int


def equal_scales(
    scales: Float[np.ndarray, " n"], groups: Int[np.ndarray, " n"], *, tolerance: float, least: int
) -> tuple[Bool[np.ndarray, " n"], bool]:
    """Which classes are kept, and whether the mean scales of all groups then differ by at most `tolerance`.

    The scale normalization of Russakovsky et al. 2015, section 6.3.4: again and again the group of the largest mean
    loses its class of the largest scale. Where a group would have fewer than `least` classes, it ends in vain.
    """
    kept = np.ones(len(scales), dtype=bool)
    names = np.unique(groups)
    while True:
        means = np.array([scales[kept & (groups == name)].mean() for name in names])
        if np.ptp(means) <= tolerance:
            return kept, True
        members = np.flatnonzero(kept & (groups == names[means.argmax()]))
        if len(members) <= least:
            return kept, False
        kept[members[scales[members].argmax()]] = False
