"""Labs of tiny networks and few images, whose numbers are known by construction."""

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import Tensor, nn

from cnnviz_core.engine.local import Local
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.models.assemble import assemble
from cnnviz_core.network import draw_weights


def color_noise(count: int, size: int) -> list[Tensor]:
    """Images (3, size, size) of 8 bit noise, the same in every run."""
    values = np.random.default_rng(0).integers(0, 256, (count, 3, size, size), dtype=np.uint8)
    return list(torch.from_numpy(values))


@pytest.fixture
def make_lab() -> MakeLab:
    """Makes a lab from a network and images; pixels reach the network as they are, in [0, 1]."""

    def make(net: nn.Module, images: list[Tensor] | None = None, *, size: int = 8, std: float = 1.0) -> Lab:
        images = color_noise(6, size) if images is None else images
        model = assemble(
            net, name="tiny", size=size, resize=size, mean=[0, 0, 0], std=[std] * 3, classes=None, weights="planted"
        )
        names = tuple(f"class {k}" for k in range(len(images)))
        labels = np.arange(len(images))
        return Lab(model, Dataset("noise", "fingerprint", images, names, labels, names), seed=0, engine=Local())

    return make


@pytest.fixture
def small_net() -> nn.Sequential:
    """Two convolutions with ReLUs and a classifier of six classes, for images of 8 x 8 pixels, with random weights."""
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 5, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(5 * 4 * 4, 6),
    )  # fmt: skip
    draw_weights(net, np.random.default_rng(1))
    return net
