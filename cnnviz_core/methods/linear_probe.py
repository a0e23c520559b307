"""How well a linear classifier can read the classes from the features of one layer.

Alain and Bengio, Understanding Intermediate Layers Using Linear Classifier Probes, 2016, who gave probes their name.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

STRENGTHS = tuple(10.0**k for k in range(-1, 6))
"""Of the regularizer, among which each training part chooses: it is added to squares of standardized features."""


def folds_of(labels: Int[np.ndarray, " n"], count: int, rng: np.random.Generator) -> Int[np.ndarray, " n"]:
    """The fold of each image, at random, so that every fold has as many images of a class as any other, or one more."""
    folds = np.empty(len(labels), dtype=int)
    start = 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        folds[members] = (start + np.arange(len(members))) % count
        start += len(members)
    return folds


def probed(
    features: Float[np.ndarray, "n d"],
    targets: Sequence[Int[np.ndarray, " n"]],
    folds: Int[np.ndarray, " n"],
    *,
    asked: Sequence[Float[np.ndarray, "n d"]] | None = None,
) -> list[Int[np.ndarray, " n"]]:
    """For each list of targets what a probe answers on each image, of which it was trained on the other folds only.

    A ridge regression on indicators of the classes; the largest output is the answer. Features are standardized by the
    training part; each probe's strength of the regularizer is that of STRENGTHS with the smallest leave-one-out error
    there. Several targets share one decomposition of the features. Each is asked with the features of `asked`, where
    they are given, instead of those that it was trained on.
    """
    answers = [np.full(len(features), -1) for _ in targets]
    asked = [features] * len(targets) if asked is None else asked
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        middle, spread = features[train].mean(axis=0, dtype=float), features[train].std(axis=0, dtype=float)
        spread = np.where(spread > 1e-12, spread, 1)
        left, values, right = np.linalg.svd((features[train] - middle) / spread, full_matrices=False)
        for answer, labels, given in zip(answers, targets, asked, strict=True):
            classes = np.unique(labels[train])
            indicators = (labels[train, None] == classes).astype(float)
            weights = _weights(left, values, indicators - indicators.mean(axis=0))
            outputs = (given[test] - middle) / spread @ (right.T @ weights) + indicators.mean(axis=0)
            answer[test] = classes[outputs.argmax(axis=1)]
    return answers


def _weights(
    left: Float[np.ndarray, "m r"], values: Float[np.ndarray, " r"], centred: Float[np.ndarray, "m classes"]
) -> Float[np.ndarray, "r classes"]:
    """The weights, along the right singular vectors, that have the smallest leave-one-out error (Golub et al. 1979)."""
    projected = left.T @ centred
    best, found = np.inf, np.zeros_like(projected)
    for strength in STRENGTHS:
        kept = values**2 / (values**2 + strength)
        influence = (left**2) @ kept + 1 / len(left)
        residuals = (centred - left @ (kept[:, None] * projected)) / np.maximum(1 - influence, 1e-9)[:, None]
        if (error := float((residuals**2).mean())) < best:
            best, found = error, np.asarray((values / (values**2 + strength))[:, None] * projected)
    return np.asarray(found)
