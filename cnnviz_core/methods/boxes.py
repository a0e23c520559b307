"""Boxes around objects: top, left, bottom, right in pixels, the last two exclusive."""

import numpy as np
from jaxtyping import Bool, Float


def tight_box(mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, " 4"] | None:
    """The smallest box around what is True; None where nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1], dtype=float)


def overlap(first: Float[np.ndarray, " 4"], second: Float[np.ndarray, " 4"]) -> float:
    """Area of the intersection as a share of that of the union (Everingham et al. 2010, section 4.2)."""
    shared = np.maximum(np.minimum(first, second)[2:] - np.maximum(first, second)[:2], 0).prod()
    union = area(first) + area(second) - shared
    return float(shared / union) if union else 0.0


def area(box: Float[np.ndarray, " 4"]) -> float:
    """Its area in pixels."""
    return float(np.maximum(box[2:] - box[:2], 0).prod())
