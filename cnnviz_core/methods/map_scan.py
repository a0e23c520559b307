"""Maps looked at once, as they are computed: their strongest places and their sums.

Compiled, since a separate pass over the maps for each maximum and sum costs more than the convolutions that gave them.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar, cast

import numba
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from cnnviz_core.methods.strongest import Strongest

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True)
class Sums:
    """Over all places of each map of n images."""

    values: Float64[np.ndarray, "n c"]
    squares: Float64[np.ndarray, "n c"]
    zeros: Int64[np.ndarray, "n c"]
    peaks: Float32[np.ndarray, "n c"]

    @staticmethod
    def blank(images: int, channels: int) -> "Sums":
        real = np.zeros((images, channels))
        peaks = np.zeros((images, channels), dtype=np.float32)
        return Sums(real, real.copy(), np.zeros((images, channels), dtype=np.int64), peaks)


def scan(
    maps: Float32[np.ndarray, "n h w c"],
    first: int,
    strongest: Strongest,
    *,
    overlap: Bool[np.ndarray, "h w"],
    places: int,
    threads: Executor,
    parts: int,
) -> Sums:
    """Add the strongest places of the images `first`, `first` + 1 ... to `strongest`, in place, and sum their maps.

    Of one image at most `places` places of a channel are added, none `overlap`ping a stronger one. Images must come in
    ascending order. `parts` threads share the channels, which changes no bit.
    """
    sums = Sums.blank(len(maps), maps.shape[3])
    edges = np.linspace(0, maps.shape[3], parts + 1).astype(int)
    jobs = [
        threads.submit(
            _scan, maps, first, int(start), int(end), overlap, places,
            strongest.values, strongest.images, strongest.rows, strongest.columns,
            sums.values, sums.squares, sums.zeros, sums.peaks,
        )
        for start, end in pairwise(edges)
    ]  # fmt: skip
    for job in jobs:
        job.result()
    return sums


def _compiled(function: F) -> F:
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


@_compiled
def _scan(
    maps: np.ndarray, first: int, start: int, end: int, overlap: np.ndarray, places: int,
    values: np.ndarray, images: np.ndarray, rows: np.ndarray, columns: np.ndarray,
    totals: np.ndarray, squares: np.ndarray, zeros: np.ndarray, peaks: np.ndarray,
) -> None:  # fmt: skip
    """`scan` for the channels from `start` to `end`."""
    count, height, width = maps.shape[0], maps.shape[1], maps.shape[2]
    size = end - start
    tops = np.empty((height, size), dtype=np.float32)  # the maximum of each row
    row_sum, row_squares = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.float32)
    row_zeros = np.empty(size, dtype=np.int32)
    found_rows, found_columns = np.empty(places, dtype=np.int64), np.empty(places, dtype=np.int64)
    for i in range(count):
        for r in range(height):
            top = tops[r]
            top[:] = -np.inf
            row_sum[:], row_squares[:], row_zeros[:] = 0, 0, 0
            for q in range(width):
                here = maps[i, r, q, start:end]
                for k in range(size):
                    value = here[k]
                    top[k] = value if value > top[k] else top[k]
                    row_sum[k] += value
                    row_squares[k] += value * value
                    row_zeros[k] += np.int32(value == 0)
            for k in range(size):
                totals[i, start + k] += row_sum[k]
                squares[i, start + k] += row_squares[k]
                zeros[i, start + k] += row_zeros[k]
        for k in range(size):
            channel = start + k
            peaks[i, channel] = np.max(tops[:, k])
            least = values[channel, -1]
            for place in range(places):
                best, row, column = _next(
                    maps[i, :, :, channel], tops[:, k], overlap, found_rows, found_columns, place, least
                )
                if row < 0:
                    break
                found_rows[place], found_columns[place] = row, column
                _insert(best, first + i, row, column, values[channel], images[channel], rows[channel], columns[channel])
                least = values[channel, -1]


@_compiled
def _next(
    channel: np.ndarray, tops: np.ndarray, overlap: np.ndarray, found_rows: np.ndarray, found_columns: np.ndarray,
    found: int, least: float,
) -> tuple[float, int, int]:  # fmt: skip
    """The strongest place above `least` that overlaps none of those found before; row -1 where there is none."""
    best, row, column = least, -1, -1
    for r in range(channel.shape[0]):
        if not tops[r] > best:
            continue
        for q in range(channel.shape[1]):
            value = channel[r, q]
            if value > best:
                free = True
                for other in range(found):
                    free &= not overlap[abs(r - found_rows[other]), abs(q - found_columns[other])]
                if free:
                    best, row, column = value, r, q
    return best, row, column


@_compiled
def _insert(
    value: float, image: int, row: int, column: int,
    values: np.ndarray, images: np.ndarray, rows: np.ndarray, columns: np.ndarray,
) -> None:  # fmt: skip
    """Put a place after all that are as strong, and drop the last."""
    spot = len(values) - 1
    while spot > 0 and values[spot - 1] < value:
        values[spot], images[spot] = values[spot - 1], images[spot - 1]
        rows[spot], columns[spot] = rows[spot - 1], columns[spot - 1]
        spot -= 1
    values[spot], images[spot], rows[spot], columns[spot] = value, image, row, column
