"""Where a keypoint is: a linear classifier at every position of a layer, and a prior from similar objects.

Long, Zhang and Darrell 2014, who slide linear classifiers over features and add a Gaussian around the mean location of
the keypoint in nearest neighbors.
"""

import numpy as np
from jaxtyping import Float, Int

from cnnviz_core.methods.features_at import Grid

STRENGTH = 0.1  # of the regularizer, per row, on standardized features


def around(maps: Float[np.ndarray, "c rows columns"], side: int) -> Float[np.ndarray, "rows columns d"]:
    """The columns of the side x side positions around each position, one after the other; zero beyond the edge."""
    reach, (rows, columns) = side // 2, maps.shape[1:]
    padded = np.pad(maps, ((0, 0), (reach, reach), (reach, reach)))
    parts = [padded[:, y : y + rows, x : x + columns] for y in range(side) for x in range(side)]
    return np.concatenate(parts).transpose(1, 2, 0)


def detectors(
    features: Float[np.ndarray, "n d"], kinds: Int[np.ndarray, " n"], count: int
) -> tuple[Float[np.ndarray, "d count"], Float[np.ndarray, " count"]]:
    """Weights and offsets of linear detectors of `count` keypoints; `kinds` is -1 for a place that is none of them.

    A ridge regression on one where the keypoint is and zero elsewhere, with features standardized.
    """
    middle, spread = features.mean(axis=0, dtype=float), features.std(axis=0, dtype=float)
    spread = np.where(spread > 1e-12, spread, 1)
    scaled = (features - middle) / spread
    targets = (kinds[:, None] == np.arange(count)).astype(float)
    centred, strength = targets - targets.mean(axis=0), STRENGTH * len(features)
    if len(features) < features.shape[1]:  # the same solution, by the smaller of two systems
        dual = np.linalg.solve(scaled @ scaled.T + strength * np.eye(len(features)), centred)
        weights = scaled.T @ dual / spread[:, None]
    else:
        gram = scaled.T @ scaled + strength * np.eye(scaled.shape[1])
        weights = np.linalg.solve(gram, scaled.T @ centred) / spread[:, None]
    return weights, targets.mean(axis=0) - middle @ weights


def log_prior(grid: Grid, mean: Float[np.ndarray, "k 2"], width: float) -> Float[np.ndarray, "rows columns k"]:
    """The logarithm of a round Gaussian of deviation `width`, in pixels, around each mean; 0 where it is NaN."""
    squares = ((grid.centres()[:, :, None] - mean) ** 2).sum(axis=3)
    return np.asarray(np.nan_to_num(-squares / (2 * width**2), nan=0.0))


def found_at(
    scores: Float[np.ndarray, "rows columns k"], prior: Float[np.ndarray, "rows columns k"], weight: float, grid: Grid
) -> Float[np.ndarray, "k 2"]:
    """The center of the position where the score plus weight times the prior is largest.

    Scores count in standard deviations over the positions.
    """
    spread = scores.std(axis=(0, 1), keepdims=True)
    total = (scores - scores.mean(axis=(0, 1), keepdims=True)) / np.where(spread > 0, spread, 1) + weight * prior
    best = total.reshape(-1, scores.shape[2]).argmax(axis=0)
    return np.asarray(grid.centres().reshape(-1, 2)[best])


def mean_places(places: Float[np.ndarray, "n k 2"], near: Int[np.ndarray, " m"]) -> Float[np.ndarray, "k 2"]:
    """The mean place of each keypoint in the objects of `near` that show it (NaN: not shown); NaN where none does."""
    chosen = places[near]
    shown = np.isfinite(chosen[..., 0]).sum(axis=0)[:, None]
    return np.where(shown > 0, np.nan_to_num(chosen).sum(axis=0) / np.maximum(shown, 1), np.nan)
