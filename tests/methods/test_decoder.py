"""Decoders of codes that hold the image, and of such that hold nothing."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cnnviz_core.methods.decoder import Decoder, Training, teach, untaught

STEPS: dict[str, Any] = {"rate": 1e-2, "batch": 4, "steps": 30}


@pytest.fixture
def pixels() -> Tensor:
    """Images of smooth noise."""
    noise = torch.from_numpy(np.random.default_rng(0).random((24, 3, 4, 4), dtype=np.float32))
    return F.interpolate(noise, (16, 16), mode="bilinear")


def taught(codes: Tensor, pixels: Tensor, seed: int = 0, **changed: Any) -> tuple[Decoder, Training]:
    rng = np.random.default_rng(seed)
    decoder = untaught(codes, pixels, rng, width=16)
    return decoder, teach(decoder, codes, pixels, rng, **STEPS | changed)


def error(decoder: Decoder, codes: Tensor, pixels: Tensor) -> float:
    return float(F.mse_loss(decoder(codes), pixels))


def test_maps_that_hold_the_image_give_it_back(pixels: Tensor) -> None:
    codes = F.avg_pool2d(pixels, 2) * torch.tensor([1.0, 50.0, -3.0])[:, None, None]
    rng = np.random.default_rng(0)
    start = untaught(codes[:20], pixels[:20], rng, width=16)
    torch.testing.assert_close(start(codes), pixels[:20].mean(dim=0).expand(pixels.shape))
    decoder, training = taught(codes[:20], pixels[:20])
    assert not training.diverged
    assert training.passes == 6
    assert error(decoder, codes[20:], pixels[20:]) < 0.3 * error(start, codes[20:], pixels[20:])


def test_a_vector_starts_at_the_best_linear_guess(pixels: Tensor) -> None:
    """48 numbers that an image of 16 x 16 is made of, of 200 such images, and mixed."""
    rng = np.random.default_rng(2)
    small = torch.from_numpy(rng.random((220, 3, 4, 4), dtype=np.float32))
    many = F.interpolate(small, (16, 16), mode="bilinear")
    mixed = small.flatten(1) @ torch.from_numpy(rng.standard_normal((48, 48), dtype=np.float32))
    decoder = untaught(mixed[:200], many[:200], rng, width=16)
    assert error(decoder, mixed[200:], many[200:]) < 0.05 * float(many.var())


def test_codes_that_are_all_the_same_give_the_mean(pixels: Tensor) -> None:
    decoder = untaught(torch.ones(24, 5), pixels, np.random.default_rng(0), width=8)
    torch.testing.assert_close(decoder(torch.ones(1, 5))[0], pixels.mean(dim=0))


def test_same_seed_same_bits_and_another_seed_another_decoder(pixels: Tensor) -> None:
    codes = F.avg_pool2d(pixels, 4)
    nets = [taught(codes, pixels, seed, steps=3)[0] for seed in (0, 0, 1)]
    made = [net(codes) for net in nets]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_a_loss_that_is_no_number_ends_it_before_that_step(pixels: Tensor) -> None:
    codes = F.avg_pool2d(pixels, 4)
    wrong = pixels.clone()
    wrong[7] = torch.inf
    rng = np.random.default_rng(0)
    decoder = untaught(codes, pixels, rng, width=8)
    training = teach(decoder, codes, wrong, rng, rate=1e-2, batch=4, steps=40)
    assert training.diverged
    assert len(training.losses) < 6
    assert decoder(codes).isfinite().all()


def test_multiplications_are_counted() -> None:
    """From 2 maps of 12 x 12 to images of 24 x 24: two convolutions, and one up."""
    decoder = Decoder((2, 12, 12), (24, 24), 16)
    assert decoder.operations((2, 12, 12)) == 144 * (2 * 16 * 9 + 16 * 16 * 9 + 16 * 3 * 16)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (16, 64), (96, 96)])
@pytest.mark.parametrize("shape", [(7,), (4, 1, 1), (3, 2, 2), (3, 20, 20)])
def test_any_code_gives_images_of_any_size(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    codes, pixels = (torch.from_numpy(rng.random((3, *form), dtype=np.float32)) for form in (shape, (3, *size)))
    decoder = untaught(codes, pixels, rng, width=16)
    assert decoder(codes).shape == (3, 3, *size)
    assert decoder.operations(shape) > 0
