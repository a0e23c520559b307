"""Parts of tiny networks whose answers are known by construction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from cnnviz_core.lab import Lab
from cnnviz_core.network import History

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


def trained(
    lab: Lab, times: Sequence[float], change: Callable[[float], Mapping[str, Tensor]], **curves: Sequence[float]
) -> Lab:
    """The lab of a model whose training is known: its weights, of which `change` gives those that differ at a time."""
    end = lab.model.net.state_dict()
    weights = {time: {**end, **change(time)} for time in times}
    return lab.with_model(replace(lab.model, history=History(weights, curves)))
