"""Points of a map put into the cells of a grid, one into each cell and none into two."""

from dataclasses import dataclass
from itertools import pairwise
from math import floor, log, sqrt

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

Cells = Int[np.ndarray, " cells"]  # the point in each cell, row by row from the top left

LEEWAY = 1.1  # by which rows may be more or fewer than asked for, for the sake of points without a cell
WINDOW = 16  # cells on each side of the part of a grid that is assigned anew, with all others left as they are
ROWS = 256  # cells whose distances to all points are held at once


@dataclass(frozen=True)
class Filled:
    """A filled grid, and how far it is from the best one."""

    cells: Cells
    cost: float  # sum over cells of the squared distance from the cell to its point, in cells
    bound: float  # no filling costs less than this
    optimal: bool


def grid_size(count: int, ratio: float = 1.0) -> tuple[int, int]:
    """Rows and columns of a grid about `ratio` times as wide as high, by a factor of at most `LEEWAY`, for the points.

    The one that leaves the fewest of the points without a cell; of several, the one nearest to the ratio.
    """
    rows = max(sqrt(count / ratio), 1.0)
    least, most = floor(rows / LEEWAY), floor(rows * LEEWAY)
    tried = range(max(min(least, count), 1), min(most, count) + 1)
    best = min(tried, key=lambda number: (count % number, abs(log(count / number / number / ratio))))
    return best, count // best


def on_grid(place: Float[np.ndarray, "n 2"], size: tuple[int, int]) -> Float[np.ndarray, "n 2"]:
    """Places (x to the right, y upwards) as (row, column), each axis stretched to reach from first to last cell."""
    upright = np.stack([-place[:, 1], place[:, 0]], axis=1).astype(np.float64)
    low, span = upright.min(axis=0), np.ptp(upright, axis=0)
    return np.asarray((upright - low) / np.where(span > 0, span, 1) * (np.array(size) - 1))


def greedy(points: Float[np.ndarray, "n 2"], size: tuple[int, int]) -> Cells:
    """Each cell in reading order takes the nearest point that is left, as in Karpathy's grids of ImageNet codes."""
    left, chosen = np.zeros(len(points)), []
    for cell in _centres(size):
        chosen.append(int((((points - cell) ** 2).sum(axis=1) + left).argmin()))
        left[chosen[-1]] = np.inf
    return np.array(chosen)


def cost(points: Float[np.ndarray, "n 2"], size: tuple[int, int], cells: Cells) -> float:
    """The sum over all cells of the squared distance between the cell and its point."""
    return float(((points[cells] - _centres(size)) ** 2).sum())


def optimal(points: Float[np.ndarray, "n 2"], size: tuple[int, int]) -> Cells:
    """The filling of least cost (Crouse 2016); of more points than cells those are left out that make it cheapest."""
    return _assigned(points, _centres(size))


def filled(points: Float[np.ndarray, "n 2"], size: tuple[int, int], *, exact: int) -> Filled:
    """The best filling of at most `exact` cells; of more, what `improved` makes of `bisected` or `greedy`."""
    best = size[0] * size[1] <= exact
    if best:
        cells = optimal(points, size)
    else:
        start = min(bisected(points, size), greedy(points, size), key=lambda found: cost(points, size, found))
        cells = improved(points, size, start)
    found = cost(points, size, cells)
    return Filled(cells, found, found if best else lower_bound(points, size, cells), best)


def bisected(points: Float[np.ndarray, "n 2"], size: tuple[int, int]) -> Cells:
    """The grid cut in halves across its longer side again and again, and the points in the order along that side.

    Of more points than cells, those are taken that are spread evenly over the list.
    """
    cells = np.empty(size, dtype=np.int64)
    chosen = np.linspace(0, len(points) - 1, cells.size).round().astype(np.int64)
    parts = [(cells, chosen)]
    while parts:
        part, members = parts.pop()
        if part.size == 1:
            part[:] = members[0]
            continue
        axis = int(part.shape[1] >= part.shape[0])
        ordered = members[np.argsort(points[members, axis], kind="stable")]
        first, second = np.array_split(part, 2, axis=axis)
        parts += [(first, ordered[: first.size]), (second, ordered[first.size :])]
    return cells.ravel()


def improved(points: Float[np.ndarray, "n 2"], size: tuple[int, int], cells: Cells, *, least: float = 1e-3) -> Cells:
    """The filling with square windows of it assigned anew, each optimally, until that gains less than `least` of it.

    The windows of a sweep overlap those of the one before by half. Points that were left out may come in.
    """
    table, centres = cells.reshape(size).copy(), _centres(size).reshape(*size, 2)
    before = np.inf
    while (now := cost(points, size, table.ravel())) < before * (1 - least):
        before = now
        for top_left in ((0, 0), (0, 1), (1, 1), (1, 0)):
            for window in _windows(size, top_left):
                held = table[window]
                spare = np.setdiff1d(np.arange(len(points)), table) if len(points) > table.size else held.ravel()[:0]
                pool = np.concatenate([held.ravel(), spare])
                anew = _assigned(points[pool], centres[window].reshape(-1, 2))
                table[window] = pool[anew].reshape(held.shape)
    return table.ravel()


def lower_bound(points: Float[np.ndarray, "n 2"], size: tuple[int, int], cells: Cells, *, rounds: int = 60) -> float:
    """What every filling costs at least, from a good one: the linear program's dual, which is below all of them.

    Any prices of the points, none above 0 for points that may be left out, give a bound: the sum of the prices, and of
    the least distance minus price of each cell. Prices that rise round by round along the cheapest exchanges, as in
    Bellman and Ford's algorithm, bring it to the cost where the filling is optimal, and near it where it is good.
    """
    centres, spare = _centres(size), len(points) > len(cells)
    own = ((points[cells] - centres) ** 2).sum(axis=1)
    prices, best = np.zeros(len(points)), 0.0
    prices[cells] = -float(own.sum() + 1) if spare else 0
    for _ in range(rounds):
        least = _least(centres, points, prices)
        best = max(best, float(least.sum() + prices.sum()))
        prices[cells] = np.minimum(own - least, 0) if spare else own - least
    return best


def _least(
    centres: Float[np.ndarray, "cells 2"], points: Float[np.ndarray, "n 2"], prices: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " cells"]:
    """The least squared distance minus price of each cell, over all points."""
    parts = [
        (_apart(centres[start : start + ROWS], points) - prices).min(axis=1) for start in range(0, len(centres), ROWS)
    ]
    return np.concatenate(parts)


def _centres(size: tuple[int, int]) -> Float[np.ndarray, "cells 2"]:
    return np.argwhere(np.ones(size)).astype(np.float64)


def _assigned(points: Float[np.ndarray, "n 2"], centres: Float[np.ndarray, "cells 2"]) -> Cells:
    return np.asarray(linear_sum_assignment(_apart(centres, points))[1])


def _apart(centres: Float[np.ndarray, "cells 2"], points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "cells n"]:
    """Squared distances."""
    return np.asarray((centres[:, :1] - points[:, 0]) ** 2 + (centres[:, 1:] - points[:, 1]) ** 2)


def _windows(size: tuple[int, int], shift: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Windows that cover the grid, moved by half of their side where `shift` says so."""
    ends = ([0, *range(by * WINDOW // 2, length, WINDOW), length] for by, length in zip(shift, size, strict=True))
    down, across = ([slice(a, b) for a, b in pairwise(cuts) if b > a] for cuts in ends)
    return [(row, column) for row in down for column in across]
