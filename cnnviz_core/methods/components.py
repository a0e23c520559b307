"""Connected parts of a mask."""

import numpy as np
from jaxtyping import Bool
from scipy.ndimage import label


def largest_component(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The largest part whose pixels touch by sides or corners; of equally large ones the first in reading order."""
    parts, count = label(mask, structure=np.ones((3, 3)))
    if not count:
        return np.zeros_like(mask)
    return np.asarray(parts == 1 + int(np.bincount(parts.ravel())[1:].argmax()))
