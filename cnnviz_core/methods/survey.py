"""What the features of some layers did on many images, kept small."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from cnnviz_core.methods.deconvnet import Layered


@dataclass(frozen=True)
class Seen:
    """The c maps of a layer on n images."""

    peaks: Float[np.ndarray, "n c"]  # the strongest activation of each map
    rows: Int[np.ndarray, "n c"]  # where it is, the first place in reading order where there are several
    columns: Int[np.ndarray, "n c"]
    samples: Float[np.ndarray, "m c"]  # activations at some places of all images, the same for all maps


@torch.no_grad()
def survey(
    model: Layered,
    batches: Iterable[Float[Tensor, "_ 3 _ _"]],
    names: Sequence[str],
    *,
    inside: Sequence[Bool[np.ndarray, "_ _"]],
    positions: int,
) -> list[Seen]:
    """What each of the named layers of maps did on the images.

    Peaks are looked for at the places where the layer's `inside` is True. `samples` has at most `positions` places.
    """
    parts = [
        [_seen(maps.float(), where, positions) for maps, where in zip(found, inside, strict=True)]
        for found in (model.activations(pixels, *names) for pixels in batches)
    ]  # by batch, by layer
    return [_joined(layer) for layer in zip(*parts, strict=True)]


def _seen(maps: Float[Tensor, "n c h w"], inside: Bool[np.ndarray, "h w"], positions: int) -> Seen:
    allowed = torch.from_numpy(inside).to(maps.device)
    peaks, places = maps.masked_fill(~allowed, -torch.inf).flatten(2).max(dim=2)
    samples = sampled(maps, positions).movedim(1, -1).flatten(0, -2)
    peak, place, sample = (found.cpu().numpy() for found in (peaks, places, samples))
    return Seen(peak, place // maps.shape[3], place % maps.shape[3], sample)


def _joined(parts: Sequence[Seen]) -> Seen:
    columns = zip(*((part.peaks, part.rows, part.columns, part.samples) for part in parts), strict=True)
    return Seen(*(np.concatenate(column) for column in columns))


def sampled(maps: Float[Tensor, "n c h w"], positions: int) -> Float[Tensor, "n c rows columns"]:
    """The maps at a regular grid of at most `positions` places, with the same step in both directions."""
    step = 1
    while -(-maps.shape[2] // step) * -(-maps.shape[3] // step) > positions:
        step += 1
    return maps[:, :, step // 2 :: step, step // 2 :: step] if step > 1 else maps
