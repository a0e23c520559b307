"""Parts of tiny networks whose answers are known by construction."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from cnnviz_core.lab import Lab

MakeLab = Callable[..., Lab]
"""The fixture `make_lab`: network, images -> lab."""


def pointwise(weights: Sequence[Sequence[float]], biases: Sequence[float]) -> nn.Conv2d:
    """A convolution of one pixel with these weights, a row for each of its maps."""
    conv = nn.Conv2d(len(weights[0]), len(weights), 1)
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight.copy_(torch.tensor(weights)[:, :, None, None])
        conv.bias.copy_(torch.tensor(biases))
    return conv
