"""Saliency maps, against loops written from the paper and finite differences."""

import numpy as np
import pytest
import torch
from slow_net import ANSWERS, FAST, IMAGES, SLOW, each_image
from torch import Tensor

from cnnviz_core.methods.relu_rules import RULES
from cnnviz_core.methods.saliency import class_gradients, one_output, saliency


def test_is_the_largest_magnitude_over_the_colors_of_the_slope_of_the_raw_score() -> None:
    found = saliency(FAST, IMAGES, ANSWERS)
    for values, (image, output) in zip(found.numpy(), each_image(), strict=True):
        np.testing.assert_allclose(values, np.abs(SLOW.back(image, output)[0]).max(axis=0), atol=1e-12)
    assert (found >= 0).all()


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_that_of_the_paper(rule: str) -> None:
    found = class_gradients(FAST, IMAGES, ANSWERS, RULES)[rule].numpy()
    for values, (image, output) in zip(found, each_image(), strict=True):
        np.testing.assert_allclose(values, SLOW.back(image, output, rule)[0], atol=1e-12)


def test_is_the_slope_by_finite_differences() -> None:
    found = class_gradients(FAST, IMAGES, ANSWERS)["gradient"].numpy()
    rng, step = np.random.default_rng(8), 1e-6
    for values, (image, output) in zip(found, each_image(), strict=True):
        for _ in range(5):
            direction = rng.normal(size=image.shape)
            ahead, behind = (SLOW.score(image + sign * step * direction, output) for sign in (1, -1))
            assert (ahead - behind) / (2 * step) == pytest.approx((values * direction).sum(), rel=1e-5)


def test_a_score_of_twice_the_size_has_twice_the_map() -> None:
    doubled = saliency(lambda pixels: 2 * FAST(pixels), IMAGES, ANSWERS)
    torch.testing.assert_close(doubled, 2 * saliency(FAST, IMAGES, ANSWERS))


def test_it_is_the_score_and_not_the_probability() -> None:
    def shifted(pixels: Tensor) -> Tensor:
        """The same probabilities by scores that all change with the image."""
        return FAST(pixels) + 3 * pixels.sum(dim=(1, 2, 3))[:, None]

    plain = class_gradients(FAST, IMAGES, ANSWERS)["gradient"]
    torch.testing.assert_close(class_gradients(shifted, IMAGES, ANSWERS)["gradient"], plain + 3)


def test_images_of_a_batch_are_alone() -> None:
    whole = saliency(FAST, IMAGES, ANSWERS)
    for k in range(3):
        torch.testing.assert_close(saliency(FAST, IMAGES[[k]], ANSWERS[[k]]), whole[[k]])


def test_one_output_of_each_image() -> None:
    assert one_output(torch.tensor([1, 0]))(torch.full((2, 3), 9.0)).tolist() == [[0, 1, 0], [1, 0, 0]]
