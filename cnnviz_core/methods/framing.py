"""Where places of an image are once it has been brought to the size of a network's input."""

from fractions import Fraction

import numpy as np
from jaxtyping import Float


def framed(
    points: Float[np.ndarray, "n 2"], image: tuple[int, int], *, resize: int, size: tuple[int, int]
) -> Float[np.ndarray, "n 2"]:
    """Points (row, column) of an image of that height and width, counted from corners, in the network's frame.

    The image's shorter side is brought to `resize` pixels and its center of `size` cut out, as `lab.resized` does; a
    point may come to lie outside the frame.
    """
    limit = 16 * min(image)
    cut = np.array([max(length - limit, 0) // 2 for length in image])
    height, width = (length - 2 * off for length, off in zip(image, cut.tolist(), strict=True))
    scale = max(Fraction(resize, min(height, width)), Fraction(size[0], height), Fraction(size[1], width))
    new = int(height * scale), int(width * scale)
    corner = [round((length - kept) / 2) for length, kept in zip(new, size, strict=True)]
    found: np.ndarray = (points - cut) * (np.array(new) / (height, width)) - corner
    return found
