"""The terms that make images natural, against loops and against the paper's own units."""

import numpy as np
import pytest
import torch

from cnnviz_core.methods.natural_prior import BOUND, ROUNDED, boundedness, frame, smoothness, stretched, total_variation

IMAGES = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 5, 4)))


def paper_variation(x: np.ndarray, beta: float, rounded: float = 0.0) -> float:
    """The sum over all places and colors, with what lies beyond the border equal to the border."""
    total = 0.0
    for channel in x:
        rows, columns = channel.shape
        for i in range(rows):
            for j in range(columns):
                down = channel[min(i + 1, rows - 1), j] - channel[i, j]
                right = channel[i, min(j + 1, columns - 1)] - channel[i, j]
                total += (down**2 + right**2 + rounded**2) ** (beta / 2) - rounded**beta
    return total


@pytest.mark.parametrize(("beta", "rounded"), [(2.0, 0.0), (1.0, ROUNDED), (1.5, ROUNDED)])
def test_total_variation_is_the_papers_sum_per_value(beta: float, rounded: float) -> None:
    expected = [paper_variation(image, beta, rounded) / image.size for image in IMAGES.numpy()]
    np.testing.assert_allclose(total_variation(IMAGES, beta).numpy(), expected, rtol=1e-12)


def test_the_rounded_corner_is_hardly_seen_and_flat_images_vary_by_nothing() -> None:
    sharp = [paper_variation(image, 1.0) / image.size for image in IMAGES.numpy()]
    np.testing.assert_allclose(total_variation(IMAGES, 1.0).numpy(), sharp, rtol=0.02)
    flat = torch.ones(1, 3, 4, 4, requires_grad=True)
    (slope,) = torch.autograd.grad(total_variation(flat, 1.0).sum(), flat)
    assert total_variation(flat, 1.0).abs().max() < 1e-15
    assert not slope.any()


def test_terms_are_those_of_the_paper_for_its_images() -> None:
    """x = (levels - mean) / sigma for 227 x 227 levels of 0 to 255, with lambda_alpha 2.157e8 and lambda_V 5."""
    size, sigma, mean = (3, 227, 227), 27098.1157, 110.0
    levels = np.random.default_rng(1).integers(0, 256, size)
    x = (levels - mean) / sigma
    contrast = sigma / np.sqrt(x.size) / 255
    z = torch.from_numpy((levels / 255 - mean / 255) / contrast)[None]
    assert BOUND * float(boundedness(z)) == pytest.approx(2.157e8 * (x**6).sum(), rel=1e-6)
    differences = np.diff(x, axis=1, append=x[:, -1:]) ** 2 + np.diff(x, axis=2, append=x[:, :, -1:]) ** 2
    assert 5 * float(total_variation(z, 2.0)) == pytest.approx(5 * differences.sum(), rel=1e-6)


def test_the_unit_is_the_mean_length_of_photographs() -> None:
    pixels = torch.zeros(2, 3, 4, 4)
    pixels[0] += 0.5 + 0.2
    pixels[1] += 0.5 - 0.4
    units = frame(pixels, (0.5, 0.5, 0.5))
    assert units.contrast == pytest.approx(0.3)
    torch.testing.assert_close(units.pixels(units.images(pixels)), pixels)
    torch.testing.assert_close(units.images(pixels)[0], torch.full((3, 4, 4), 2 / 3))
    assert frame(torch.full((1, 3, 4, 4), 0.5), (0.5, 0.5, 0.5)).contrast == 1


def test_each_layer_of_the_papers_network_gets_its_smoothness() -> None:
    found = [smoothness(place, 20) for place in range(20)]
    assert found == [0.5] * 6 + [5.0] * 6 + [50.0] * 8


def test_images_are_shown_from_nearly_their_smallest_to_nearly_their_largest_value() -> None:
    ramp = torch.arange(1001.0).view(1, 7, 143)
    shown = stretched(ramp).ravel().astype(int)
    assert (shown == 0).sum() == pytest.approx(1001 / 200, abs=3)
    np.testing.assert_allclose(shown, np.clip((np.arange(1001) - 5) / 990, 0, 1) * 255, atol=0.51)
    assert not stretched(torch.ones(3, 2, 2)).any()
