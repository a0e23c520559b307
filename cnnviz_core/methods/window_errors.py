"""How different the surroundings of two places are, by the distance from the places."""

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

BORDER = 0.8  # of the way from the center to the edge of a window, from where on is its border


def offsets(length: int, cells: int) -> Float[np.ndarray, " cells"]:
    """So many distances, in pixels, from the center of a window of that length to places spread evenly over it."""
    return (np.arange(cells) + 0.5 - cells / 2) * length / cells


def squared_errors(
    first: UInt8[np.ndarray, "3 h w"],
    first_centers: Float[np.ndarray, "m 2"],
    images: UInt8[np.ndarray, "n 3 h w"],
    which: Int[np.ndarray, " m"],
    centers: Float[np.ndarray, "m 2"],
    around: tuple[Float[np.ndarray, " a"], Float[np.ndarray, " b"]],
) -> tuple[Float[np.ndarray, "a b"], Int[np.ndarray, "a b"]]:
    """Sums of squared differences of colors in [0, 1] at equal offsets `around` two centers, and how many they are.

    Of m pairs of places: one in the first image, and one in one of `images`. Pixels beyond an image do not count.
    """
    size = first.shape[1:]
    (up, left), (second_up, second_left) = (_pixels(at, around) for at in (first_centers, centers))
    inside = _inside(up, size[0])[:, :, None] & _inside(left, size[1])[:, None]
    inside &= _inside(second_up, size[0])[:, :, None] & _inside(second_left, size[1])[:, None]
    here = first[:, up.clip(0, size[0] - 1)[:, :, None], left.clip(0, size[1] - 1)[:, None]]
    there = images.transpose(1, 0, 2, 3)[
        :, which[:, None, None], second_up.clip(0, size[0] - 1)[:, :, None], second_left.clip(0, size[1] - 1)[:, None]
    ]
    errors = (((here.astype(np.float32) - there) / 255) ** 2).mean(axis=0)
    return np.where(inside, errors, 0).sum(axis=0, dtype=float), inside.sum(axis=0)


def _pixels(
    centers: Float[np.ndarray, "m 2"], around: tuple[Float[np.ndarray, " a"], Float[np.ndarray, " b"]]
) -> tuple[Int[np.ndarray, "m a"], Int[np.ndarray, "m b"]]:
    """Rows and columns of the pixels in which the offsets from the centers fall."""
    rows, columns = (np.floor(centers[:, axis, None] + off + 1e-9).astype(int) for axis, off in enumerate(around))
    return rows, columns


def _inside(at: Int[np.ndarray, "m a"], length: int) -> Bool[np.ndarray, "m a"]:
    return np.asarray((at >= 0) & (at < length))


def rings(cells: int) -> Int[np.ndarray, "cells cells"]:
    """How many cells each is from the middle one, in the direction in which it is farther."""
    away = np.abs(np.arange(cells) - cells // 2)
    found: np.ndarray = np.maximum(away[:, None], away)
    return found


def relative_errors(sums: Float[np.ndarray, "images 2 2 cells cells"]) -> dict[str, Float[np.ndarray, "..."]]:
    """Errors of nearest places over those of places at random, from the sums and counts of the one and the other.

    `window` (cells, cells) over all images, `rings` from its middle outward, and by image `center` and `border`, over
    the errors at random of all images. NaN where no pair of pixels lies inside its images, or all pixels are equal.
    """
    cells = sums.shape[-1]
    ring = rings(cells)
    middle = ring <= cells // 10
    border = ring >= BORDER * (cells // 2)

    def ratio(some: np.ndarray, every: np.ndarray) -> np.ndarray:
        """Sum and count along axis -1 of nearest ones, over those at random; NaN where there are none."""
        near, random = (
            np.divide(part[..., 0], part[..., 1], out=np.full(part.shape[:-1], np.nan), where=part[..., 1] > 0)
            for part in (some, every)
        )
        found: np.ndarray = np.divide(near, random, out=np.full(near.shape, np.nan), where=random > 0)
        return found

    every = sums.sum(axis=0)
    by_ring = np.stack([every[..., ring == k].sum(axis=-1) for k in range(cells // 2 + 1)])
    return {
        "window": ratio(*np.moveaxis(every, 1, -1)),
        "rings": ratio(by_ring[:, 0], by_ring[:, 1]),
        **{
            name: ratio(sums[:, 0][..., some].sum(axis=-1), np.array([every[1][..., some].sum(axis=-1)]))
            for name, some in (("center", middle), ("border", border))
        },
    }
