"""How alike the changes of a feature are that hiding the same part makes in different images.

Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 4.3.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int


def signs(change: Float[np.ndarray, "n d"], size: float) -> Int[np.ndarray, "n d"]:
    """-1, 0 or 1: 0 where a number has not changed by more than rounding does, a millionth of `size`."""
    return np.where(np.abs(change) <= 1e-6 * size, 0, np.sign(change)).astype(np.int8)


def sign_distances(first: Int[np.ndarray, "n d"], second: Int[np.ndarray, "m d"]) -> Float[np.ndarray, "n m"]:
    """Normalized Hamming distance of each row to each: the share of entries in which their signs differ."""
    agree = [(first == sign).astype(np.float32) @ (second == sign).astype(np.float32).T for sign in (-1, 0, 1)]
    found: np.ndarray = 1 - np.sum(agree, axis=0).astype(float) / first.shape[1]
    return found


def pairs(distances: Float[np.ndarray, "n n"]) -> Float[np.ndarray, " pairs"]:
    """The distances of all ordered pairs of different images."""
    return distances[~np.eye(len(distances), dtype=bool)]


def drawn_means(
    distances: Float[np.ndarray, "*k n n"], draws: int, rng: np.random.Generator
) -> Float[np.ndarray, "draws *k"]:
    """Means over pairs of different images, of the images drawn again from themselves; the same draws for all k.

    An image drawn twice is no pair with itself; where all draws are one image, the mean over all pairs stands.
    """
    n = distances.shape[-1]
    counts = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(float)
    counts[(counts > 0).sum(axis=1) < 2] = 1
    apart = np.where(np.eye(n, dtype=bool), 0, distances)
    sums = np.einsum("bi,...ij,bj->b...", counts, apart, counts)
    number = n**2 * np.ones(draws) - (counts**2).sum(axis=1)
    found: np.ndarray = sums / number.reshape(-1, *[1] * (distances.ndim - 2))
    return found


def clearest(keypoints: Float[np.ndarray, "k points 3"]) -> Float[np.ndarray, "points 3"]:
    """The keypoints of the object of which most are visible, of equal ones the first."""
    found: np.ndarray = keypoints[(keypoints[..., 2] > 0).sum(axis=1).argmax()]
    return found


def often_together(visible: Bool[np.ndarray, "n points"], count: int) -> tuple[int, ...]:
    """The `count` points that are visible together in most of the images, the first such choice of equal ones."""
    best: tuple[int, tuple[int, ...]] = (-1, ())
    for chosen, number in _together(visible, count):
        if number > best[0]:
            best = number, chosen
    return best[1]


def _together(visible: Bool[np.ndarray, "n points"], count: int) -> Iterator[tuple[tuple[int, ...], int]]:
    for chosen in combinations(range(visible.shape[1]), count):
        yield chosen, int(visible[:, chosen].all(axis=1).sum())


def square_at(center: Float[np.ndarray, " 2"], side: int, image: tuple[int, int]) -> tuple[int, int]:
    """Top and left of a square around a center (row, column, from corners), moved so that it lies inside the image."""
    top, left = (
        min(max(round(float(at) - side / 2), 0), max(length - side, 0))
        for at, length in zip(center, image, strict=True)
    )
    return top, left
