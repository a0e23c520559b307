"""How far apart the codes of adjacent tiles of a grid are, as drawn by Karpathy over his grids of ImageNet codes."""

import numpy as np
from jaxtyping import Float


def seams(
    codes: Float[np.ndarray, "rows columns d"],
) -> tuple[Float[np.ndarray, "rows columns_less_1"], Float[np.ndarray, "rows_less_1 columns"]]:
    """Euclidean distance of each code to that of the tile on its right, and to that of the tile below."""
    values = codes.astype(np.float64)
    right = np.sqrt(((values[:, 1:] - values[:, :-1]) ** 2).sum(axis=2))
    below = np.sqrt(((values[1:] - values[:-1]) ** 2).sum(axis=2))
    return np.asarray(right), np.asarray(below)


def random_pairs(codes: Float[np.ndarray, "n d"], count: int, rng: np.random.Generator) -> Float[np.ndarray, " count"]:
    """Euclidean distances of pairs of different codes that are drawn at random."""
    first = rng.integers(len(codes), size=count)
    second = (first + rng.integers(1, len(codes), size=count)) % len(codes)
    return np.asarray(np.sqrt(((codes[first].astype(np.float64) - codes[second]) ** 2).sum(axis=1)))
