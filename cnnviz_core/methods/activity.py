"""How active each channel of a layer is over many images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from cnnviz_core.methods.exact_sum import ExactSum, exactly, total
from cnnviz_core.methods.map_scan import Sums


@dataclass(frozen=True)
class Statistics:
    """Of each of c channels, over all places of all images."""

    mean: Float64[np.ndarray, "c"]
    mean_square: Float64[np.ndarray, "c"]
    zeros: Float64[np.ndarray, "c"]  # share of the values that are exactly zero
    maximum: Float32[np.ndarray, "c"]


@dataclass(frozen=True)
class Activity:
    """What `Statistics` are made from: sums that can be added up in any order and give the same bits."""

    places: int  # how many values of each channel
    sum: ExactSum
    squares: ExactSum
    zeros: Int64[np.ndarray, "c"]
    maximum: Float32[np.ndarray, "c"]

    @property
    def statistics(self) -> Statistics:
        return Statistics(
            self.sum.value / self.places, self.squares.value / self.places, self.zeros / self.places, self.maximum
        )


def activity(sums: Sums, places: int) -> Activity:
    """The activity on some images, of maps of so many places."""
    return Activity(
        len(sums.values) * places, exactly(sums.values), exactly(sums.squares),
        sums.zeros.sum(axis=0), sums.peaks.max(axis=0),
    )  # fmt: skip


def together(parts: Sequence[Activity]) -> Activity:
    """The activity on the images of all parts."""
    return Activity(
        sum(part.places for part in parts), total([part.sum for part in parts]),
        total([part.squares for part in parts]), np.sum([part.zeros for part in parts], axis=0),
        np.max([part.maximum for part in parts], axis=0),
    )  # fmt: skip
