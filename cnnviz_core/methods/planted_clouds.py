"""Points in many dimensions whose shape is known, and what is left of the shape on a map.

The examples are those of Wattenberg, Viegas and Johnson, How to Use t-SNE Effectively, 2016.
"""

import numpy as np
from jaxtyping import Float, Int

Points = Float[np.ndarray, "n d"]


def two_sizes(
    count: int, dimensions: int, ratio: float, rng: np.random.Generator
) -> tuple[Points, Int[np.ndarray, " n"]]:
    """Two round clouds far apart, of which the second is `ratio` times as wide, and the cloud of each point."""
    cloud = np.arange(count) % 2
    points = rng.standard_normal((count, dimensions)) * np.where(cloud == 0, 1, ratio)[:, None]
    points[:, 0] += np.where(cloud == 0, 0, 10 * ratio)
    return points, cloud


def two_distances(
    count: int, dimensions: int, ratio: float, rng: np.random.Generator
) -> tuple[Points, Int[np.ndarray, " n"]]:
    """Three equal clouds on a line; the third is `ratio` times as far from the second as that from the first."""
    cloud = np.arange(count) % 3
    points = rng.standard_normal((count, dimensions))
    points[:, 0] += np.array([0, 10, 10 + 10 * ratio])[cloud]
    return points, cloud


def size_ratio(points: Points, cloud: Int[np.ndarray, " n"]) -> float:
    """How many times as wide the second cloud is: roots of mean squared distances from the center."""
    sizes = [np.sqrt(((points[cloud == k] - points[cloud == k].mean(axis=0)) ** 2).sum(axis=1).mean()) for k in (0, 1)]
    return float(sizes[1] / sizes[0])


def distance_ratio(points: Points, cloud: Int[np.ndarray, " n"]) -> float:
    """How many times as far the third center is from the second as the second from the first."""
    centers = [points[cloud == k].mean(axis=0) for k in range(3)]
    return float(np.linalg.norm(centers[2] - centers[1]) / np.linalg.norm(centers[1] - centers[0]))


def clumping(place: Float[np.ndarray, "n 2"], many: int = 10) -> float:
    """Mean distance to the neighbor number `many` over that to the first: large where points stand in small heaps.

    About 3.5 for number ten, where points are strewn over a plane at random.
    """
    apart = np.sort(np.linalg.norm(place[:, None] - place, axis=2), axis=1)
    return float(apart[:, min(many, len(place) - 1)].mean() / apart[:, 1].mean())
