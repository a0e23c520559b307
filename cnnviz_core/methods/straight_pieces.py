"""How well curves are described by straight pieces that break at the same places, and by polynomials."""

import numpy as np
from jaxtyping import Float


def straight_pieces(
    x: Float[np.ndarray, " n"], curves: Float[np.ndarray, "n c"], count: int
) -> tuple[list[int], float, list[float]]:
    """The best `count` straight pieces: where each begins, the share of the curves' variance they leave, and the share
    of the variance within each piece that its line explains (R^2; 1 where the curves do not vary there).

    Each piece has two points at least, and lines of its own for all curves; they need not meet. Best is the smallest
    sum of squared differences over all curves, found exactly by dynamic programming (Bellman 1961).
    """
    costs, total = _line_costs(x, curves)
    best = [costs[0]]  # by the last point of the pieces so far
    chosen = []
    for _ in range(1, count):
        through = np.full((len(x), len(x)), np.inf)
        through[1:] = best[-1][:-1, None] + costs[1:]  # by the first point of the new piece, and its last
        chosen.append(through.argmin(axis=0))
        best.append(through.min(axis=0))
    starts: list[int] = []
    end = len(x) - 1
    for choice in reversed(chosen):
        starts.insert(0, int(choice[end]))
        end = starts[0] - 1
    starts.insert(0, 0)
    ends = [*(start - 1 for start in starts[1:]), len(x) - 1]
    return (
        starts,
        _share(float(best[-1][-1]), total),
        [1 - _share(costs[a, b], _spread(curves[a : b + 1])) for a, b in zip(starts, ends, strict=True)],
    )


def polynomial_left(x: Float[np.ndarray, " n"], curves: Float[np.ndarray, "n c"], degree: int) -> float:
    """The share of the curves' variance that polynomials of that degree, fitted to each, leave."""
    basis = np.polynomial.chebyshev.chebvander(2 * (x - x[0]) / (x[-1] - x[0]) - 1, degree)
    fitted = basis @ np.linalg.lstsq(basis, curves, rcond=None)[0]
    return _share(float(np.square(curves - fitted).sum()), _spread(curves))


def _line_costs(x: Float[np.ndarray, " n"], curves: Float[np.ndarray, "n c"]) -> tuple[Float[np.ndarray, "n n"], float]:
    """What is left of the curves around their lines from each point to each later one, and around their means."""
    n, y = len(x), curves - curves.mean(axis=0)
    x = (x - x.mean()) / (np.ptp(x) or 1)
    costs = np.full((n, n), np.inf)
    for first in range(n - 1):
        xs, ys = x[first:], y[first:]
        counts = np.arange(1, n - first + 1)
        sum_x, sum_xx = xs.cumsum(), np.square(xs).cumsum()
        sum_y, sum_yy, sum_xy = ys.cumsum(axis=0), np.square(ys).sum(axis=1).cumsum(), (xs[:, None] * ys).cumsum(axis=0)
        spread_x = sum_xx - sum_x**2 / counts
        spread_y = sum_yy - np.square(sum_y).sum(axis=1) / counts
        together = np.square(sum_xy - sum_x[:, None] * sum_y / counts[:, None]).sum(axis=1)
        costs[first, first + 1 :] = np.maximum(spread_y[1:] - together[1:] / spread_x[1:], 0)
    return costs, _spread(curves)


def _spread(curves: Float[np.ndarray, "n c"]) -> float:
    return float(np.square(curves - curves.mean(axis=0)).sum())


def _share(left: float, total: float) -> float:
    return left / total if total > 0 else 0.0
