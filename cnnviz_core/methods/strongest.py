"""The strongest places of every channel over many images.

Girshick et al. 2014 (R-CNN), section 3.1: each unit is "a detector in its own right"; its activations over many images
are sorted, "non-maximum suppression" is performed, and the top-scoring regions shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64


@dataclass(frozen=True)
class Strongest:
    """The k strongest places of each of c channels, strongest first; equal ones by image, then in reading order.

    Where a channel has fewer than k places, the last ones have the value -inf and the image -1.
    """

    values: Float32[np.ndarray, "c k"]
    images: Int64[np.ndarray, "c k"]
    rows: Int64[np.ndarray, "c k"]
    columns: Int64[np.ndarray, "c k"]


def merged(parts: Sequence[Strongest]) -> Strongest:
    """The k strongest of all parts, which are of k places each and hold different images."""
    k = parts[0].values.shape[1]
    values, images, rows, columns = (
        np.concatenate([getattr(part, name) for part in parts], axis=1)
        for name in ("values", "images", "rows", "columns")
    )
    order = np.lexsort((columns, rows, images, -values), axis=1)[:, :k]
    return Strongest(*(np.take_along_axis(found, order, axis=1) for found in (values, images, rows, columns)))


def overlapping(
    size: tuple[int, int], stride: tuple[int, int], shape: tuple[int, int], *, iou: float
) -> Bool[np.ndarray, "h w"]:
    """Whether the receptive fields of two places so many rows and columns apart overlap by more than `iou`.

    All fields are `size` pixels, `stride` pixels apart, and counted whole, also what of them is outside of the image.
    """
    vertical, horizontal = (np.maximum(size[i] - stride[i] * np.arange(shape[i]), 0) for i in (0, 1))
    common = vertical[:, None] * horizontal[None, :]
    return np.asarray(common / (2 * size[0] * size[1] - common) > iou)
