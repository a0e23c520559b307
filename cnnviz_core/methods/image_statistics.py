"""Numbers about images that need nothing but their pixels."""

import numpy as np
from jaxtyping import Float

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the gray of television (ITU-R BT.601)."""


def luma(images: Float[np.ndarray, "n 3 h w"]) -> Float[np.ndarray, "n h w"]:
    """The gray of color images, in their own unit."""
    return np.asarray(np.tensordot(np.array(LUMA, dtype=images.dtype), images, axes=(0, 1)))


def rms_contrast(gray: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Standard deviation of the gray of each image, in its own unit (Peli 1990)."""
    return np.asarray(gray.std(axis=(1, 2)))


def colorfulness(images: Float[np.ndarray, "n 3 h w"]) -> Float[np.ndarray, " n"]:
    """The measure M(3) of Hasler and Suesstrunk (2003) for pixels in [0, 1], on their scale of 8 bit pixels.

    What people called not colorful has about 0, moderately colorful 33, and extremely colorful 109.
    """
    red, green, blue = 255 * images.transpose(1, 0, 2, 3)
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    spread = np.sqrt(opponents.var(axis=(2, 3)).sum(axis=0))
    return np.asarray(spread + 0.3 * np.sqrt((opponents.mean(axis=(2, 3)) ** 2).sum(axis=0)))


def spectral_slope(gray: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Slope of log amplitude against log spatial frequency, over all directions; about -1 in nature (Field 1987).

    The line is fitted to the mean amplitude on rings of the Fourier plane, from two cycles per shorter side to a
    quarter of a cycle per pixel, in which each octave counts alike; a Hann window takes away the image's border. NaN
    for an image without contrast, and for images of fewer than 16 pixels on a side, which have too few rings.
    """
    n, height, width = gray.shape
    side = min(height, width)
    if side < 16:
        return np.full(n, np.nan)
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[1:-1]
    amplitudes = np.abs(np.fft.rfft2((gray - gray.mean(axis=(1, 2), keepdims=True)) * window))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)) * side
    rings = np.arange(2, side // 4 + 1)
    means = np.stack([amplitudes[:, np.round(frequency) == ring].mean(axis=1) for ring in rings], axis=1)
    slopes = np.full(n, np.nan)
    usable = (means > 1e-9 * max(float(means.max()), 1e-300)).all(axis=1)
    if usable.any():
        logs = np.log(means[usable]).T
        slopes[usable] = np.polyfit(np.log(rings), logs, 1, w=1 / np.sqrt(rings))[0]
    return slopes


def sharpness(gray: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Variance of the Laplacian, the sum of the four neighbors minus four times the pixel, without the border.

    Pech-Pacheco et al. 2000, for gray in [0, 1]. NaN for images of fewer than 3 pixels on a side.
    """
    if min(gray.shape[1:]) < 3:
        return np.full(len(gray), np.nan)
    middle = gray[:, 1:-1, 1:-1]
    around = gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1] + gray[:, 1:-1, :-2] + gray[:, 1:-1, 2:]
    return np.asarray((around - 4 * middle).var(axis=(1, 2)))


def edge_density(gray: Float[np.ndarray, "n h w"], *, least: float = 0.1) -> Float[np.ndarray, " n"]:
    """Share of the pixels at which gray in [0, 1] changes by more than `least` from one pixel to the next.

    The change is the length of the gradient by central differences.
    """
    rows, columns = (np.gradient(gray, axis=axis) if gray.shape[axis] > 1 else np.zeros_like(gray) for axis in (1, 2))
    return np.asarray((np.hypot(rows, columns) > least).mean(axis=(1, 2)))
