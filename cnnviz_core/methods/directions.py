"""Directions in a space of codes, and the images that lie farthest along them.

Szegedy et al., Intriguing properties of neural networks, 2014, section 3: images that maximize <phi(x), v>.
"""

import numpy as np
from jaxtyping import Float, Int


def rotated_axes(size: int, count: int, rng: np.random.Generator) -> Float[np.ndarray, "axes {size}"]:
    """`count` axes, or all `size` where that is fewer, of the space after a random rotation.

    They are unit vectors at right angles, and all rotations are equally likely (Stewart 1980): the orthonormal basis of
    normal deviates, with signs that do not depend on how it is found.
    """
    basis, upper = np.linalg.qr(rng.standard_normal((size, min(count, size))))
    return np.asarray((basis * np.sign(np.diag(upper))).T)


def positive_directions(size: int, count: int, rng: np.random.Generator) -> Float[np.ndarray, "{count} {size}"]:
    """Unit vectors without negative entries, drawn evenly from all of these."""
    drawn = np.abs(rng.standard_normal((count, size)))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def farthest(codes: Float[np.ndarray, "n d"], directions: Float[np.ndarray, "m d"], count: int) -> tuple[
    Int[np.ndarray, "m {count}"], Float[np.ndarray, "m {count}"]
]:  # fmt: skip
    """The `count` images that lie farthest along each direction, the farthest first, and how far: <code, direction>."""
    along = directions @ np.asarray(codes, dtype=np.float64).T
    images = np.argsort(-along, axis=1, kind="stable")[:, :count]
    return images, np.take_along_axis(along, images, axis=1)


def mirrored(codes: Float[np.ndarray, "n d"], axes: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "n d"]:
    """Codes after a reflection at all of these axes, which are unit vectors at right angles: all units are mixed."""
    return np.asarray(codes - 2 * (codes @ axes.T) @ axes)
