"""Whether two observers fail on the same images more often than their accuracies alone would bring about."""

from dataclasses import dataclass
from math import comb

import numpy as np
from jaxtyping import Bool


@dataclass(frozen=True)
class Consistency:
    """Agreement of two observers in being right or wrong."""

    observed: float  # share of the images that both have right or both wrong
    expected: float  # that share for independent observers of the same accuracies
    kappa: float | None  # how far it is from there to full agreement; None where the expected agreement is full
    band: tuple[float, float] | None  # of kappa, in which 95 % of such independent observers lie


def error_consistency(first: Bool[np.ndarray, " n"], second: Bool[np.ndarray, " n"]) -> Consistency:
    """Cohen's kappa (1960) of which images are right, as Geirhos, Meding and Wichmann (2020, section 2) use it.

    The band is exact: with the number of right answers of each held fixed and the images of one in random order, the
    number that both have right is hypergeometric.
    """
    n, a, b = len(first), int(first.sum()), int(second.sum())
    expected = (a * b + (n - a) * (n - b)) / n**2
    observed = float((first == second).mean())
    if expected == 1:
        return Consistency(observed, expected, None, None)

    def kappa(share: float) -> float:
        return (share - expected) / (1 - expected)

    low, high = (kappa((n - a - b + 2 * both) / n) for both in _both_right(n, a, b))
    return Consistency(observed, expected, kappa(observed), (low, high))


def _both_right(n: int, a: int, b: int, level: float = 0.95) -> tuple[int, int]:
    """The middle `level` of the number that both have right: quantiles of the hypergeometric distribution."""
    support = range(max(0, a + b - n), min(a, b) + 1)
    whole, tail = comb(n, b), round((1 - level) / 2 * 10**6)
    summed, low, high = 0, None, support[-1]
    for both in support:
        summed += comb(a, both) * comb(n - a, b - both)
        if low is None and summed * 10**6 >= tail * whole:
            low = both
        if summed * 10**6 >= (10**6 - tail) * whole:
            high = both
            break
    return support[0] if low is None else low, high
