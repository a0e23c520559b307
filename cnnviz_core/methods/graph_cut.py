"""Object and background of an image told apart by the cheapest cut of a graph of its pixels.

Boykov and Jolly, Interactive Graph Cuts for Optimal Boundary and Region Segmentation, 2001, section 2.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

RESOLUTION = 1000  # capacities are whole numbers: costs in thousandths
LARGEST = 1000.0  # cost above which all costs of one pixel count as equal
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))  # to the eight neighbors, each pair once


def graph_cut(
    object_cost: Float[np.ndarray, "h w"],
    background_cost: Float[np.ndarray, "h w"],
    image: Float[np.ndarray, "3 h w"],
    *,
    smoothness: float,
) -> Bool[np.ndarray, "h w"]:
    """Which pixels are the object, in a labelling whose `energy` is the smallest there is.

    Exact for costs in steps of 1/1000; of several best labellings the one with the smallest object.
    """
    gain = _whole(np.clip(background_cost - object_cost, -LARGEST, LARGEST)).ravel()
    first, second, weights = links(image, smoothness)
    capacity = _whole(weights)
    pixels, source, sink = gain.size, gain.size, gain.size + 1
    places = np.arange(pixels)
    heads = np.concatenate([first, second, np.full(pixels, source), places])
    tails = np.concatenate([second, first, places, np.full(pixels, sink)])
    values = np.concatenate([capacity, capacity, np.maximum(gain, 0), np.maximum(-gain, 0)])
    graph = csr_array((values.astype(np.int32), (heads, tails)), shape=(pixels + 2,) * 2)
    left = graph - maximum_flow(graph, source, sink).flow
    left.eliminate_zeros()
    reached = breadth_first_order(left, source, return_predecessors=False)
    found = np.zeros(pixels + 2, dtype=bool)
    found[reached] = True
    return found[:pixels].reshape(object_cost.shape)


def energy(
    labels: Bool[np.ndarray, "h w"],
    object_cost: Float[np.ndarray, "h w"],
    background_cost: Float[np.ndarray, "h w"],
    image: Float[np.ndarray, "3 h w"],
    *,
    smoothness: float,
) -> float:
    """The costs of all pixels under their labels, and of all links between neighbors of different labels."""
    first, second, weights = links(image, smoothness)
    flat = labels.ravel()
    return float(np.where(labels, object_cost, background_cost).sum() + weights[flat[first] != flat[second]].sum())


def links(
    image: Float[np.ndarray, "3 h w"], smoothness: float
) -> tuple[Int[np.ndarray, " links"], Int[np.ndarray, " links"], Float[np.ndarray, " links"]]:
    """The pairs of neighbors, and what it costs to part them: smoothness * exp(-|difference|^2 / 2 s^2) / distance.

    s^2 is the mean of |difference|^2 over all pairs, so that a typical edge of this image is cheap to cut.
    """
    pairs = list(_neighbors((image.shape[1], image.shape[2])))
    first, second = (np.concatenate([pair[k] for pair in pairs]) for k in (0, 1))
    distance = np.concatenate([np.full(len(pair[0]), pair[2]) for pair in pairs])
    colors = image.reshape(3, -1).astype(float)
    squared = ((colors[:, first] - colors[:, second]) ** 2).sum(axis=0)
    spread = squared.mean() if len(squared) and squared.any() else 1.0
    return first, second, smoothness * np.exp(-squared / (2 * spread)) / distance


def _neighbors(size: tuple[int, int]) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """For each direction the pixels, counted in reading order, that have a neighbor there, and the neighbors."""
    places = np.arange(size[0] * size[1]).reshape(size)
    for down, right in SHIFTS:
        rows, columns = slice(0, size[0] - down), slice(max(-right, 0), size[1] - max(right, 0))
        moved = slice(down, size[0]), slice(max(right, 0), size[1] - max(-right, 0))
        yield places[rows, columns].ravel(), places[moved].ravel(), float(np.hypot(down, right))


def _whole(costs: Float[np.ndarray, "*n"]) -> Int[np.ndarray, "*n"]:
    return np.asarray(np.round(costs * RESOLUTION).astype(np.int64))
