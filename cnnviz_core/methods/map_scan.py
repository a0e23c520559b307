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
_RUN = 8  # places, one after the other in reading order, whose maximum is kept; a multiple of 4
_EXACT = 64  # places that are summed in 32 bits before their sum is added in 64; a multiple of 4


@dataclass(frozen=True)
class Ranking:
    """The k strongest places so far of each of c channels of maps (h, w), as heaps: the weakest comes first.

    A place is numbered image * h * w + row * w + column. Of equal values the one with the larger number is weaker.
    """

    shape: tuple[int, int]
    values: Float32[np.ndarray, "c k"]
    numbers: Int64[np.ndarray, "c k"]

    @staticmethod
    def empty(
        channels: int, shape: tuple[int, int], k: int, floor: Float32[np.ndarray, "c"] | None = None
    ) -> "Ranking":
        """No place yet. With a `floor` for each channel, places weaker than it will not be looked for."""
        values = np.full((channels, k), -np.inf, dtype=np.float32)
        if floor is not None:
            values[:] = floor[:, None]
        return Ranking(shape, values, np.full((channels, k), _ABSENT))

    @property
    def strongest(self) -> Strongest:
        """All places in order."""
        order = np.lexsort((self.numbers, np.where(self.numbers == _ABSENT, np.inf, -self.values)), axis=1)
        values, numbers = (np.take_along_axis(found, order, axis=1) for found in (self.values, self.numbers))
        absent = numbers == _ABSENT
        images, place = np.divmod(numbers, self.shape[0] * self.shape[1])
        parts = (images, place // self.shape[1], place % self.shape[1])
        return Strongest(
            np.where(absent, np.float32(-np.inf), values),
            *(np.where(absent, -1, part).astype(np.int64) for part in parts),
        )


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
    `parts` threads share the images for the sums, then the channels for the ranking, which changes no bit.
    """
    (count, height, width, channels), sums = maps.shape, Sums.blank(len(maps), maps.shape[3])
    flat = maps.reshape(count, height * width, channels)
    reach = overlap.sum(axis=1)  # so many columns apart, and further, places are free
    tops = np.empty((count, -(-height * width // _RUN), channels), dtype=np.float32)  # maximum of each run of places
    summed = (sums.values, sums.squares, sums.zeros, sums.peaks)
    _shared(threads, parts, count, lambda some: _sum(flat[some], tops[some], *(each[some] for each in summed)))
    _shared(
        threads, parts, channels,
        lambda some: _rank(
            flat[:, :, some], tops[:, :, some], sums.peaks[:, some], first, width, reach, places,
            ranking.values[some], ranking.numbers[some],
        ),
    )  # fmt: skip
    return sums


def _shared(threads: Executor, parts: int, count: int, work: Callable[[slice], None]) -> None:
    """Does the work on so many parts of `count` things, each in a thread."""
    edges = np.linspace(0, count, parts + 1).astype(int)
    for job in [threads.submit(work, slice(start, end)) for start, end in pairwise(edges)]:
        job.result()


def _compiled(function: F) -> F:
    plain = inspect.unwrap(function)  # without the checks of types that tests put around it
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy")(plain))


@_compiled
def _sum(
    maps: np.ndarray, tops: np.ndarray, totals: np.ndarray, squares: np.ndarray, zeros: np.ndarray, peaks: np.ndarray
) -> None:
    """Go once through maps (n, places, c). Some places are summed in 32 bits, and these sums in 64."""
    count, places, channels = maps.shape
    for i in range(count):
        part, part_squares = np.zeros(channels, dtype=np.float32), np.zeros(channels, dtype=np.float32)
        part_zeros = np.zeros(channels, dtype=np.int32)
        tops[i], peaks[i] = -np.inf, -np.inf
        for begin in range(0, places, _EXACT):
            stop = min(begin + _EXACT, places)
            for p in range(begin, stop - 3, 4):  # four at once: the sums are read and written less often
                a, b, c, d, top = maps[i, p], maps[i, p + 1], maps[i, p + 2], maps[i, p + 3], tops[i, p // _RUN]
                for k in range(channels):
                    e, f, g, h = a[k], b[k], c[k], d[k]
                    more, other = e if e > f else f, g if g > h else h
                    more = more if more > other else other
                    top[k] = more if more > top[k] else top[k]
                    part[k] += (e + f) + (g + h)
                    part_squares[k] += (e * e + f * f) + (g * g + h * h)
                    part_zeros[k] += np.int32(e == 0) + np.int32(f == 0) + np.int32(g == 0) + np.int32(h == 0)
            for p in range(stop - (stop - begin) % 4, stop):
                here, top = maps[i, p], tops[i, p // _RUN]
                for k in range(channels):
                    value = here[k]
                    top[k] = value if value > top[k] else top[k]
                    part[k] += value
                    part_squares[k] += value * value
                    part_zeros[k] += np.int32(value == 0)
            for k in range(channels):
                totals[i, k] += part[k]
                squares[i, k] += part_squares[k]
                zeros[i, k] += part_zeros[k]
            part[:], part_squares[:], part_zeros[:] = 0, 0, 0
        for run in range(tops.shape[1]):
            for k in range(channels):
                peaks[i, k] = tops[i, run, k] if tops[i, run, k] > peaks[i, k] else peaks[i, k]


@_compiled
def _rank(
    maps: np.ndarray, tops: np.ndarray, peaks: np.ndarray, first: int, width: int, reach: np.ndarray, places: int,
    values: np.ndarray, numbers: np.ndarray,
) -> None:  # fmt: skip
    """Put the strongest places of maps (n, places, c) into the heaps of their channels."""
    count, size, channels = maps.shape
    rows, columns = np.empty((2, places), dtype=np.int64)
    for i in range(count):
        for k in range(channels):
            for place in range(places):
                least, full = values[k, 0], numbers[k, 0] != _ABSENT  # then equal ones of later images are weaker
                if not peaks[i, k] >= least or (full and peaks[i, k] == least):
                    break
                channel, runs = maps[i, :, k], tops[i, :, k]
                if place == 0:
                    spot = _first(channel, runs, peaks[i, k])
                else:
                    spot = _next(channel, runs, width, reach, rows[:place], columns[:place], least, not full)
                if spot < 0:
                    break
                rows[place], columns[place] = spot // width, spot % width
                _replace_weakest(values[k], numbers[k], channel[spot], (first + i) * size + spot)


@_compiled
def _first(channel: np.ndarray, tops: np.ndarray, peak: float) -> int:
    """The first place that has the largest value."""
    run = 0
    while tops[run] != peak:
        run += 1
    spot = run * _RUN
    while channel[spot] != peak:
        spot += 1
    return spot


@_compiled
def _next(
    channel: np.ndarray, tops: np.ndarray, width: int, reach: np.ndarray, rows: np.ndarray, columns: np.ndarray,
    least: float, ties: bool,
) -> int:  # fmt: skip
    """The strongest place above `least`, with `ties` also at it, that overlaps none at these rows and columns, or -1.

    Only runs whose maximum is larger than what was found are looked at.
    """
    size = len(channel)
    best, spot = least, -1
    if _taken(0, len(reach) - 1, 0, width - 1, reach, rows, columns):
        return spot
    for run in range(len(tops)):
        if not (tops[run] > best or (ties and spot < 0 and tops[run] == best)):
            continue
        start, end = run * _RUN, min((run + 1) * _RUN, size)
        r, q = start // width, start % width
        if q + end - start <= width and _taken(r, r, q, q + end - start - 1, reach, rows, columns):
            continue
        for p in range(start, end):
            value = channel[p]
            if (value > best or (ties and spot < 0 and value == best)) and not _taken(r, r, q, q, reach, rows, columns):
                best, spot = value, p
            q += 1
            if q == width:
                r, q = r + 1, 0
    return spot


@_compiled
def _taken(
    top: int, bottom: int, left: int, right: int, reach: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> bool:
    """Whether one place overlaps a whole rectangle, whose last row and column are `bottom` and `right`."""
    for other in range(len(rows)):
        down = max(bottom - rows[other], rows[other] - top)
        if max(right - columns[other], columns[other] - left) < reach[down]:
            return True
    return False


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
