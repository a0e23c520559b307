"""A network whose first layer keeps every color and whose last keeps only their mean."""

from dataclasses import replace

import numpy as np
import torch
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.lab import Lab


def color_lab(make_lab: MakeLab) -> Lab:
    """The first layer gives each color and its negative, and so loses nothing; the last two give the mean color."""
    first, last = pointwise([*np.eye(3).tolist(), *(-np.eye(3)).tolist()], [0.0] * 6), nn.Linear(6, 3)
    with torch.no_grad():
        last.weight.copy_(torch.cat([torch.eye(3), -torch.eye(3)], dim=1))
        last.bias.zero_()
    made = make_lab(nn.Sequential(first, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), last))
    return made.with_model(replace(made.model, mean=(0.5, 0.5, 0.5)))
