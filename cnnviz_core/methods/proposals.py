"""Windows that may hold an object of any class, the likeliest first: a plain ranker by contrast of color.

The color contrast cue of Alexe, Deselaers and Ferrari, What is an object? (2010), reduced to mean colors.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from cnnviz_core.methods.difficulty import overlaps

RING = 0.5  # the surround is wider than the window by this share of its sides, on both sides together
ALIKE = 0.7  # overlap from which on two windows count as one


def window_grid(steps: int = 8) -> Float[np.ndarray, "windows 4"]:
    """Windows of all corners on a grid of so many steps, at least an eighth wide and high, sides up to 3 to 1."""
    ends = [(low, high) for low in range(steps) for high in range(low + 1, steps + 1) if high - low >= steps / 8]
    pairs = [(t, left, b, r) for t, b in ends for left, r in ends if 1 / 3 <= (b - t) / (r - left) <= 3]
    return np.array(pairs, dtype=float) / steps


def ring_of(windows: Float[np.ndarray, "windows 4"]) -> Float[np.ndarray, "windows 4"]:
    """The windows with their surround, as far as that lies in the image."""
    grown = RING / 2 * np.tile(windows[:, 2:] - windows[:, :2], 2)
    return np.asarray(np.clip(windows + grown * np.array([-1, -1, 1, 1]), 0, 1))


def contrast_scores(
    image: Float[np.ndarray, "3 h w"], windows: Float[np.ndarray, "windows 4"]
) -> Float[np.ndarray, " windows"]:
    """Distance of the mean color inside from that of the surround, times the fourth root of the window's area.

    The root keeps small spots from winning; a window whose surround lies outside the image has 0.
    """
    inner, areas = _sums(image, windows)
    outer, whole = _sums(image, ring_of(windows))
    around = whole - areas
    usable = (around > 0) & (areas > 0)
    means = np.divide(inner, areas, out=np.zeros_like(inner), where=usable)
    surround = np.divide(outer - inner, around, out=np.zeros_like(inner), where=usable)
    size = (windows[:, 2:] - windows[:, :2]).prod(axis=1) ** 0.25
    return np.asarray(np.where(usable, np.sqrt(((means - surround) ** 2).sum(axis=0)) * size, 0.0))


def alike(windows: Float[np.ndarray, "windows 4"]) -> Bool[np.ndarray, "windows windows"]:
    """Which windows count as one: made once for all images."""
    return np.concatenate([overlaps(windows[k : k + 128], windows) >= ALIKE for k in range(0, len(windows), 128)])


def ranked(
    scores: Float[np.ndarray, " windows"], same: Bool[np.ndarray, "windows windows"], most: int
) -> Int[np.ndarray, " ranked"]:
    """The windows by falling score, those left out that count as one with a better one; at most so many.

    Behind them come those left out, so that there are always `most` where there are so many windows.
    """
    order = np.argsort(-scores, kind="stable")
    left, chosen = np.ones(len(scores), dtype=bool), []
    for k in order:
        if left[k]:
            chosen.append(int(k))
            left &= ~same[k]
            if len(chosen) == most:
                break
    taken = set(chosen)
    return np.array([*chosen, *(int(k) for k in order if k not in taken)][:most])


def _sums(
    image: Float[np.ndarray, "3 h w"], windows: Float[np.ndarray, "windows 4"]
) -> tuple[Float[np.ndarray, "3 windows"], Float[np.ndarray, " windows"]]:
    """Sum of the colors in each window, in whole pixels, and the number of its pixels."""
    height, width = image.shape[1:]
    table = np.pad(image.cumsum(axis=1).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
    t, left, b, r = np.round(windows * np.array([height, width, height, width])).astype(int).T
    return table[:, b, r] - table[:, t, r] - table[:, b, left] + table[:, t, left], ((b - t) * (r - left)).astype(float)
