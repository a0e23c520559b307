"""Many small pictures side by side in one array, as in Caffe's filter visualization notebook."""

from math import ceil, sqrt

import numpy as np
import torch
from jaxtyping import Float
from torch.nn import functional as F


def scaled(data: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The data brought to [0, 1] by one minimum and one maximum for all of it; zeros where all values are equal."""
    low, high = float(data.min()), float(data.max())
    return (data - low) / (high - low) if high > low else np.zeros_like(data)


def tiled(
    data: Float[np.ndarray, "n h w *c"], *, columns: int, pad: int = 1, pad_value: float = 1.0
) -> Float[np.ndarray, "height width *c"]:
    """The n pictures row by row, `columns` to a row, with `pad` pixels of `pad_value` between them."""
    rows = ceil(len(data) / columns)
    missing = rows * columns - len(data)
    rest = ((0, 0),) * (data.ndim - 3)
    padded = np.pad(data, ((0, missing), (0, pad), (0, pad), *rest), constant_values=pad_value)
    cells = padded.reshape(rows, columns, *padded.shape[1:]).swapaxes(1, 2)
    whole = cells.reshape(rows * padded.shape[1], columns * padded.shape[2], *data.shape[3:])
    return whole[: whole.shape[0] - pad, : whole.shape[1] - pad]


def untiled(
    whole: Float[np.ndarray, "height width *c"], *, count: int, size: tuple[int, int], pad: int = 1
) -> Float[np.ndarray, "n h w *c"]:
    """The first `count` pictures of `size` back from what `tiled` put together."""
    step = size[0] + pad, size[1] + pad
    columns = (whole.shape[1] + pad) // step[1]
    corners = [(step[0] * (k // columns), step[1] * (k % columns)) for k in range(count)]
    return np.stack([whole[top : top + size[0], left : left + size[1]] for top, left in corners])


def enlarged(data: Float[np.ndarray, "n h w *c"], least: int = 16) -> Float[np.ndarray, "n height width *c"]:
    """Each pixel repeated equally often, to a height of at least `least` pixels: lines between such tiles are thin."""
    times = max(1, ceil(least / data.shape[1]))
    return data.repeat(times, axis=1).repeat(times, axis=2)


def magnified(data: Float[np.ndarray, "n h w c"], side: int) -> Float[np.ndarray, "n side side c"]:
    """Pictures with values in [0, 1] brought smoothly (bicubic) to squares; middle gray where they are not square."""
    longer = max(data.shape[1:3])
    size = [max(round(length * side / longer), 1) for length in data.shape[1:3]]
    pictures = torch.from_numpy(data.transpose(0, 3, 1, 2).copy())
    found = F.interpolate(pictures, size, mode="bicubic", antialias=True).clamp(0, 1).numpy().transpose(0, 2, 3, 1)
    squares = np.full((len(data), side, side, data.shape[3]), 0.5, dtype=found.dtype)
    top, left = ((side - length) // 2 for length in size)
    squares[:, top : top + size[0], left : left + size[1]] = found
    return squares


def square_columns(count: int) -> int:
    """Pictures to a row in a grid of about as many rows as columns."""
    return ceil(sqrt(count))


def vis_square(
    data: Float[np.ndarray, "n h w *c"], *, pad: int = 1, pad_value: float = 1.0
) -> Float[np.ndarray, "height width *c"]:
    """A near-square grid of n pictures, one scale for all of them: an all-zero map looks different from a weak one.

    Caffe's filter visualization notebook (Jia et al. 2014), which made the pictures of the CS231n notes.
    """
    return tiled(scaled(data), columns=square_columns(len(data)), pad=pad, pad_value=pad_value)
