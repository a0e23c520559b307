"""The pixels at the center of what each unit of a map sees: one stride of them, so that all together are the image.

In the manner of Long, Zhang and Darrell, Do Convnets Learn Correspondence?, NIPS 2014.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from cnnviz_core.methods.windows import Field


@dataclass(frozen=True)
class Patches:
    """Where the patches of a map's places lie: their first rows and columns, and their common size, in pixels."""

    tops: Int[np.ndarray, " rows"]
    lefts: Int[np.ndarray, " columns"]
    size: tuple[int, int]

    def centers(self, places: Int[np.ndarray, " m"]) -> Float[np.ndarray, "m 2"]:
        """Row and column, in pixels from corners, of the centers of some places, which count row by row."""
        rows, columns = np.divmod(places, len(self.lefts))
        return np.stack([self.tops[rows] + self.size[0] / 2, self.lefts[columns] + self.size[1] / 2], axis=-1)


def patches_of(field: Field | None, places: tuple[int, int], image: tuple[int, int]) -> Patches:
    """The patches of a map's places. Where it is unknown what its units see, they divide the image evenly."""
    if field is None:
        starts = [np.arange(count) * length // count for count, length in zip(places, image, strict=True)]
        sizes = [-(-length // count) for count, length in zip(places, image, strict=True)]
    else:
        starts = [field.start[i] + field.stride[i] * np.arange(places[i]) + (field.size[i] - field.stride[i]) // 2
                  for i in (0, 1)]  # fmt: skip
        sizes = list(field.stride)
    return Patches(starts[0], starts[1], (sizes[0], sizes[1]))


def cut_patches(
    images: UInt8[np.ndarray, "n 3 h w"], which: Int[np.ndarray, " m"], places: Int[np.ndarray, " m"], grid: Patches
) -> UInt8[np.ndarray, "m 3 a b"]:
    """The patches of places of images; beyond an image its last row and column go on."""
    rows, columns = np.divmod(places, len(grid.lefts))
    down = np.clip(grid.tops[rows][:, None] + np.arange(grid.size[0]), 0, images.shape[2] - 1)
    right = np.clip(grid.lefts[columns][:, None] + np.arange(grid.size[1]), 0, images.shape[3] - 1)
    found: np.ndarray = images[
        which[:, None, None, None], np.arange(3)[:, None, None], down[:, None, :, None], right[:, None, None, :]
    ]
    return found


def averaged(
    images: UInt8[np.ndarray, "n 3 h w"], which: Int[np.ndarray, "m k"], places: Int[np.ndarray, "m k"], grid: Patches
) -> Float[np.ndarray, "m 3 a b"]:
    """Means, in [0, 1], of the patches of k places of images each."""
    total = np.zeros((len(which), 3, *grid.size), dtype=np.float32)
    for k in range(which.shape[1]):
        total += cut_patches(images, which[:, k], places[:, k], grid)
    found: np.ndarray = total / (255 * which.shape[1])
    return found


def assembled(
    patches: Float[np.ndarray, "places 3 a b"], grid: Patches, image: tuple[int, int]
) -> Float[np.ndarray, "3 h w"]:
    """The patches of all places, each where it belongs; NaN where there is none."""
    whole = np.full((3, *image), np.nan)
    corners = [(top, left) for top in grid.tops.tolist() for left in grid.lefts.tolist()]
    for patch, (top, left) in zip(patches, corners, strict=True):
        part = patch[:, max(-top, 0) :, max(-left, 0) :]
        target = whole[:, max(top, 0) : max(top + patch.shape[1], 0), max(left, 0) : max(left + patch.shape[2], 0)]
        target[...] = part[:, : target.shape[1], : target.shape[2]]
    return whole
