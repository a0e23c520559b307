"""SIFT descriptors at given places, upright and of a given size (Lowe 2004, section 6), by OpenCV."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

WIDTHS = 6.0  # a descriptor is a square of 4 x 4 cells, each 1.5 of OpenCV's keypoint diameters wide
FINEST = 3.2  # diameter of a keypoint of the first layer of octave 0: twice the standard deviation 1.6 of its blur


def descriptors(
    image: UInt8[np.ndarray, "3 h w"], points: Float[np.ndarray, "n 2"], *, radius: float
) -> Float[np.ndarray, "n 128"]:
    """The descriptor at each point (row, column), whose square reaches `radius` pixels to each side.

    The middle of the first pixel is at 0.5, 0.5. Gradients are those of the gray image in the octave whose scale
    fits the radius, as in detected keypoints. What lies outside the image gives nothing.
    """
    if not len(points):
        return np.zeros((0, 128))
    diameter = 2 * radius / WIDTHS
    octave = round(float(np.log2(diameter / FINEST)))
    sizes = image.shape[1:]
    octave = min(max(octave, -1), int(np.log2(min(sizes))) - 1)
    keys = [cv2.KeyPoint(float(x) - 0.5, float(y) - 0.5, diameter, 0.0, 0.0, octave & 255) for y, x in points]
    gray = cv2.cvtColor(np.ascontiguousarray(image.transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY)
    kept, found = cv2.SIFT.create().compute(gray, keys)
    if len(kept) != len(keys):
        raise ValueError("OpenCV left out keypoints")
    return np.asarray(found, dtype=float)
