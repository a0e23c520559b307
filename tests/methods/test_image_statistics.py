"""Statistics of images against slow rewrites and against images that were made to have them."""

import numpy as np
import pytest

from cnnviz_core.methods.image_statistics import (
    colorfulness,
    edge_density,
    luma,
    rms_contrast,
    sharpness,
    spectral_slope,
)

IMAGES = np.random.default_rng(0).random((4, 3, 20, 26))


def test_luma_weighs_green_most() -> None:
    for image, gray in zip(IMAGES, luma(IMAGES), strict=True):
        np.testing.assert_allclose(gray, 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2])
    np.testing.assert_allclose(luma(np.ones((1, 3, 2, 2))), 1)


def test_rms_contrast_of_a_checkerboard_is_half_its_difference() -> None:
    board = (np.indices((8, 8)).sum(axis=0) % 2)[None] * 0.6 + 0.2
    assert rms_contrast(board)[0] == pytest.approx(0.3)
    gray = luma(IMAGES)
    expected = [np.sqrt(np.mean([(v - image.mean()) ** 2 for v in image.ravel()])) for image in gray]
    np.testing.assert_allclose(rms_contrast(gray), expected)


def slow_colorfulness(image: np.ndarray) -> float:
    """Hasler and Suesstrunk 2003, pixel by pixel."""
    first, second = [], []
    for red, green, blue in 255 * image.reshape(3, -1).T:
        first.append(red - green)
        second.append(0.5 * (red + green) - blue)
    spread = (np.std(first) ** 2 + np.std(second) ** 2) ** 0.5
    return float(spread + 0.3 * (np.mean(first) ** 2 + np.mean(second) ** 2) ** 0.5)


def test_colorfulness_is_that_of_the_paper() -> None:
    np.testing.assert_allclose(colorfulness(IMAGES), [slow_colorfulness(image) for image in IMAGES])
    assert colorfulness(np.repeat(IMAGES[:, :1], 3, axis=1)) == pytest.approx(0, abs=1e-9)


def test_one_color_is_as_colorful_as_its_distance_from_gray() -> None:
    red = np.zeros((1, 3, 4, 4))
    red[:, 0] = 1
    assert colorfulness(red)[0] == pytest.approx(0.3 * 255 * np.hypot(1, 0.5))


def noise_of_slope(slope: float, height: int, width: int) -> np.ndarray:
    """Gray noise (12, height, width) whose amplitude goes as the frequency to the power of `slope`."""
    white = np.fft.fft2(np.random.default_rng(1).standard_normal((12, height, width)))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    frequency[0, 0] = 1
    return np.fft.ifft2(white * frequency**slope).real


@pytest.mark.parametrize("slope", [0, -0.6, -1, -1.7])
@pytest.mark.parametrize("size", [(96, 96), (64, 120)])
def test_noise_has_the_slope_that_it_was_made_with(slope: float, size: tuple[int, int]) -> None:
    assert spectral_slope(noise_of_slope(slope, *size)).mean() == pytest.approx(slope, abs=0.1)


def slow_slope(gray: np.ndarray) -> float:
    """The same by a Fourier sum and normal equations."""
    height, width = gray.shape
    rows, columns = np.arange(height), np.arange(width)
    hann = [0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(n) + 1) / (n + 1)) for n in (height, width)]
    values = (gray - gray.mean()) * np.outer(*hann)
    rings: dict[int, list[float]] = {}
    for u in range(-(height // 2), (height + 1) // 2):
        for v in range(width // 2 + 1):
            ring = round(np.hypot(u / height, v / width) * min(height, width))
            wave = np.exp(-2j * np.pi * (u * rows[:, None] / height + v * columns / width))
            rings.setdefault(ring, []).append(abs((values * wave).sum()))
    used = range(2, min(height, width) // 4 + 1)
    x, y = np.log(list(used)), np.log([np.mean(rings[ring]) for ring in used])
    weight = 1 / np.array(used)
    x_mean, y_mean = (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()
    return float((weight * (x - x_mean) * (y - y_mean)).sum() / (weight * (x - x_mean) ** 2).sum())


def test_the_slope_is_that_of_a_slow_fourier_sum() -> None:
    gray = noise_of_slope(-1, 24, 21)[:3]
    np.testing.assert_allclose(spectral_slope(gray), [slow_slope(image) for image in gray])


def test_without_contrast_or_rings_there_is_no_slope() -> None:
    gray = luma(np.random.default_rng(2).random((2, 3, 32, 32)))
    gray[1] = 0.5
    slopes = spectral_slope(gray)
    assert np.isfinite(slopes[0])
    assert np.isnan(slopes[1])
    assert np.isnan(spectral_slope(gray[:, :12])).all()


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    gray = np.random.default_rng(3).random((1, 5, 6))
    g = gray[0]
    values = [
        g[i - 1, j] + g[i + 1, j] + g[i, j - 1] + g[i, j + 1] - 4 * g[i, j] for i in range(1, 4) for j in range(1, 5)
    ]
    assert sharpness(gray).item() == pytest.approx(np.var(values))
    assert np.isnan(sharpness(np.zeros((1, 2, 6)))).all()


def test_edge_density_is_the_share_of_steep_pixels() -> None:
    gray = np.zeros((2, 8, 10))
    gray[0, :, 5:] = 1.0
    assert edge_density(gray).tolist() == [0.2, 0.0]
    assert edge_density(np.zeros((1, 1, 1))).tolist() == [0.0]
