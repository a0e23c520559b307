"""Which points are near each other, whether a map keeps them near, and whether they are of one class."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

Points = Float[np.ndarray, "n _"]
ROWS = 256  # points whose distances to all others are held at once


def distances(points: Points, rows: slice = slice(None)) -> Float[np.ndarray, "m n"]:
    """Squared Euclidean distances of some of the points to all of them; each to itself is infinite."""
    values = np.asarray(points, dtype=np.float64)
    values = values - values.mean(axis=0)  # less is lost where the points are far from zero
    squares, some = (values**2).sum(axis=1), values[rows]
    found: np.ndarray = np.maximum(squares[rows, None] + squares - 2 * some @ values.T, 0)
    found[np.arange(len(some)), np.arange(len(values))[rows]] = np.inf
    return found


def nearest(points: Points, count: int) -> Int[np.ndarray, "n count"]:
    """The `count` nearest other points of each, the nearest first; of equally near ones that with the lower index."""
    return np.concatenate([_order(distances(points, rows))[:, :count] for rows in _chunks(len(points))])


def label_purity(neighbours: Int[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The share of each point's neighbours that have its label."""
    return np.asarray((labels[neighbours] == labels[:, None]).mean(axis=1))


def chance_purity(labels: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The share of all other points that have a point's label: the purity to expect if neighbours meant nothing."""
    return np.asarray((np.bincount(labels)[labels] - 1) / (len(labels) - 1))


def trustworthiness(points: Points, place: Points, count: int) -> Float[np.ndarray, " n"]:
    """How far each point's `count` nearest on the map `place` are among its nearest of the `points`, at most 1.

    One minus the number of ranks by which they fail to be, over the largest that number can be; the mean over all
    points is the trustworthiness of Venna and Kaski (2001). Raises ValueError where `count` is not below n / 2.
    """
    n = len(points)
    if not 0 < count < n / 2:
        raise ValueError(f"count={count} must be at least 1 and below half of the {n} points")
    near, lost = nearest(place, count), np.empty(n)
    for rows in _chunks(n):
        order = _order(distances(points, rows))
        ranks = np.empty_like(order)
        np.put_along_axis(ranks, order, np.broadcast_to(np.arange(1, n + 1), order.shape), axis=1)
        lost[rows] = np.maximum(np.take_along_axis(ranks, near[rows], axis=1) - count, 0).sum(axis=1)
    return np.asarray(1 - lost * 2 / (count * (2 * n - 3 * count - 1)))


def _order(found: Float[np.ndarray, "m n"]) -> Int[np.ndarray, "m n"]:
    return np.argsort(found, axis=1, kind="stable")


def _chunks(n: int) -> Iterator[slice]:
    return (slice(start, min(start + ROWS, n)) for start in range(0, n, ROWS))
