"""A network that weighs red against blue, and images of one color: which change fools it is known by hand."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.lab import Lab


def balance(gain: float = 255.0) -> nn.Sequential:
    """Two scores: by how many steps of 1/255 there is more red than blue, and its negative; green is not seen."""
    last = nn.Linear(3, 2)
    with torch.no_grad():
        last.weight.copy_(gain * torch.tensor([[1.0, 0.0, -1.0], [-1.0, 0.0, 1.0]]))
        last.bias.zero_()
    return nn.Sequential(pointwise(torch.eye(3).tolist(), [0.0] * 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)


def balance_lab(
    make_lab: MakeLab,
    colors: Sequence[tuple[int, int, int]],
    *,
    right: Sequence[int] | None = None,
    gain: float = 255.0,
) -> Lab:
    """The lab of images of these colors, whose labels are known where `right` says them."""
    images = [torch.tensor(color, dtype=torch.uint8)[:, None, None].expand(3, 8, 8) for color in colors]
    lab = make_lab(balance(gain), images, size=8)
    if right is None:
        return lab
    labels = torch.tensor(right).numpy()
    data = replace(lab.dataset, labels=labels, class_names=("red", "blue"), outputs=(0, 1))
    return replace(lab, dataset=data)
