"""The feature of a place: the column of a layer's maps whose receptive field is centered nearest to it.

Long, Zhang and Darrell 2014, who ask it what is at its center, however much more it sees.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Grid:
    """Where the receptive fields of a layer's positions are centered: ``start + stride * i``, in pixels.

    The middle of the first pixel is at 0.5. Rows and columns may differ.
    """

    shape: tuple[int, int]
    start: tuple[float, float]
    stride: tuple[float, float]

    def centres(self) -> Float[np.ndarray, "rows columns 2"]:
        """Row and column, in pixels, of each position's center."""
        sides = [self.start[k] + self.stride[k] * np.arange(self.shape[k]) for k in (0, 1)]
        return np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1)

    def nearest(self, points: Float[np.ndarray, "n 2"]) -> Int[np.ndarray, "n 2"]:
        """The position whose center is nearest to each point, (row, column); the lower one of two equally near."""
        place = (np.asarray(points) - self.start) / self.stride
        found: np.ndarray = np.clip(np.ceil(place - 0.5).astype(int), 0, np.array(self.shape) - 1)
        return found


def even_grid(shape: tuple[int, int], size: tuple[int, int]) -> Grid:
    """The middles of cells that divide the image evenly: for layers whose positions see all of it."""
    stride = (size[0] / shape[0], size[1] / shape[1])
    return Grid(shape, (stride[0] / 2, stride[1] / 2), stride)


def columns_at(
    maps: Float[np.ndarray, "c rows columns"], grid: Grid, points: Float[np.ndarray, "n 2"]
) -> Float[np.ndarray, "n c"]:
    """The column of the maps for each point (row, column in pixels)."""
    row, column = grid.nearest(points).T
    return np.asarray(maps[:, row, column].T)
