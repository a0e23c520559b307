"""Foolbox's attacks, on the same network and pixels."""

import warnings
from typing import Any

import torch
from torch import Tensor, nn

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import foolbox
    from foolbox.models.pytorch import PyTorchModel

from cnnviz_core.methods.attacks.fast_gradient_sign import Classifier


class Module(nn.Module):
    """A classifier as Foolbox wants it."""

    def __init__(self, logits: Classifier) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, pixels: Tensor) -> Tensor:
        return self.logits(pixels)


def attacked(
    name: str, logits: Classifier, pixels: Tensor, labels: Tensor, *, epsilon: float, start: Tensor | None = None,
    **settings: Any,
) -> Tensor:  # fmt: skip
    """What Foolbox's attack of that name makes of the images, from the given start or none; clipped to [0, 1]."""
    model = PyTorchModel(Module(logits).eval(), bounds=(0, 1), device=pixels.device)
    kind = getattr(foolbox.attacks, name)
    if start is not None:
        given = start
        kind = type("FromStart", (kind,), {"get_random_start": lambda self, x0, bound: type(x0)(given)})
    attack = kind(random_start=start is not None, **settings)
    found: Tensor = attack.run(model, pixels, foolbox.criteria.Misclassification(labels), epsilon=epsilon)
    return torch.as_tensor(found)
