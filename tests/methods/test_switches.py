"""Max-poolings are counted as they run, whoever calls them; and unpooling undoes pooling."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.methods.deconvnet import project
from cnnviz_core.methods.switches import max_poolings


def test_max_poolings_are_counted_however_they_are_called() -> None:
    pool = nn.MaxPool2d(2)

    def net(x: Tensor) -> Tensor:
        x = F.avg_pool2d(pool(pool(x)), 1)
        x = F.max_pool2d(x, 3, stride=1, padding=1)
        x, _ = F.max_pool2d(x, 2, stride=1, return_indices=True)
        return F.adaptive_max_pool2d(x, 2)

    assert max_poolings(net, torch.zeros(1, 3, 32, 32)) == 5
    assert max_poolings(nn.Sequential(nn.Conv2d(3, 2, 3, stride=2), nn.ReLU()), torch.zeros(1, 3, 8, 8)) == 0


class Pooling:
    """One layer: maxima of 2 x 2 pixels."""

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        return (F.max_pool2d(pixels, 2),)


def test_what_is_unpooled_with_its_switches_is_pooled_to_what_it_was() -> None:
    images = torch.from_numpy(np.random.default_rng(0).random((2, 3, 8, 8)))
    pooled = F.max_pool2d(images, 2)
    unpooled = project(Pooling(), images, "pool1", seed=lambda activations: activations)
    assert torch.equal(F.max_pool2d(unpooled, 2), pooled)
    assert ((unpooled == images) | (unpooled == 0)).all()
    again = project(Pooling(), unpooled, "pool1", seed=lambda activations: activations)
    assert torch.equal(again, unpooled)


class Linear:
    """One convolution."""

    def __init__(self) -> None:
        self.weight = torch.from_numpy(np.random.default_rng(1).normal(size=(4, 3, 3, 3)))

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        return (F.conv2d(pixels, self.weight, torch.ones(4).double(), stride=2, padding=1),)


def test_through_one_linear_layer_goes_the_transpose() -> None:
    """<W x, y> = <x, W' y> for any x and y, where W is the layer without its bias."""
    rng, layer = np.random.default_rng(2), Linear()
    x, y = torch.from_numpy(rng.normal(size=(1, 3, 9, 9))), torch.from_numpy(rng.normal(size=(1, 4, 5, 5)))
    sent_back = project(layer, x, "conv1", seed=lambda _: y)
    without_bias = layer.activations(x)[0] - layer.activations(torch.zeros_like(x))[0]
    torch.testing.assert_close((without_bias * y).sum(), (x * sent_back).sum())
