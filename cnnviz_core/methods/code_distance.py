"""How far apart codes of different images are: what an inversion's error is measured by.

Mahendran and Vedaldi, Understanding Deep Image Representations by Inverting Them, 2015, section 4.1.
"""

from itertools import combinations

import numpy as np
from jaxtyping import Float


def mean_distance(codes: Float[np.ndarray, "n d"]) -> float:
    """Mean Euclidean distance, not squared, of two codes of different images: a code and itself are no pair.

    Raises ValueError for fewer than two codes.
    """
    if len(codes) < 2:
        raise ValueError("a distance takes two codes")
    return float(pair_errors(codes, 1.0).mean())


def pair_errors(codes: Float[np.ndarray, "n d"], unit: float) -> Float[np.ndarray, " pairs"]:
    """The error of each pair of images, had one been found for the other: their distance in such units."""
    kept = codes.astype(np.float64)
    return np.array([np.linalg.norm(kept[i] - kept[j]) / unit for i, j in combinations(range(len(kept)), 2)])
