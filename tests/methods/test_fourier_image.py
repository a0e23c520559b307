"""Images as waves, against sums of cosines."""

import numpy as np
import pytest
import torch

from cnnviz_core.methods.fourier_image import SPREAD, FourierImages


def test_no_amplitude_is_gray() -> None:
    space = FourierImages((6, 8), 1.0)
    pixels = space.pixels(torch.zeros(2, 3, 6, 5, 2, dtype=torch.float64))
    torch.testing.assert_close(pixels, torch.full((2, 3, 6, 8), 0.5, dtype=torch.float64))


@pytest.mark.parametrize("falloff", [0.0, 1.0, 1.5])
def test_one_amplitude_is_one_wave_of_its_color(falloff: float) -> None:
    height, width = 6, 8
    amplitudes = torch.zeros(1, 3, height, width // 2 + 1, 2, dtype=torch.float64)
    amplitudes[0, 1, 2, 3, 0] = 0.7
    found = FourierImages((height, width), falloff).pixels(amplitudes)[0].logit().numpy()
    rows, columns = np.mgrid[:height, :width]
    frequency = np.hypot(2 / height, 3 / width)
    wave = np.cos(2 * np.pi * (2 * rows / height + 3 * columns / width))
    strength = 2 * 0.7 * frequency**-falloff / 4 / np.sqrt(height * width)
    colors = np.array(SPREAD)[:, 1] / np.linalg.norm(np.array(SPREAD), axis=0).max()
    np.testing.assert_allclose(found, strength * colors[:, None, None] * wave, atol=1e-12)


def test_random_amplitudes_are_faint_and_follow_the_seed() -> None:
    space = FourierImages((24, 31), 1.0)
    first, second = (space.amplitudes(3, np.random.default_rng(5)) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    pixels = space.pixels(first)
    assert pixels.shape == (3, 3, 24, 31)
    assert 0.001 < (pixels - 0.5).abs().max() < 0.1
