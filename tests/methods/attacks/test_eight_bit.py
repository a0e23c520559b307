"""Adversarial images in 8 bits stay in their ball, and as near as can be to what they were."""

import math

import numpy as np
import pytest
import torch

from cnnviz_core.methods.attacks.eight_bit import as_pixels, eight_bit
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size

RNG = np.random.default_rng(0)
ORIGINAL = torch.from_numpy(RNG.integers(0, 256, (3, 3, 9, 9)).astype(np.float32)) / 255


def changed(scale: float) -> torch.Tensor:
    change = torch.from_numpy(RNG.uniform(-1, 1, ORIGINAL.shape).astype(np.float32)) * scale / 255
    return (ORIGINAL + change).clamp(0, 1)


@pytest.mark.parametrize("steps", [1, 2, 2.4, 2.5, 2.6, 25.5])
def test_no_value_leaves_the_ball_of_the_infinity_norm(steps: float) -> None:
    epsilon = steps / 255
    images = (ORIGINAL + epsilon * torch.sign(changed(1) - ORIGINAL)).clamp(0, 1)
    saved = eight_bit(images, ORIGINAL, epsilon=epsilon)
    change = (saved.double() - 255 * ORIGINAL.double()).round().abs()
    assert float(change.max()) == math.floor(steps)
    assert (perturbation_size(as_pixels(saved), ORIGINAL) <= epsilon + 1e-6).all()


@pytest.mark.parametrize("scale", [0.8, 1.4, 6.0])
def test_no_image_leaves_the_ball_of_the_2_norm_and_as_little_as_possible_is_taken_back(scale: float) -> None:
    images = changed(scale)
    epsilon = float(perturbation_size(images, ORIGINAL, 2).max())
    saved = eight_bit(images, ORIGINAL, epsilon=epsilon, norm=2)
    plain = eight_bit(images, ORIGINAL)
    for k in range(3):
        squares, whole = (
            float((pixels[k].double() - 255 * ORIGINAL[k].double()).round().square().sum()) for pixels in (saved, plain)
        )
        bound = (255 * epsilon) ** 2
        assert squares <= bound * (1 + 1e-4)
        if whole <= bound:
            assert torch.equal(saved[k], plain[k])
        else:
            assert squares > bound - 2 * math.ceil(scale)  # one step more of any value would not fit


def test_without_a_bound_it_is_the_nearest_step() -> None:
    images = changed(3)
    assert torch.equal(eight_bit(images, ORIGINAL), (255 * images.double()).round().byte())
    assert torch.equal(eight_bit(ORIGINAL, ORIGINAL, epsilon=0.0), (255 * ORIGINAL).round().byte())


def test_a_value_outside_the_range_comes_to_its_end() -> None:
    saved = eight_bit(ORIGINAL + 2, ORIGINAL)
    assert (saved == 255).all()
    assert (eight_bit(ORIGINAL - 2, ORIGINAL) == 0).all()


def test_read_again_it_is_the_same() -> None:
    saved = eight_bit(changed(4), ORIGINAL)
    assert torch.equal(eight_bit(as_pixels(saved), ORIGINAL), saved)


def test_another_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="norm must be 2 or inf, not 1"):
        eight_bit(ORIGINAL, ORIGINAL, norm=1)
