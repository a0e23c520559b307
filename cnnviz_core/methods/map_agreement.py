"""How alike two maps of importance are, whatever their scales: rank correlation over the pixels.

Adebayo et al., Sanity Checks for Saliency Maps, 2018, compare maps by it, among other measures.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from cnnviz_core.methods.spearman import ranks

Unit = Float[np.ndarray, "n pixels"]


def unit_ranks(maps: Float[np.ndarray, "n h w"]) -> Unit:
    """The ranks of each map's pixels, centered and of length 1; zeros where all pixels are equal: an empty map.

    The product of two such rows is Spearman's correlation. An empty map agrees with none: 0.
    """
    rows = np.stack([ranks(values) for values in maps.reshape(len(maps), -1)])
    rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0))


def agreement(first: Unit, second: Unit) -> Float[np.ndarray, " n"]:
    """Spearman's correlation of each pair of maps, from -1 to 1, from what `unit_ranks` made of them."""
    return np.asarray((first * second).sum(axis=1))


def empty(maps: Unit) -> Bool[np.ndarray, " n"]:
    """Which maps are the same all over, and so say nothing."""
    return np.asarray(~maps.any(axis=1))


def agreements(kinds: Sequence[Unit]) -> Float[np.ndarray, "kinds kinds"]:
    """The mean correlation of each kind of map with each other kind, over the images for which neither is empty.

    NaN where there is no such image.
    """
    found = np.full((len(kinds), len(kinds)), np.nan)
    for i, first in enumerate(kinds):
        for j, second in enumerate(kinds):
            both = ~(empty(first) | empty(second))
            if both.any():
                found[i, j] = agreement(first, second)[both].mean()
    return found


def with_others(first: Unit, second: Unit) -> Float[np.ndarray, " n"]:
    """The mean correlation of each image's first map with the second maps of all other images, of which one is needed.

    It is what maps have in common for other reasons than the image, such as that they are bright in the middle.
    """
    products = first @ second.T
    return np.asarray((products.sum(axis=1) - products.diagonal()) / (len(first) - 1))


def evenness(maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """How alike neighbors are: the rank correlation of each map with itself moved by a pixel, over both directions."""
    across = agreement(unit_ranks(maps[:, :, 1:]), unit_ranks(maps[:, :, :-1]))
    down = agreement(unit_ranks(maps[:, 1:]), unit_ranks(maps[:, :-1]))
    return np.asarray((across + down) / 2)
