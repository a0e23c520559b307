"""Images that a score asks for: a planted target is reached, with bounds, a seed and an error."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from cnnviz_core.methods.fourier_image import FourierImages
from cnnviz_core.methods.preferred_images import preferred_images
from cnnviz_core.methods.random_views import Views

STILL = Views(shift=0, turn=0, zoom=0)


def redness(images: Tensor) -> Tensor:
    return (images[:, 0] - images[:, 1]).mean(dim=(1, 2)) * torch.arange(1, len(images) + 1)


def made(score: Callable[[Tensor], Tensor] = redness, steps: int = 40) -> Tensor:
    return preferred_images(
        score, FourierImages((8, 8), 1.0), STILL, count=2, rate=0.1, steps=range(steps), rng=np.random.default_rng(0)
    )


def test_the_score_rises_and_pixels_stay_pixels() -> None:
    before, after = redness(made(steps=0)), redness(made())
    assert (before.abs() < 0.02).all()
    assert (after > 0.15).all()
    assert 0 < made().min() < made().max() < 1


def test_the_same_seed_gives_the_same_images() -> None:
    torch.testing.assert_close(made(), made(), rtol=0, atol=0)


def test_a_score_that_is_no_number_is_an_error() -> None:
    with pytest.raises(FloatingPointError, match="a score is not finite"):
        made(lambda images: redness(images) / 0 * 0)
