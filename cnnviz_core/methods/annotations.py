"""Whether boxes, instance masks and keypoints of one image agree with each other."""

import numpy as np
from jaxtyping import Bool, Float, Int

from cnnviz_core.methods.boxes import overlap, tight_box


def fits(boxes: Float[np.ndarray, "k 4"], instances: Int[np.ndarray, "h w"]) -> Float[np.ndarray, " seen"]:
    """Overlap of each box with the smallest one around the pixels of its object, of the objects that are seen.

    `instances` says which box each pixel belongs to, 1 to k, or 0.
    """
    around = [tight_box(instances == k + 1) for k in range(len(boxes))]
    return np.array([overlap(box, tight) for box, tight in zip(boxes, around, strict=True) if tight is not None])


def inside(keypoints: Float[np.ndarray, "k points 3"], size: tuple[int, int]) -> Bool[np.ndarray, "k points"]:
    """Which keypoints lie in an image of that height and width, whether pixels are counted from centers or corners."""
    height, width = size
    rows, columns = keypoints[..., 0], keypoints[..., 1]
    return np.asarray((rows >= -0.5) & (rows <= height) & (columns >= -0.5) & (columns <= width))


def on_object(
    keypoints: Float[np.ndarray, "k points 3"], instances: Int[np.ndarray, "h w"]
) -> Float[np.ndarray, " visible"]:
    """For each visible keypoint, 1 where its pixel or a neighbor is of its own object, else 0."""
    found = []
    for k, points in enumerate(keypoints):
        for row, column, _ in points[points[:, 2] > 0]:
            top, left = (max(int(np.floor(place)) - 1, 0) for place in (row, column))
            found.append(bool((instances[top : top + 3, left : left + 3] == k + 1).any()))
    return np.array(found, dtype=float)
