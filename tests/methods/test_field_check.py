"""What units get from outside of their receptive fields, for a network where it is known."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from cnnviz_core.methods.field_check import dependence


class Means:
    """A layer "near" of means over 3 x 3 pixels and colors, and a layer "far" that adds a share of the whole image."""

    def __init__(self, share: float) -> None:
        self.share = share

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        near = F.avg_pool2d(pixels.mean(1, keepdim=True), 3, stride=1)
        found = {"near": near, "far": near + self.share * pixels.mean()}
        return tuple(found[name].repeat(1, 2, 1, 1) for name in names)


def test_nothing_comes_from_outside_or_its_share_is_told() -> None:
    rng = np.random.default_rng(0)
    pixels, noise = (torch.from_numpy(rng.random((2, 3, 6, 6))) for _ in range(2))
    units = [0, 1], [1, 3], [2, 0]
    boxes = np.array([[1, 2, 4, 5], [3, 0, 6, 3]])
    near = dependence(Means(0.3), "near", pixels, units=units, boxes=boxes, noise=noise)
    expected = [pixels[0, :, 1:4, 2:5].mean(), pixels[1, :, 3:6, 0:3].mean()]
    np.testing.assert_allclose(near.values, expected)
    np.testing.assert_allclose(near.scale, F.avg_pool2d(pixels.mean(1, keepdim=True), 3, 1).amax((1, 2, 3)))
    np.testing.assert_allclose(near.outside, [0.75, 0.75])
    np.testing.assert_allclose(near.changes, 0, atol=1e-15)
    np.testing.assert_array_equal(near.beyond, 0)
    far = dependence(Means(0.3), "far", pixels, units=units, boxes=boxes, noise=noise)
    weight = 0.3 / 216  # of each pixel of both images, for both units
    np.testing.assert_allclose(far.beyond, 2 * weight / (1 / 27 + 2 * weight))
    assert (far.changes > 1e-3).all()
    half = boxes - np.array([0, 0, 1, 0])  # without the last row of what a unit sees
    missed = dependence(Means(0), "near", pixels, units=units, boxes=half, noise=noise)
    np.testing.assert_allclose(missed.beyond, 1)
    moved = [(noise - pixels)[0, :, 3, 2:5].sum() / 27, (noise - pixels)[1, :, 5, 0:3].sum() / 27]
    np.testing.assert_allclose(missed.changes * missed.scale, np.abs(moved))
