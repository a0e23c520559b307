"""How well the places where units respond strongly agree with the places of concepts.

Bau et al., Network Dissection, CVPR 2017, section 2. The share of places, 0.005, and the line from which on a unit
counts as a detector, an IoU of 0.04, are those of the authors' code.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from cnnviz_core.methods.windows import Field

Concepts = Sequence[tuple[Int[np.ndarray, " _"], Bool[np.ndarray, "_ side side"]]]
"""Of each image, the numbers of the concepts that it shows, and where."""


def thresholds(maps: Float[np.ndarray, "n c h w"], share: float) -> Float[np.ndarray, " c"]:
    """The value that each unit exceeds at no more than this share of all places of all images."""
    ordered = np.sort(maps.transpose(1, 0, 2, 3).reshape(maps.shape[1], -1), axis=1)
    return np.asarray(ordered[:, -1 - int(share * ordered.shape[1])])


def interpolation(
    places: int, side: int, image: int, size: int | None, stride: int = 1, start: int = 0
) -> Float[np.ndarray, "{side} {places}"]:
    """Weights that bring a row of `places` to one of `side` cells over `image` pixels, linearly between neighbors.

    The value of a place is that at the middle of its receptive field, of `size` pixels from ``start + stride * i`` on;
    where this is unknown (None), at the middle of an equal share of the image. Beyond the outer ones it is theirs.
    """
    cells = (np.arange(side) + 0.5) * image / side
    index = cells / image * places - 0.5 if size is None else (cells - start - size / 2) / stride
    index = np.clip(index, 0, places - 1)
    return np.asarray(np.maximum(1 - np.abs(index[:, None] - np.arange(places)), 0))


def spread_out(
    maps: Float[np.ndarray, "c h w"], side: int, image: tuple[int, int], field: Field | None
) -> Float[np.ndarray, "c {side} {side}"]:
    """Maps of one image brought to `side` x `side` cells over it."""
    rows, columns = (
        interpolation(maps.shape[1 + i], side, image[i], None)
        if field is None
        else interpolation(maps.shape[1 + i], side, image[i], field.size[i], field.stride[i], field.start[i])
        for i in (0, 1)
    )
    return np.asarray(rows.astype(maps.dtype) @ maps @ columns.T.astype(maps.dtype))


def agreement(
    maps: Float[np.ndarray, "n c h w"],
    concepts: Concepts,
    *,
    levels: Float[np.ndarray, " c"],
    field: Field | None,
    image: tuple[int, int],
    count: int,
) -> Float[np.ndarray, "c {count}"]:
    """The IoU of where each unit exceeds its level with where each of `count` concepts is, over all images together.

    NaN for a concept that no image shows.
    """
    both = np.zeros((maps.shape[1], count))
    active, shown = np.zeros(maps.shape[1]), np.zeros(count)
    for found, (numbers, masks) in zip(maps, concepts, strict=True):
        side = masks.shape[-1]
        strong = (spread_out(found, side, image, field) > levels[:, None, None]).reshape(len(found), -1)
        active += strong.sum(axis=1)
        if len(numbers):
            flat = masks.reshape(len(masks), -1).astype(np.float32)
            shown[numbers] += flat.sum(axis=1)
            both[:, numbers] += strong.astype(np.float32) @ flat.T
    union = active[:, None] + shown - both
    return np.where(shown > 0, both / np.maximum(union, 1), np.nan)
