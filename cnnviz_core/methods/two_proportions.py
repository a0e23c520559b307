"""Whether two shares differ, if each were of a sample of its own."""

from statistics import NormalDist


def two_proportions(first: int, first_of: int, second: int, second_of: int) -> tuple[float, float]:
    """Z of the difference of two shares, first minus second, with the pooled variance; and its one-sided p-value.

    The p-value is the probability of at least so large a difference in the direction that was found. (0, 0.5) where
    the pooled share is 0 or 1.
    """
    pooled = (first + second) / (first_of + second_of)
    variance = pooled * (1 - pooled) * (1 / first_of + 1 / second_of)
    if variance == 0:
        return 0.0, 0.5
    z = (first / first_of - second / second_of) / variance**0.5
    return z, NormalDist().cdf(-abs(z))
