"""What a network answers while a square hides one part of the image after another.

Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 4.2.
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Measure = Callable[[Tensor], Tensor]
"""Images (n, 3, height, width) -> numbers (n, k)."""


@runtime_checkable
class Classifier(Protocol):
    """A network with the mean colour of its training images."""

    @property
    def mean(self) -> Sequence[float]: ...

    def __call__(self, pixels: Tensor, /) -> Tensor: ...


def starts(length: int, patch: int, stride: int) -> Int[np.ndarray, " n"]:
    """First pixel of each place of a patch wholly inside `length` pixels: every `stride` pixels, and at the far end.

    The last step is shorter where the stride does not fit, so that the last row of pixels is hidden too. A patch as
    long as the image or longer has one place.
    """
    if patch < 0 or stride < 1:
        raise ValueError(f"a square of {patch} pixels cannot move by {stride} pixels")
    patch = min(patch, length)
    return np.append(np.arange(0, length - patch, stride), length - patch)


def square_and_stride(length: int, *, share: float, places: int) -> tuple[int, int]:
    """Side of a square that is `share` of `length`, and the smallest stride with at most `places` places, in pixels."""
    patch = min(max(round(share * length), 1), length)
    return patch, max(math.ceil((length - patch) / max(places - 1, 1)), 1)


def at_pixels(
    numbers: Float[np.ndarray, "rows columns"], size: tuple[int, int], *, patch: int, stride: int
) -> Float[np.ndarray, "h w"]:
    """Numbers by place as an image: each pixel has that of the square whose center is nearest, and NaN far from any."""
    rows, columns = (_nearest(length, patch, stride) for length in size)
    spread: np.ndarray = np.where((rows < 0)[:, None] | (columns < 0), np.nan, numbers[rows][:, columns])
    return spread


def _nearest(length: int, patch: int, stride: int) -> Int[np.ndarray, " length"]:
    """For each pixel the place whose center is nearest, or -1 where that is more than half a stride away."""
    centers = starts(length, patch, stride) + (min(patch, length) - 1) / 2
    distances = np.abs(np.arange(length)[:, None] - centers)
    return np.where(distances.min(axis=1) <= stride / 2, distances.argmin(axis=1), -1)


def centered_on(mask: Bool[np.ndarray, "h w"], *, patch: int, stride: int) -> Bool[np.ndarray, "rows columns"]:
    """Whether the middle pixel of the square lies in the mask, for every place."""
    rows, columns = (starts(length, patch, stride) + (min(patch, length) - 1) // 2 for length in mask.shape)
    inside: np.ndarray = mask[rows][:, columns]
    return inside


def covered(energy: Float[np.ndarray, "h w"], *, patch: int, stride: int) -> Float[np.ndarray, "rows columns"]:
    """The sum of `energy` under the square, for every place."""
    height, width = energy.shape
    sums = np.pad(energy.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    rows, columns = (starts(length, patch, stride)[:, None] for length in (height, width))
    bottom, right = np.minimum(rows + patch, height), np.minimum(columns + patch, width)
    total: np.ndarray = sums[bottom, right.T] - sums[rows, right.T] - sums[bottom, columns.T] + sums[rows, columns.T]
    return total


def occlude(
    image: Float[Tensor, "3 h w"], corners: Int[np.ndarray, "n 2"], *, patch: int, fill: Tensor
) -> Float[Tensor, "n 3 h w"]:
    """Copies of the image, each with the square of one corner (top, left) replaced by the same part of `fill`."""
    occluded = image.repeat(len(corners), 1, 1, 1).contiguous(memory_format=torch.channels_last)
    for copy, (top, left) in zip(occluded, corners.tolist(), strict=True):
        copy[:, top : top + patch, left : left + patch] = fill[:, top : top + patch, left : left + patch]
    return occluded


@torch.no_grad()
def occlusion_sweep(
    measure: Measure, image: Float[Tensor, "3 h w"], *, patch: int, stride: int, fill: Tensor, batch: int = 32
) -> Float[Tensor, "rows columns k"]:
    """Whatever `measure` says of the image with a square of `patch` pixels at every place of `starts`.

    `fill` is what the square shows: one colour (3,), or an image (3, h, w) such as a blurred copy.
    """
    height, width = image.shape[-2:]
    rows, columns = starts(height, patch, stride), starts(width, patch, stride)
    corners = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    whole = fill.to(image).reshape(3, *(fill.shape[1:] or (1, 1))).expand_as(image)
    chunks = [corners[start : start + batch] for start in range(0, len(corners), batch)]
    numbers = torch.cat([measure(occlude(image, chunk, patch=patch, fill=whole)) for chunk in chunks])
    return numbers.reshape(len(rows), len(columns), -1)


def occlusion_logits(
    model: Classifier,
    image: Float[Tensor, "3 h w"],
    *,
    patch: int,
    stride: int,
    fill: Tensor | None = None,
    batch: int = 32,
) -> Float[Tensor, "rows columns classes"]:
    """All logits for every place of the square, whose colour is the model's mean unless `fill` says otherwise."""
    colour = torch.tensor(model.mean) if fill is None else fill
    return occlusion_sweep(model, image, patch=patch, stride=stride, fill=colour, batch=batch)


def occlusion_map(
    model: Classifier,
    image: Float[Tensor, "3 h w"],
    *,
    label: int,
    patch: int,
    stride: int,
    fill: Tensor | None = None,
    batch: int = 32,
) -> Float[np.ndarray, "rows columns"]:
    """P(label) for every place of the square: panel (d) of figure 7 of Zeiler and Fergus.

    Not a difference and not an average over squares that overlap: one place, one forward pass, one number.
    """
    logits = occlusion_logits(model, image, patch=patch, stride=stride, fill=fill, batch=batch)
    return probabilities(logits)[..., label]


def probabilities(logits: Float[Tensor, "*n classes"]) -> Float[np.ndarray, "*n classes"]:
    """Softmax in double precision, so that the order of the classes is that of the logits."""
    found: np.ndarray = logits.double().softmax(dim=-1).cpu().numpy()
    return found
