"""Which places of a unit are shown, and which units of a layer."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from cnnviz_core.methods.strongest import Strongest


def one_per_image(found: Strongest, count: int) -> Strongest:
    """The strongest place of each of at most `count` images, for each channel."""
    k = found.values.shape[1]
    earlier = (found.images[:, :, None] == found.images[:, None, :]) & np.tri(k, k=-1, dtype=bool)
    absent = (found.images < 0) | earlier.any(axis=2)
    order = np.argsort(absent, axis=1, kind="stable")[:, :count]
    rows, columns, images = (np.take_along_axis(part, order, axis=1)
                             for part in (found.rows, found.columns, found.images))  # fmt: skip
    gone = np.take_along_axis(absent, order, axis=1)
    values = np.where(gone, np.float32(-np.inf), np.take_along_axis(found.values, order, axis=1))
    first = Strongest(values, *(np.where(gone, -1, part) for part in (images, rows, columns)))
    return replace(first, values=values.astype(np.float32))


def responding(found: Strongest) -> Int[np.ndarray, " live"]:
    """The channels that are above zero at all of their places."""
    return np.flatnonzero(found.values[:, -1] > 0)


def likes(codes: Float[np.ndarray, "n d"], images: Int[np.ndarray, "c k"]) -> Float[np.ndarray, "c d"]:
    """The mean direction in which the codes of each channel's images lie from the mean code of all.

    Its length, from 0 to 1, says how much the images of the channel have in common in the eyes of the network.
    Images of -1 are left out.
    """
    centered = np.asarray(codes, dtype=np.float32) - np.mean(codes, axis=0, dtype=np.float64).astype(np.float32)
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    directions = np.divide(centered, lengths, out=np.zeros_like(centered), where=lengths > 0)
    return np.array([directions[row[row >= 0]].mean(axis=0) if (row >= 0).any() else 0 * directions[0]
                     for row in images])  # fmt: skip


def distinct(directions: Float[np.ndarray, "c d"], count: int) -> list[int]:
    """At most `count` channels, one after the other: that whose images have most in common and least with the others'.

    The length of its direction times one minus the largest cosine, at least 0, with those chosen before is largest.
    """
    lengths = np.linalg.norm(directions, axis=1)
    unit = np.divide(directions, lengths[:, None], out=np.zeros_like(directions), where=lengths[:, None] > 0)
    nearest, chosen = np.zeros(len(directions)), list[int]()
    for _ in range(min(count, len(directions))):
        score = lengths * (1 - nearest)
        score[chosen] = -np.inf
        chosen.append(int(score.argmax()))
        nearest = np.maximum(nearest, unit @ unit[chosen[-1]])
    return chosen
