"""How hard it is to find the objects of a class: numbers of Russakovsky et al. 2015, section 3.2.2.

Boxes are top, left, bottom, right as shares of the image's height and width, so that all images have one size.
"""

import numpy as np
from jaxtyping import Bool, Float, Int


def overlaps(first: Float[np.ndarray, "n 4"], second: Float[np.ndarray, "m 4"]) -> Float[np.ndarray, "n m"]:
    """Area of the intersection of each with each as a share of that of the union; 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def chance_of_localization(boxes: Float[np.ndarray, "n 4"], *, least: float = 0.5) -> float:
    """CPL: the share of the ordered pairs of different boxes of a class that overlap by at least `least`.

    So often would the box of one object, drawn at random, do as an answer for another. NaN for fewer than two boxes.
    """
    n = len(boxes)
    if n < 2:
        return float("nan")
    hits = sum(int((overlaps(boxes[start : start + 256], boxes) >= least).sum()) for start in range(0, n, 256))
    alone = int((np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) > 0).sum())  # each with itself
    return (hits - alone) / (n * (n - 1))


def first_hit(
    windows: Float[np.ndarray, "windows 4"], order: Int[np.ndarray, " ranked"], boxes: Float[np.ndarray, "k 4"],
    *, least: float = 0.5,
) -> int:  # fmt: skip
    """OBJ: how many of the ranked windows are looked at until one overlaps a box; one more than all where none does."""
    found: Bool[np.ndarray, " ranked"] = overlaps(windows[order], boxes).max(axis=1, initial=0.0) >= least
    return int(found.argmax()) + 1 if found.any() else len(order) + 1


def clutter(first_hits: Int[np.ndarray, " images"]) -> float:
    """Log to the base of 2 of the mean, over the images of a class, of `first_hit`."""
    return float(np.log2(np.mean(first_hits)))
