"""The total activation of one feature map, beside the network's answer of the same forward pass."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class Answering(Protocol):
    """A network that gives its logits (n, classes), and the outputs of its layers from the same pass."""

    def __call__(self, pixels: Tensor, /) -> Tensor: ...

    def activations_and_logits(self, pixels: Tensor, *names: str) -> tuple[tuple[Tensor, ...], Tensor]: ...


def logits_and_total(model: Answering, layer: str, channel: int) -> Callable[[Tensor], Tensor]:
    """A function of images that gives their logits and, as the last number, the sum over one map.

    The sum is the total activation of Zeiler and Fergus 2014, figure 7 (b).
    """

    def measure(pixels: Tensor) -> Tensor:
        (maps,), logits = model.activations_and_logits(pixels, layer)
        return torch.cat([logits, maps[:, [channel]].sum(dim=(2, 3))], dim=1)

    return measure
