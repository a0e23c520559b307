"""Grad-CAM, against loops written from the paper."""

import numpy as np
import torch
from slow_net import ANSWERS, FAST, IMAGES, SLOW, each_image

from cnnviz_core.methods.gradcam import at_pixels, gradcam


def test_is_the_weighted_sum_of_the_maps() -> None:
    found = gradcam(FAST, IMAGES, ANSWERS, "maps").numpy()
    assert found.shape == (3, 4, 4)
    for values, (image, output) in zip(found, each_image(), strict=True):
        maps, (_, slopes) = SLOW.run(image)[3].clip(0), SLOW.back(image, output)
        total = np.zeros((4, 4))
        for k in range(5):
            alpha = sum(slopes[k, y, z] for y in range(4) for z in range(4)) / 16
            total += alpha * maps[k]
        np.testing.assert_allclose(values, np.maximum(total, 0), atol=1e-12)
    assert 0 < (found > 0).mean() < 1


def test_it_works_where_gradients_are_off_and_leaves_the_images() -> None:
    with torch.no_grad():
        found = gradcam(FAST, IMAGES, ANSWERS, "maps")
    assert torch.equal(found, gradcam(FAST, IMAGES, ANSWERS, "maps"))
    assert not IMAGES.requires_grad
    assert not found.requires_grad


def test_maps_are_brought_to_the_image_linearly() -> None:
    maps = torch.tensor([[[0.0, 4.0], [0.0, 4.0]]])
    assert at_pixels(maps, (2, 4)).tolist() == [[[0, 1, 3, 4]] * 2]
