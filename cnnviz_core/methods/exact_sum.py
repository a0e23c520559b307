"""Sums that are the same in whatever order and in whatever groups their terms are added."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

_BITS = 52  # after the binary point: each term is rounded to a multiple of 2^-52 once, and nothing is rounded later
_UNIT = 2.0**_BITS


@dataclass(frozen=True)
class ExactSum:
    """Sums of c series of numbers, as whole + part / 2^52 with 0 <= part < 2^52: addition of whole numbers.

    Floating-point addition is not associative, so that a sum of sums depends on how many workers shared the work.
    """

    whole: Int64[np.ndarray, "c"]
    part: Int64[np.ndarray, "c"]

    @property
    def value(self) -> Float64[np.ndarray, "c"]:
        return self.whole + self.part / _UNIT

    def __add__(self, other: "ExactSum") -> "ExactSum":
        return _carried(self.whole + other.whole, self.part + other.part)


def exactly(terms: Float64[np.ndarray, "n c"]) -> ExactSum:
    """The sums of c series of n numbers, at most 2,048. Raises OverflowError beyond 2^62, where whole numbers end."""
    if not np.all(np.abs(terms).sum(axis=0) < 2.0**62):
        raise OverflowError("a sum of activations is infinite, not a number, or above 4.6e18")
    whole = np.floor(terms)
    parts = np.rint((terms - whole) * _UNIT).astype(np.int64)
    return _carried(whole.astype(np.int64).sum(axis=0), parts.sum(axis=0))


def total(sums: Sequence[ExactSum]) -> ExactSum:
    """The sum of all."""
    result = sums[0]
    for other in sums[1:]:
        result = result + other
    return result


def _carried(whole: Int64[np.ndarray, "c"], part: Int64[np.ndarray, "c"]) -> ExactSum:
    return ExactSum(whole + (part >> _BITS), part & ((1 << _BITS) - 1))
