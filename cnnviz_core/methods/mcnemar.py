"""Whether one of two observers of the same images is right more often."""

from fractions import Fraction
from math import comb


def mcnemar(first_only: int, second_only: int) -> tuple[float, float]:
    """One-sided and two-sided p-values of McNemar's test (1947), exact.

    `first_only` counts the images that only the first observer has right. Images that both have right, or both wrong,
    say nothing about which is better; without a difference, each of the others would be a throw of a fair coin. The
    one-sided value is the probability of at least so many for the better of the two; (1, 1) where there is no such
    image.
    """
    more, n = max(first_only, second_only), first_only + second_only
    tail = Fraction(sum(comb(n, k) for k in range(more, n + 1)), 2**n)
    return float(tail), float(min(2 * tail, Fraction(1)))
