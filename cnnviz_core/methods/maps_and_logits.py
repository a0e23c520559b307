"""Feature maps and the network's answer from one forward pass."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor


@runtime_checkable
class Layered(Protocol):
    """A network that also gives the outputs of its layers."""

    def __call__(self, pixels: Tensor, /) -> Tensor: ...

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]: ...


def maps_and_logits(
    model: Layered, pixels: Float[Tensor, "n 3 h w"], layer: str, *, logits_layer: str | None
) -> tuple[Float[Tensor, "n channels rows columns"], Float[Tensor, "n classes"]]:
    """The maps of a layer, and the logits.

    `logits_layer` is the layer whose output are the logits; where the network has none it takes a second pass.
    """
    if logits_layer is None:
        (maps,) = model.activations(pixels, layer)
        return maps, model(pixels)
    maps, logits = model.activations(pixels, layer, logits_layer)
    return maps, logits.flatten(1)


def logits_and_total(
    model: Layered, layer: str, channel: int, *, logits_layer: str | None
) -> Callable[[Tensor], Tensor]:
    """A function of images that gives their logits and, as the last number, the sum over one map.

    The sum is the total activation of Zeiler and Fergus 2014, figure 7 (b).
    """

    def measure(pixels: Tensor) -> Tensor:
        maps, logits = maps_and_logits(model, pixels, layer, logits_layer=logits_layer)
        return torch.cat([logits, maps[:, [channel]].sum(dim=(2, 3))], dim=1)

    return measure
