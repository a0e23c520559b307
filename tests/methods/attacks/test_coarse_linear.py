"""A linear classifier as one of pixels: its scores by loops, its slopes by parts; and coarse signs."""

import numpy as np
import torch

from cnnviz_core.methods.attacks.coarse_linear import coarse_signs, on_pixels
from cnnviz_core.methods.attacks.fast_gradient_sign import gradient_sign
from cnnviz_core.methods.softmax_regression import Linear

SIDE = 2


def linear() -> Linear:
    rng = np.random.default_rng(0)
    return Linear(rng.standard_normal((3, 3 * SIDE * SIDE)), rng.standard_normal(3))


def test_scores_are_those_of_the_mean_colors() -> None:
    images = torch.rand(2, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    found, model = on_pixels(linear(), SIDE)(images), linear()
    for image, scores in zip(images.double().numpy(), found, strict=True):
        seen = [image[c, 2 * y : 2 * y + 2, 3 * x : 3 * x + 3].mean() for c in range(3) for y in (0, 1) for x in (0, 1)]
        np.testing.assert_allclose(scores, [sum(w * s for w, s in zip(ws, seen, strict=True)) + b
                                            for ws, b in zip(model.weights, model.biases, strict=True)])  # fmt: skip


def test_slopes_are_those_of_the_classifier_in_every_pixel_of_a_part() -> None:
    image = torch.full((1, 3, 4, 6), 0.5)
    signs = gradient_sign(on_pixels(linear(), SIDE), image, torch.tensor([1]))
    wanted = np.sign(linear().slopes(np.full((1, 12), 0.5), np.array([1]))).reshape(3, SIDE, SIDE)
    np.testing.assert_array_equal(signs[0].numpy(), wanted.repeat(2, axis=1).repeat(3, axis=2))


def test_coarse_signs_are_the_same_in_a_part_and_of_both_kinds() -> None:
    signs = coarse_signs(torch.zeros(50, 3, 4, 6), SIDE, np.random.default_rng(0)).numpy()
    parts = signs.reshape(50, 3, SIDE, 2, SIDE, 3)
    assert (parts == parts[:, :, :, :1, :, :1]).all()
    assert set(np.unique(signs)) == {-1, 1}
    assert 0.4 < (signs > 0).mean() < 0.6
