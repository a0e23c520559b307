"""How near points are to each other for a given effective number of neighbours, and how well a map tells that."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cnnviz_core.methods.neighbours import distances

ROWS = 256  # points whose nearness to all others is held at once
EXACT = 1e-9  # of the logarithm of the perplexity, at which the search for a width ends


@dataclass(frozen=True)
class Nearness:
    """The conditional probabilities p(j|i) of van der Maaten and Hinton (2008), eq. 1, by one precision per point.

    They are computed when asked for, in rows: all at once would take n x n numbers.
    """

    points: Float[np.ndarray, "n d"]
    precisions: Float[np.ndarray, " n"]  # 1 / (2 sigma^2)
    nearest: Float[np.ndarray, " n"]  # squared distance to the nearest other point
    totals: Float[np.ndarray, " n"]  # sum of exp(-precision * (squared distance - nearest))
    perplexities: Float[np.ndarray, " n"]  # 2 to the entropy in bits of each row, as it came out
    twins: Float[np.ndarray, " n"]  # how many others are exactly as near as the nearest: no perplexity is below it

    def joint(self, rows: slice) -> Float[np.ndarray, "m n"]:
        """p(i, j) = (p(j|i) + p(i|j)) / 2n for some i and all j; 0 for i = j."""
        apart = distances(self.points, rows)
        own = np.exp(-self.precisions[rows, None] * (apart - self.nearest[rows, None])) / self.totals[rows, None]
        back = np.exp(-self.precisions * (apart - self.nearest)) / self.totals
        return np.asarray((own + back) / (2 * len(self.points)))


def nearness(points: Float[np.ndarray, "n d"], perplexity: float) -> Nearness:
    """The probabilities whose every row has this perplexity, in float64 and over all pairs.

    The precision of a row is searched for by Newton steps inside a bracket that is halved where they leave it. Where
    more points than the perplexity are equally near there is no such precision, and the row comes as near as it can.
    Raises ValueError where the perplexity is not above 1 and below the number of other points.
    """
    if not 1 < perplexity < len(points) - 1:
        raise ValueError(f"perplexity={perplexity} must be above 1 and below {len(points) - 1}, the other points")
    parts = [_searched(distances(points, rows), np.log(perplexity)) for rows in _chunks(len(points))]
    return Nearness(np.asarray(points, dtype=np.float64), *map(np.concatenate, zip(*parts, strict=True)))


def _searched(apart: Float[np.ndarray, "m n"], target: float) -> tuple[np.ndarray, ...]:
    """Precision, nearest distance, total, perplexity and twins of each row."""
    nearest = apart.min(axis=1)
    excess = apart - nearest[:, None]
    finite = np.where(np.isinf(excess), 0, excess)
    scale = finite.sum(axis=1) / (excess.shape[1] - 1)
    at = -np.log(np.where(scale > 0, scale, 1))
    low, high = at - 60, at + 60
    total, entropy = np.empty((2, len(apart)))
    left = np.arange(len(apart))  # rows whose precision is still looked for
    while len(left):
        total[left], entropy[left], slope = _entropy(np.exp(at[left]), excess[left], finite[left])
        error = entropy[left] - target
        low[left], high[left] = np.where(error > 0, at[left], low[left]), np.where(error > 0, high[left], at[left])
        going = (np.abs(error) > EXACT) & (high[left] - low[left] > 1e-9)
        step = (at[left] - error / np.minimum(slope, -1e-12))[going]
        left = left[going]
        inside = (step > low[left]) & (step < high[left])
        at[left] = np.where(inside, step, (low[left] + high[left]) / 2)
    return np.exp(at), nearest, total, np.exp(entropy), (excess == 0).sum(axis=1).astype(float)


def _entropy(
    precision: Float[np.ndarray, " m"], excess: Float[np.ndarray, "m n"], finite: Float[np.ndarray, "m n"]
) -> tuple[np.ndarray, ...]:
    """The total of each row, its entropy in nats, and the change of that with the logarithm of the precision."""
    weights = np.exp(-precision[:, None] * excess)
    total = weights.sum(axis=1)
    mean = np.einsum("mn,mn->m", weights, finite) / total
    squares = np.einsum("mn,mn,mn->m", weights, finite, finite) / total
    return total, np.log(total) + precision * mean, -(precision**2) * np.maximum(squares - mean**2, 0)


def divergence(near: Nearness, place: Float[np.ndarray, "n 2"]) -> float:
    """Kullback and Leibler's divergence of P from Q, the cost of t-SNE (eq. 4 and 5), in nats, over all pairs."""
    terms, weights = 0.0, 0.0
    for rows in _chunks(len(place)):
        p, map_weight = near.joint(rows), 1 / (1 + distances(place, rows))
        told = p > 0
        weights += float(map_weight.sum())
        terms += float((p[told] * np.log(p[told] / map_weight[told])).sum())
    return terms + float(np.log(weights))  # the p sum to one


def _chunks(n: int) -> Iterator[slice]:
    return (slice(start, min(start + ROWS, n)) for start in range(0, n, ROWS))
