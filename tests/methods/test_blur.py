"""The Gaussian blur, against a slow rewrite and against scipy."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from cnnviz_core.methods.blur import blurred


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).random((2, 3, 12, 16))


def test_the_blur_is_a_sum_with_gaussian_weights_over_continued_borders(images: np.ndarray) -> None:
    sigma, reach = 1.3, 4
    weight = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel = np.outer(weight, weight) / weight.sum() ** 2
    expected = np.zeros_like(images)
    for row, column in np.ndindex(12, 16):
        for down, across in np.ndindex(9, 9):
            y, x = np.clip(row + down - 4, 0, 11), np.clip(column + across - 4, 0, 15)
            expected[:, :, row, column] += kernel[down, across] * images[:, :, y, x]
    np.testing.assert_allclose(blurred(torch.from_numpy(images), sigma).numpy(), expected, atol=1e-12)


def test_no_blur_and_a_blur_wider_than_the_image(images: np.ndarray) -> None:
    pixels = torch.from_numpy(images)
    assert blurred(pixels, 0) is pixels
    assert float(blurred(pixels, 30).std(dim=(2, 3)).max()) < 0.05


def test_it_is_scipys(images: np.ndarray) -> None:
    expected = gaussian_filter(images, (0, 0, 1.2, 1.2), mode="nearest", radius=(0, 0, 4, 4))
    np.testing.assert_allclose(blurred(torch.from_numpy(images), 1.2).numpy(), expected, atol=1e-12)
