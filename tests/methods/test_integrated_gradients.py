"""Integrated gradients, against a sum of very many small steps and the axioms of the paper."""

import numpy as np
import pytest
import torch
from slow_net import ANSWERS, FAST, IMAGES, SLOW, each_image
from torch import Tensor

from cnnviz_core.methods.integrated_gradients import incompleteness, integrated_gradients

BASELINE = torch.tensor([0.1, -0.2, 0.3], dtype=torch.float64)


def start() -> np.ndarray:
    return np.broadcast_to(BASELINE.numpy()[:, None, None], IMAGES.shape[1:])


def test_is_the_integral_along_the_straight_line() -> None:
    found = integrated_gradients(FAST, IMAGES, ANSWERS, baseline=BASELINE, steps=100).numpy()
    for values, (image, output) in zip(found[:1], each_image()[:1], strict=True):
        points = [start() + (k + 0.5) / 150 * (image - start()) for k in range(150)]
        slopes = np.mean([SLOW.back(point, output)[0] for point in points], axis=0)
        np.testing.assert_allclose(values, (image - start()) * slopes, atol=4e-2 * np.abs(values).max())


def test_its_points_and_weights_are_those_of_the_rule_of_gauss() -> None:
    """Two points, at 1/2 -+ 1/sqrt(12) with weight 1/2, integrate a cubic exactly: the score x^4 of one pixel."""

    def fourth(pixels: Tensor) -> Tensor:
        return (pixels**4).sum(dim=(1, 2, 3))[:, None]

    found = integrated_gradients(fourth, IMAGES, torch.zeros(3, dtype=torch.int64), baseline=BASELINE, steps=2)
    np.testing.assert_allclose(found.numpy(), IMAGES.numpy() ** 4 - start() ** 4, atol=1e-12)


def test_shares_add_up_to_the_change_of_the_score() -> None:
    found = integrated_gradients(FAST, IMAGES, ANSWERS, baseline=BASELINE, steps=100)
    gains = [SLOW.score(image, output) - SLOW.score(start(), output) for image, output in each_image()]
    np.testing.assert_allclose(found.sum(dim=(1, 2, 3)), gains, rtol=0.05)
    left = incompleteness(FAST, IMAGES, ANSWERS, found, baseline=BASELINE)
    np.testing.assert_allclose(left, np.abs(found.sum(dim=(1, 2, 3)).numpy() - gains) / np.abs(gains), atol=1e-9)
    few = integrated_gradients(FAST, IMAGES, ANSWERS, baseline=BASELINE, steps=2)
    assert incompleteness(FAST, IMAGES, ANSWERS, few, baseline=BASELINE).mean() > 5 * left.mean()


def test_pixels_that_are_the_baseline_have_no_share() -> None:
    images = IMAGES.clone()
    images[:, :, 2] = BASELINE[:, None]
    found = integrated_gradients(FAST, images, ANSWERS, baseline=BASELINE, steps=3)
    assert found[:, :, 2].count_nonzero() == 0
    assert found[:, :, 3].count_nonzero() > 0


def test_of_no_change_at_all_the_share_is_not_a_division_by_zero() -> None:
    same = BASELINE[None, :, None, None].expand_as(IMAGES)
    zero = torch.zeros_like(IMAGES)
    assert incompleteness(FAST, same, ANSWERS, zero, baseline=BASELINE).tolist() == pytest.approx([0, 0, 0])
