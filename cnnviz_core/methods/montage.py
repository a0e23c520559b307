"""Many small pictures in one large one: at places of a map, or in a grid with colored seams."""

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn import functional as F

Tiles = UInt8[np.ndarray, "n side side 3"]


def thumbnails(images: Float[Tensor, "n 3 h w"], side: int) -> Tiles:
    """Images in [0, 1] as small squares in 8 bit: the middle of each, brought to `side` pixels (antialiased)."""
    height, width = images.shape[2:]
    least = min(height, width)
    top, left = (height - least) // 2, (width - least) // 2
    squares = images[:, :, top : top + least, left : left + least].float().cpu()
    small = F.interpolate(squares, (side, side), mode="bilinear", antialias=True, align_corners=False)
    return np.asarray((small.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())


def smaller(tiles: Tiles, side: int) -> UInt8[np.ndarray, "n {side} {side} 3"]:
    """Squares of 8 bit brought to `side` pixels (antialiased)."""
    return thumbnails(torch.from_numpy(tiles).permute(0, 3, 1, 2) / 255, side)


def sheet_side(count: int, most: int, pixels: int = 2**23) -> int:
    """The side of tiles on a sheet of so many pixels in all: a multiple of 8, from 24 to 128, not far above `most`."""
    return min(max(int(np.sqrt(pixels / count)) // 8 * 8, 24), 128, -(-most // 8) * 8)


def scattered(tiles: Tiles, corners: Int[np.ndarray, "n 2"], size: tuple[int, int]) -> UInt8[np.ndarray, "h w 3"]:
    """The tiles with these top and left pixels on white of (height, width) pixels; later ones on top."""
    side = tiles.shape[1]
    canvas = np.full((*size, 3), 255, dtype=np.uint8)
    for tile, (top, left) in zip(tiles, corners, strict=True):
        canvas[top : top + side, left : left + side] = tile
    return canvas


def corners(place: Float[np.ndarray, "n 2"], size: tuple[int, int], side: int) -> Int[np.ndarray, "n 2"]:
    """Top and left pixel of tiles of `side` pixels at places (x to the right, y upwards) of (height, width) pixels.

    Each axis is stretched so that the outermost tiles touch the border.
    """
    upright = np.stack([-place[:, 1], place[:, 0]], axis=1)
    low, span = upright.min(axis=0), np.ptp(upright, axis=0)
    share = (upright - low) / np.where(span > 0, span, 1)
    return np.asarray((share * (np.array(size) - side)).round().astype(np.int64))


def apart(corners: Int[np.ndarray, "n 2"], least: float) -> list[int]:
    """One tile after the other, without those that are within `least` pixels, down and across, of one that is there."""
    kept: list[int] = []
    for i, corner in enumerate(corners):
        if not kept or (np.abs(corners[kept] - corner).max(axis=1) >= least).all():
            kept.append(i)
    return kept


def seamed(
    tiles: UInt8[np.ndarray, "rows columns side side 3"],
    right: UInt8[np.ndarray, "rows columns_less_1 3"],
    below: UInt8[np.ndarray, "rows_less_1 columns 3"],
    *,
    width: int,
) -> UInt8[np.ndarray, "h w 3"]:
    """The tiles side by side with seams of `width` pixels between them in these colors; black where four meet."""
    rows, columns, side = tiles.shape[:3]
    step = side + width
    whole = np.zeros((rows * step - width, columns * step - width, 3), dtype=np.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = row * step, column * step
            whole[top : top + side, left : left + side] = tiles[row, column]
            if column < columns - 1:
                whole[top : top + side, left + side : left + step] = right[row, column]
            if row < rows - 1:
                whole[top + side : top + step, left : left + side] = below[row, column]
    return whole
