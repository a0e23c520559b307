"""How alike pictures of the same thing are, and whether each is most like one of its own kind.

Pictures are compared by the correlation of their values, all channels together, after averaging to a coarse grid: fine
lines that are shifted by a pixel would otherwise count as different.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch.nn import functional as F


def coarse(pictures: Float[np.ndarray, "n c h w"], side: int = 16) -> Float[np.ndarray, "n c rows columns"]:
    """Means over a grid of at most `side` cells in each direction."""
    size = min(pictures.shape[2], side), min(pictures.shape[3], side)
    return np.asarray(F.adaptive_avg_pool2d(torch.from_numpy(pictures).double(), size).numpy())


def correlations(pictures: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n n"]:
    """Of each with each, over all values of both; 0 with a picture whose values are all equal."""
    values = pictures.reshape(len(pictures), -1).astype(np.float64)
    values = values - values.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    values = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 1e-12 * np.abs(pictures).max())
    return np.asarray(values @ values.T)


def variation(pictures: Float[np.ndarray, "n c h w"]) -> float:
    """One minus the mean correlation of all pairs: 0 where all are alike but for scale and brightness, 1 by chance."""
    pairs = np.triu_indices(len(pictures), 1)
    return float(1 - correlations(pictures)[pairs].mean())


def with_their_kind(
    pictures: Float[np.ndarray, "n c h w"], kinds: Int[np.ndarray, " n"]
) -> Float[np.ndarray, " kinds"]:
    """For each kind, in ascending order, the share of its pictures whose most correlated other one is of that kind."""
    found = correlations(pictures)
    np.fill_diagonal(found, -np.inf)
    own = kinds[found.argmax(axis=1)] == kinds
    return np.array([own[kinds == kind].mean() for kind in np.unique(kinds)])


def paired_correlations(
    first: Float[np.ndarray, "n c h w"], second: Float[np.ndarray, "n c h w"]
) -> Float[np.ndarray, " n"]:
    """Of each picture of the first with its counterpart; not a number (nan) where the values of one are all equal."""
    centered = []
    for pictures in (first, second):
        values = pictures.reshape(len(pictures), -1).astype(np.float64)
        centered.append(values - values.mean(axis=1, keepdims=True))
    products = (centered[0] * centered[1]).sum(axis=1)
    lengths = np.linalg.norm(centered[0], axis=1) * np.linalg.norm(centered[1], axis=1)
    found: np.ndarray = np.divide(products, lengths, out=np.full(len(lengths), np.nan), where=lengths > 0)
    return found
