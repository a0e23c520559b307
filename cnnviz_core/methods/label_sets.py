"""Sets of images whose labels are compared: drawn at random, and when labels say nothing."""

import numpy as np
from jaxtyping import Int


def random_sets(total: int, count: int, draws: int, rng: np.random.Generator) -> Int[np.ndarray, "draws count"]:
    """`draws` sets of `count` of the images 0 to `total` - 1, in each of which none comes twice."""
    return np.stack([rng.choice(total, size=count, replace=False) for _ in range(draws)])


def silent_labels(labels: Int[np.ndarray, " n"], count: int) -> str:
    """Why the labels of sets of `count` images say nothing about what these have in common; empty where they do."""
    kinds = len(np.unique(labels))
    if kinds == len(labels):
        return "no two images of the data set have the same label"
    if kinds == 1:
        return "all images of the data set have the same label"
    if len(labels) < 2 * count:
        return f"the data set has {len(labels)} images, fewer than two sets of {count}"
    return ""
