"""The share of keypoints found nearly enough (PCK; Yang and Ramanan 2013)."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float


def errors(
    found: Float[np.ndarray, "n 2"], true: Float[np.ndarray, "n 2"], sides: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """The distance from the true place, as a share of the longer side of the object's box."""
    return np.asarray(np.linalg.norm(found - true, axis=1) / sides)


def correct(errors: Float[np.ndarray, " n"], alphas: Sequence[float]) -> Bool[np.ndarray, "alphas n"]:
    """For each alpha, whether a keypoint's error is at most alpha; a mean over keypoints is the PCK."""
    return np.asarray(errors[None] <= np.array(alphas)[:, None] + 1e-12)
