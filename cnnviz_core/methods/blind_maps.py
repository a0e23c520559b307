"""Maps of importance that know nothing of the network: what a map of a network must beat."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float

from cnnviz_core.methods.blur import blurred
from cnnviz_core.methods.image_statistics import luma

TITLES: Mapping[str, str] = {
    "random": "random pixels",
    "random_patches": "random patches",
    "edges": "edges (Sobel)",
    "center": "center of the image",
}
"""Their names and what they are called, in the order in which they are shown."""

RANDOM = ("random", "random_patches")
"""Those that are drawn: patches are removed like parts of an object, and pixels like noise."""

CENTER = 0.25  # standard deviation of the bump in the middle, as a share of the side


def edges(images: Float[np.ndarray, "n 3 h w"]) -> Float[np.ndarray, "n h w"]:
    """The steepness of the gray of each image, by Sobel's two filters."""
    gray = np.pad(luma(images), ((0, 0), (1, 1), (1, 1)), mode="edge")
    across, down = gray[:, :, 2:] - gray[:, :, :-2], gray[:, 2:] - gray[:, :-2]
    across = across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]
    down = down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]
    return np.asarray(np.hypot(across, down))


def blind_maps(
    images: Float[np.ndarray, "n 3 h w"], rng: np.random.Generator, *, patches: float
) -> dict[str, Float[np.ndarray, "n h w"]]:
    """Random pixels; random patches, which are noise blurred by `patches` pixels; edges; a bump in the middle."""
    n, _, height, width = images.shape
    margin = math.ceil(3 * patches)  # at a border the blur would see less noise, and the maxima would be there
    noise = torch.from_numpy(rng.standard_normal((n, 1, height + 2 * margin, width + 2 * margin)))
    smooth = blurred(noise, patches)[:, 0, margin : margin + height, margin : margin + width].numpy()
    rows, columns = (np.arange(length) - (length - 1) / 2 for length in (height, width))
    bump = np.exp(-((rows[:, None] / height) ** 2 + (columns / width) ** 2) / (2 * CENTER**2))
    return {
        "random": rng.random((n, height, width)),
        "random_patches": smooth - smooth.min(axis=(1, 2), keepdims=True),
        "edges": edges(images.astype(np.float64)),
        "center": np.broadcast_to(bump, (n, height, width)).copy(),
    }
