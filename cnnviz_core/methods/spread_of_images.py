"""How much images differ from each other, and how much of an image lies in a few places."""

import numpy as np
from jaxtyping import Float


def disagreement(images: Float[np.ndarray, "n c h w"]) -> float:
    """Variance of a value from image to image, as a share of its variance from place to place: both are means.

    0 for images that are equal, about 1 for images that have nothing to do with each other; 0 where nothing varies.
    """
    flat = images.reshape(len(images), -1)
    over_places = float(flat.var(axis=1).mean())
    return float(flat.var(axis=0, ddof=1).mean()) / over_places if over_places else 0.0


def spikiness(image: Float[np.ndarray, "c h w"]) -> float:
    """Kurtosis of the differences of neighboring values: 3 where they are normal, more where a few are far larger.

    0 where nothing differs.
    """
    differences = np.concatenate([np.diff(image, axis=axis).ravel() for axis in (1, 2)])
    squares = differences**2
    return float((squares**2).mean() / squares.mean() ** 2) if squares.any() else 0.0
