"""Whether a map lies on an object."""

import numpy as np
from jaxtyping import Bool, Float, Int


def near(mask: Bool[np.ndarray, "h w"], tolerance: float) -> Bool[np.ndarray, "h w"]:
    """The pixels at most `tolerance` pixels from one of the mask, by their centers."""
    grown, reach = mask.copy(), int(tolerance)
    height, width = mask.shape
    for down in range(-min(reach, height), min(reach, height) + 1):
        for across in range(-min(reach, width), min(reach, width) + 1):
            if down**2 + across**2 <= tolerance**2:
                to = slice(max(down, 0), height + min(down, 0)), slice(max(across, 0), width + min(across, 0))
                source = slice(max(-down, 0), height - max(down, 0)), slice(max(-across, 0), width - max(across, 0))
                grown[to] |= mask[source]
    return grown


def hits(ranks: Int[np.ndarray, "maps h w"], target: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, " maps"]:
    """Whether the pixel of rank 0 of each map lies in the target.

    The pointing game of Zhang, Lin, Brandt, Shen and Sclaroff, Top-down Neural Attention by Excitation Backprop, 2016,
    where the target is the object and what is near it. A map without any value points at random.
    """
    return np.array([bool(target[np.unravel_index(places.argmin(), places.shape)]) for places in ranks])


def inside_ratio(maps: Float[np.ndarray, "maps h w"], mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, " maps"]:
    """How many times as large a map (from 0 up) is inside the mask as on average: 1 if it is the same all over.

    The share inside is that of the energy-based pointing game (Wang et al., Score-CAM, 2020), here over the mask's
    share of the image. A map without any value counts as the same all over.
    """
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    inside = maps[:, mask].sum(axis=1, dtype=np.float64)
    return np.where(total > 0, inside / np.where(total > 0, total, 1) / mask.mean(), 1.0)
