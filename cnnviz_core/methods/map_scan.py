"""Maps looked at once, as they are computed: their strongest places and their sums.

Compiled, since a separate pass over the maps for each maximum and sum costs more than the convolutions that gave them.
"""

import inspect
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


_ABSENT = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Ranking:
    """The k strongest places so far of each of c channels of maps (h, w), as heaps: the weakest comes first.

    A place is numbered image * h * w + row * w + column. Of equal values the one with the larger number is weaker.
    """

    shape: tuple[int, int]
    values: Float32[np.ndarray, "c k"]
    numbers: Int64[np.ndarray, "c k"]

    @staticmethod
    def empty(channels: int, shape: tuple[int, int], k: int) -> "Ranking":
        values = np.full((channels, k), -np.inf, dtype=np.float32)
        return Ranking(shape, values, np.full((channels, k), _ABSENT))

    @property
    def strongest(self) -> Strongest:
        """All places in order."""
        order = np.lexsort((self.numbers, -self.values), axis=1)
        values, numbers = (np.take_along_axis(found, order, axis=1) for found in (self.values, self.numbers))
        images, place = np.divmod(numbers, self.shape[0] * self.shape[1])
        parts = (images, place // self.shape[1], place % self.shape[1])
        return Strongest(values, *(np.where(numbers == _ABSENT, -1, part).astype(np.int64) for part in parts))


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
    ranking: Ranking,
    *,
    overlap: Bool[np.ndarray, "h w"],
    places: int,
    threads: Executor,
    parts: int,
) -> Sums:
    """Add the strongest places of the images `first`, `first` + 1 ... to the ranking, in place, and sum their maps.

    Of one image at most `places` places of a channel are added. None overlaps a stronger one, where `overlap` says so
    for two places so many rows and columns apart, and for all that are nearer. Images must come in ascending order.
    `parts` threads share the channels, which changes no bit.
    """
    sums = Sums.blank(len(maps), maps.shape[3])
    edges = np.linspace(0, maps.shape[3], parts + 1).astype(int)
    jobs = [
        threads.submit(
            _scan, maps, first, int(start), int(end), overlap, places,
            ranking.values, ranking.numbers, sums.values, sums.squares, sums.zeros, sums.peaks,
        )
        for start, end in pairwise(edges)
    ]  # fmt: skip
    for job in jobs:
        job.result()
    return sums


def _compiled(function: F) -> F:
    plain = inspect.unwrap(function)  # without the checks of types that tests put around it
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy")(plain))


@_compiled
def _scan(
    maps: np.ndarray, first: int, start: int, end: int, overlap: np.ndarray, places: int,
    values: np.ndarray, numbers: np.ndarray,
    totals: np.ndarray, squares: np.ndarray, zeros: np.ndarray, peaks: np.ndarray,
) -> None:  # fmt: skip
    """`scan` for the channels from `start` to `end`."""
    count, height, width, size = maps.shape[0], maps.shape[1], maps.shape[2], end - start
    tops = np.empty((count, height, size), dtype=np.float32)  # the maximum of each row
    found = np.empty((count, places, size), dtype=np.int64)  # where the strongest places of each image are
    for i in range(count):
        _sum(maps, i, start, end, tops[i], totals, squares, zeros, peaks)
    for place in range(places):  # the first of all images first: then few images have a second that is strong enough
        for i in range(count):
            for k in range(size):
                before, least = found[i, :place, k], values[start + k, 0]
                if not peaks[i, start + k] >= least or (place > 0 and before[-1] < 0):
                    found[i, place, k] = -1
                    continue
                value, spot = _next(maps[i, :, :, start + k], tops[i, :, k], overlap, before, least)
                found[i, place, k] = spot
                number = (first + i) * height * width + spot
                if spot >= 0 and _weaker(least, numbers[start + k, 0], value, number):
                    _replace_weakest(values[start + k], numbers[start + k], value, number)


@_compiled
def _sum(
    maps: np.ndarray, i: int, start: int, end: int, tops: np.ndarray,
    totals: np.ndarray, squares: np.ndarray, zeros: np.ndarray, peaks: np.ndarray,
) -> None:  # fmt: skip
    """Go once through the maps of image i. Some rows are summed in 32 bits, and these sums in 64."""
    height, width, size = maps.shape[1], maps.shape[2], end - start
    part, part_squares = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    part_zeros = np.zeros(size, dtype=np.int32)
    rows = 64 // width + 1
    peak = peaks[i, start:end]
    peak[:] = -np.inf
    for r in range(height):
        top = tops[r]
        top[:] = -np.inf
        for q in range(width):
            here = maps[i, r, q, start:end]
            for k in range(size):
                value = here[k]
                top[k] = value if value > top[k] else top[k]
                part[k] += value
                part_squares[k] += value * value
                part_zeros[k] += np.int32(value == 0)
        for k in range(size):
            peak[k] = top[k] if top[k] > peak[k] else peak[k]
        if r % rows == rows - 1 or r == height - 1:
            for k in range(size):
                totals[i, start + k] += part[k]
                squares[i, start + k] += part_squares[k]
                zeros[i, start + k] += part_zeros[k]
            part[:], part_squares[:], part_zeros[:] = 0, 0, 0


@_compiled
def _next(
    channel: np.ndarray, tops: np.ndarray, overlap: np.ndarray, before: np.ndarray, least: float
) -> tuple[float, int]:
    """The strongest place of at least `least` that overlaps none of those before, and its number; -1 for none.

    Only rows whose maximum is larger than what was found are looked at.
    """
    height, width = channel.shape
    for other in before:
        row, column = other // width, other % width
        if overlap[max(row, height - 1 - row), max(column, width - 1 - column)]:
            return least, -1  # even the corner that is furthest away overlaps
    best, spot, start = least, -1, 0
    if len(before) == 0:
        for r in range(height):
            start = r if tops[r] > tops[start] else start
    for r in range(start, height):
        if not (tops[r] > best or (spot < 0 and tops[r] == best)):
            continue
        for q in range(width):
            value = channel[r, q]
            if value > best or (spot < 0 and value == best):
                free = True
                for other in before:
                    row = other // width
                    free &= not overlap[abs(r - row), abs(q - (other - row * width))]
                if free:
                    best, spot = value, r * width + q
    return best, spot


@_compiled
def _replace_weakest(values: np.ndarray, numbers: np.ndarray, value: float, number: int) -> None:
    """Put a place into a heap instead of its first one."""
    spot, k = 0, len(values)
    while True:
        weaker = 2 * spot + 1
        if weaker >= k:
            break
        other = weaker + 1
        if other < k and _weaker(values[other], numbers[other], values[weaker], numbers[weaker]):
            weaker = other
        if not _weaker(values[weaker], numbers[weaker], value, number):
            break
        values[spot], numbers[spot] = values[weaker], numbers[weaker]
        spot = weaker
    values[spot], numbers[spot] = value, number


@_compiled
def _weaker(value: float, number: int, than: float, than_number: int) -> bool:
    return value < than or (value == than and number > than_number)
