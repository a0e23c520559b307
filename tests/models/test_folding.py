"""Batch normalisation folds into the weights: the plain net gives the same."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz_core.models.folding import folded, with_batch_norm
from cnnviz_core.models.refnet import RefNet
from cnnviz_core.network import draw_weights


def plain() -> nn.Module:
    body = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Flatten())
    head = nn.Sequential(nn.Linear(64, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3))
    return nn.Sequential(OrderedDict(body=body, head=head)).double()


def used(net: nn.Module) -> nn.Module:
    """The net with normalisations that have seen data, and weights of their own."""
    rng = np.random.default_rng(0)
    draw_weights(net, rng)
    net.train()
    for _ in range(3):
        net(torch.from_numpy(rng.normal(2, 3, (8, 3, 8, 8))))
    with torch.no_grad():
        for value in net.parameters():
            value.add_(torch.from_numpy(rng.normal(0, 0.3, tuple(value.shape))))
    return net.eval()


def test_the_plain_net_gives_the_same() -> None:
    normalised, net = used(with_batch_norm(plain()).double()), plain().eval()
    net.load_state_dict(folded(normalised))
    images = torch.from_numpy(np.random.default_rng(1).normal(0, 1, (5, 3, 8, 8)))
    torch.testing.assert_close(net(images), normalised(images), rtol=1e-10, atol=1e-10)
    assert normalised(images).std() > 0.1


def test_each_weighted_layer_but_the_last_is_normalised() -> None:
    net = with_batch_norm(plain())
    kinds = [type(module).__name__ for sequence in net.children() for module in sequence.children()]
    assert kinds == ["Conv2d", "BatchNorm2d", "ReLU", "Conv2d", "BatchNorm2d", "ReLU", "Flatten",
                     "Linear", "BatchNorm1d", "ReLU", "Dropout", "Linear"]  # fmt: skip


def test_a_net_without_normalisation_keeps_its_weights() -> None:
    net = plain()
    state = folded(net)
    assert state.keys() == net.state_dict().keys()
    assert all(torch.equal(state[name], value) for name, value in net.state_dict().items())


def test_what_is_folded_fits_the_reference_net() -> None:
    normalised = with_batch_norm(RefNet())
    RefNet().load_state_dict(folded(normalised))
    with pytest.raises(RuntimeError):
        RefNet().load_state_dict(normalised.state_dict())
