"""The interval of a share, such as an accuracy."""

from statistics import NormalDist

import numpy as np
from jaxtyping import Bool


def wilson_interval(hits: int, total: int, *, level: float = 0.95) -> tuple[float, float]:
    """Interval of the share of which `hits` of `total` independent trials are a sample (Wilson 1927).

    It stays inside [0, 1] and has a width also where all trials, or none, are hits. (0, 1) for no trials.
    """
    if not total:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, shrink = hits / total, 1 + z * z / total
    middle = (share + z * z / (2 * total)) / shrink
    half = z / shrink * (share * (1 - share) / total + (z / (2 * total)) ** 2) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)


def share_told(hits: Bool[np.ndarray, " n"]) -> dict[str, float | list[float]]:
    """The `share` of hits and its `interval`, as figures tell them."""
    return {"share": float(hits.mean()), "interval": list(wilson_interval(int(hits.sum()), len(hits)))}
