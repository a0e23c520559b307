"""Parts of images of one size, one for each unit: what its receptive field covers, also where it exceeds the image."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float


@runtime_checkable
class Field(Protocol):
    """The pixels that one unit can see: `size` of them from ``start + stride * i`` on, (vertical, horizontal)."""

    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def stride(self) -> tuple[int, int]: ...
    @property
    def start(self) -> tuple[int, int]: ...


def mostly_inside(
    field: Field | None, places: tuple[int, int], image: tuple[int, int], *, least: float = 0.75
) -> Bool[np.ndarray, "rows columns"]:
    """The places of a map whose units see inside the image at least this share of the most that any of them sees.

    Units at the border see padding, to which they can respond as strongly as to anything in the image. All places
    where the field is unknown (None), and so is the whole image.
    """
    if field is None:
        return np.ones(places, dtype=bool)
    shares = []
    for count, length, size, stride, start in zip(places, image, field.size, field.stride, field.start, strict=True):
        first = start + stride * np.arange(count)
        shares.append(np.clip(np.minimum(first + size, length) - np.maximum(first, 0), 0, None) / size)
    seen = np.outer(*shares)
    inside: np.ndarray = seen >= least * seen.max()
    return inside


def window(
    field: Field | None, row: int, column: int, image: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Corner (top, left) and size of what the unit at a place sees, of one size for all places of a map.

    It may begin or end outside the image, but is not larger: where the field is, it is the whole image.
    """
    if field is None:
        return (0, 0), image
    corner = [field.start[i] + field.stride[i] * (row, column)[i] for i in (0, 1)]
    top, left = (corner[i] if field.size[i] < image[i] else 0 for i in (0, 1))
    return (top, left), (min(field.size[0], image[0]), min(field.size[1], image[1]))


def cut(
    picture: Float[np.ndarray, "c h w"], corner: tuple[int, int], size: tuple[int, int]
) -> Float[np.ndarray, "c rows columns"]:
    """The rectangle of `size` from `corner` (top, left) on, with zeros beyond the picture."""
    top, left = corner
    found = np.zeros((len(picture), *size), dtype=picture.dtype)
    part = picture[:, max(top, 0) : max(top + size[0], 0), max(left, 0) : max(left + size[1], 0)]
    down, right = max(-top, 0), max(-left, 0)
    found[:, down : down + part.shape[1], right : right + part.shape[2]] = part
    return found
