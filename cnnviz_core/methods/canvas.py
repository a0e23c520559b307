"""Rows of pictures on one white sheet, with wider gaps where rows do not belong together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Row:
    """Square pictures side by side, of values in [0, 1]."""

    tiles: Float[np.ndarray, "n side side 3"]
    above: int = 0  # pixels between this row and the one before it, beside the usual gap
    middle: int = 0  # pixels between its two halves, beside the usual gap


@dataclass(frozen=True)
class Sheet:
    """The sheet, and where on it the corner (top, left) of each picture of each row is."""

    pixels: Float[np.ndarray, "height width 3"]
    corners: list[list[tuple[int, int]]]


def sheet(rows: Sequence[Row], pad: int) -> Sheet:
    """All rows below each other, with gaps of `pad` pixels between pictures."""
    corners, top = [], 0
    for row in rows:
        n, side = row.tiles.shape[:2]
        top += row.above
        corners.append([(top, k * (side + pad) + (row.middle if k >= n / 2 else 0)) for k in range(n)])
        top += side + pad
    width = max(corner[-1][1] + row.tiles.shape[2] for corner, row in zip(corners, rows, strict=True))
    pixels = np.ones((top - pad, width, 3))
    for places, row in zip(corners, rows, strict=True):
        for (y, x), tile in zip(places, row.tiles, strict=True):
            pixels[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return Sheet(pixels, corners)
