"""Ascents that never go down, on objectives that try to make them."""

import numpy as np
import torch
from torch import Tensor

from cnnviz_core.methods.ascent import ascend

START = torch.zeros(2, 3, 2, 2, dtype=torch.float64)


def bowl(images: Tensor) -> Tensor:
    """Highest at 1 everywhere, and for the second image a thousand times as steep."""
    steep = torch.tensor([1.0, 1000.0], dtype=torch.float64)
    return -steep * (images - 1).pow(2).flatten(1).sum(dim=1)


def test_each_image_finds_its_own_step() -> None:
    found = ascend(bowl, START, tries=40, first=100.0)
    torch.testing.assert_close(found.images, torch.ones_like(START), rtol=0, atol=1e-3)
    assert (np.diff(found.values, axis=0) >= 0).all()
    assert found.values.shape == (41, 2)
    assert ((found.accepted > 0) & (found.accepted < 1)).all()


def test_the_best_image_of_a_ball_is_the_nearest_to_the_top() -> None:
    """The tops lie at a length of sqrt(12)."""
    found = ascend(bowl, START + 9, tries=60, first=1.0, radius=2.0)
    torch.testing.assert_close(found.images, torch.full_like(START, 2 / 12**0.5), rtol=0, atol=1e-6)
    assert (np.diff(found.values, axis=0) >= 0).all()
    torch.testing.assert_close(found.values[0], bowl(torch.full_like(START, 2 / 12**0.5)).numpy())
    slope = 2 * torch.tensor([1.0, 1000.0]).view(2, 1, 1, 1) * (1 - found.images)
    torch.testing.assert_close(found.slopes, slope, check_dtype=False)


def test_one_image_is_climbed_as_if_it_were_alone() -> None:
    alone = ascend(lambda images: -(images - 1).pow(2).flatten(1).sum(dim=1), START[:1], tries=9, first=0.3)
    torch.testing.assert_close(ascend(bowl, START, tries=9, first=0.3).images[:1], alone.images)


def test_where_the_objective_is_no_number_nothing_goes() -> None:
    def cliff(images: Tensor) -> Tensor:
        heights = images.flatten(1).sum(dim=1)
        return heights + torch.where(heights < 5, 0.0, torch.nan)

    found = ascend(cliff, START, tries=60, first=3.0)
    assert np.isfinite(found.values).all()
    assert (found.values[-1] > 4).all()
    assert found.images.isfinite().all()


def test_a_flat_objective_stays_where_it_is() -> None:
    found = ascend(lambda images: 0 * images.flatten(1).sum(dim=1), START, tries=3, first=1.0)
    torch.testing.assert_close(found.images, START, rtol=0, atol=0)
