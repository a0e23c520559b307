"""Whether single units depend on nothing outside of their receptive fields: by noise there, and by the gradient."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.deconvnet import Layered


@dataclass(frozen=True)
class Dependence:
    """Of n units of a layer, each on an image of its own."""

    values: Float[np.ndarray, " n"]
    scale: Float[np.ndarray, " n"]  # the layer's largest magnitude on that image
    changes: Float[np.ndarray, " n"]  # by noise outside, as a share of it
    beyond: Float[np.ndarray, " n"]  # largest gradient outside, as a share of the largest anywhere
    outside: Float[np.ndarray, " n"]  # share of the image's pixels that are outside


def dependence(
    model: Layered,
    name: str,
    pixels: Float[Tensor, "n 3 h w"],
    *,
    units: tuple[Sequence[int], Sequence[int], Sequence[int]],
    boxes: Int[np.ndarray, "n 4"],
    noise: Float[Tensor, "n 3 h w"],
) -> Dependence:
    """What the `units` (channels, rows, columns) of the named layer of maps get from outside of their `boxes`.

    A box is top, left, bottom, right, the last two exclusive. `noise` are the pixels put outside.
    """
    inside = torch.zeros(len(boxes), 1, *pixels.shape[2:], dtype=torch.bool, device=pixels.device)
    for mask, (top, left, bottom, right) in zip(inside, boxes.tolist(), strict=True):
        mask[:, top:bottom, left:right] = True
    images = pixels.clone().requires_grad_()
    with torch.enable_grad():
        (maps,) = model.activations(images, name)
        values = _of(maps, units)
        (gradient,) = torch.autograd.grad(values.sum(), images)
    with torch.no_grad():
        (noisy,) = model.activations(torch.where(inside, pixels, noise), name)
    scale = maps.detach().flatten(1).abs().amax(dim=1).clamp(min=1e-30)
    size = gradient.abs().double()
    most = size.flatten(1).amax(dim=1).clamp(min=1e-300)
    found = (
        values.detach(), scale, (_of(noisy, units) - values.detach()).abs() / scale,
        (size * ~inside).flatten(1).amax(dim=1) / most, 1 - inside.double().mean(dim=(1, 2, 3)),
    )  # fmt: skip
    return Dependence(*(each.double().cpu().numpy() for each in found))


def _of(maps: Tensor, units: tuple[Sequence[int], Sequence[int], Sequence[int]]) -> Tensor:
    channels, rows, columns = (torch.as_tensor(np.asarray(each), device=maps.device) for each in units)
    return maps[torch.arange(len(maps), device=maps.device), channels, rows, columns]
