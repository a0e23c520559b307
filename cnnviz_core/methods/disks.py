"""Disks around points of an image."""

import numpy as np
from jaxtyping import Bool, Float


def disks(
    points: Float[np.ndarray, "k 2"], radius: float, size: tuple[int, int]
) -> Bool[np.ndarray, "{size[0]} {size[1]}"]:
    """The pixels whose centers are at most `radius` from one of the points (row, column), counted from corners."""
    rows, columns = (np.arange(length) + 0.5 for length in size)
    found = np.zeros(size, dtype=bool)
    for row, column in points:
        found |= (rows[:, None] - row) ** 2 + (columns - column) ** 2 <= radius**2
    return found
