"""Places moved by a given distance, each in a direction of its own."""

import numpy as np
from jaxtyping import Float


def moved(points: Float[np.ndarray, "n 2"], distance: float, angles: Float[np.ndarray, " n"]) -> Float[
    np.ndarray, "n 2"
]:  # fmt: skip
    """Each point (row, column) at `distance` from where it was, in the direction of its angle."""
    return np.asarray(points + distance * np.stack([np.sin(angles), np.cos(angles)], axis=1))
