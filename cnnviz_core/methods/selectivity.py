"""How well single units tell images with a property from others, told on some images and tested on others."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from cnnviz_core.methods.spearman import ranks


def auc(scores: Float[np.ndarray, "n c"], has: Bool[np.ndarray, "n m"]) -> Float[np.ndarray, "c m"]:
    """The probability that a unit is stronger on an image with a property than on one without; ties count half.

    The area under the ROC curve, by the rank sum (Mann and Whitney 1947). NaN where all images have it or none does.
    """
    places = np.stack([ranks(column) for column in scores.T])
    with_it, without = has.sum(axis=0).astype(float), (~has).sum(axis=0).astype(float)
    above = places @ has.astype(float) - with_it * (with_it + 1) / 2
    return np.where(with_it * without > 0, above / np.maximum(with_it * without, 1), np.nan)


def held_out(
    told: Float[np.ndarray, "c m"], tested: Float[np.ndarray, "c m"]
) -> tuple[Int[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    """The best property of each unit on the first half of the images, and its score on the second.

    The best of many scores is too high by luck; on images that had no part in the choice it is not. NaN never wins.
    """
    best = np.where(np.isnan(told), -np.inf, told).argmax(axis=1)
    return best, tested[np.arange(len(best)), best]


def halves(
    labels: Int[np.ndarray, " n"], rng: np.random.Generator
) -> tuple[Int[np.ndarray, " first"], Int[np.ndarray, " second"]]:
    """Two halves of the images at random, with as many of each label in both, or one more in the first."""
    parts: list[Sequence[int]] = [
        rng.permutation(np.flatnonzero(labels == label)).tolist() for label in np.unique(labels)
    ]
    return tuple(np.sort([i for part in parts for i in part[k::2]]) for k in (0, 1))  # type: ignore[return-value]


def common(has: Bool[np.ndarray, "n m"], least: int) -> Bool[np.ndarray, " m"]:
    """The properties that at least so many images have, and as many have not."""
    return np.asarray(np.minimum(has.sum(axis=0), (~has).sum(axis=0)) >= least)
