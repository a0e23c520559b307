"""The units that some images excite most, one unit per map and image, and what lies in their receptive fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.deconvnet import Layered, keep_units, projections
from cnnviz_core.methods.survey import Seen
from cnnviz_core.methods.windows import Field, cut, window


@dataclass(frozen=True)
class Units:
    """For each of c maps of a layer its strongest unit on each of k images, strongest first."""

    channels: Int[np.ndarray, " c"]
    images: Int[np.ndarray, "c k"]  # places among the images that were surveyed
    rows: Int[np.ndarray, "c k"]
    columns: Int[np.ndarray, "c k"]

    def flat(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """Channel, image, row and column of all units, map after map."""
        channels = np.repeat(self.channels, self.images.shape[1])
        found = (channels, self.images.ravel(), self.rows.ravel(), self.columns.ravel())
        channel, image, row, column = (each.tolist() for each in found)
        return channel, image, row, column


def top_units(seen: Seen, channels: Sequence[int], count: int) -> Units:
    """The strongest unit of each of these maps on each of the `count` images on which it is strongest."""
    chosen = np.array(channels, dtype=int)
    images = np.argsort(-seen.peaks[:, chosen], axis=0, kind="stable")[:count].T
    places = images, chosen[:, None]
    return Units(chosen, images, seen.rows[places], seen.columns[places])


def drawn_maps(seen: Seen, count: int, number: int, rng: np.random.Generator) -> list[int]:
    """At most `number` maps at random, of those that respond to `count` images.

    Where these are too few, then those that respond to the most; dead ones only where there are no others.
    """
    responding = np.minimum((seen.peaks > 0).sum(axis=0), count)
    order = rng.permutation(seen.peaks.shape[1])
    found: list[int] = order[np.argsort(-responding[order], kind="stable")][:number].tolist()
    return found


def fields(
    pictures: Float[np.ndarray, "n c h w"], field: Field | None, rows: Sequence[int], columns: Sequence[int]
) -> Float[np.ndarray, "n c height width"]:
    """What the unit at (row, column) sees of each picture, with zeros beyond the picture."""
    size = pictures.shape[2], pictures.shape[3]
    windows = [window(field, *place, size) for place in zip(rows, columns, strict=True)]
    return np.stack([cut(picture, *each) for picture, each in zip(pictures, windows, strict=True)])


def outside(
    pictures: Float[np.ndarray, "n c h w"], field: Field | None, rows: Sequence[int], columns: Sequence[int]
) -> float:
    """The largest magnitude that a picture has where its unit does not see."""
    largest = 0.0
    for picture, row, column in zip(np.abs(pictures), rows, columns, strict=True):
        (top, left), (height, width) = window(field, row, column, (picture.shape[1], picture.shape[2]))
        seen = np.zeros(picture.shape[1:], dtype=bool)
        seen[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = True
        largest = max(largest, float(picture[:, ~seen].max(initial=0)))
    return largest


@dataclass(frozen=True)
class InFields:
    """What n units see, and what was sent back from them, in their receptive fields; zero is gray beyond the image."""

    patches: Float[np.ndarray, "n 3 height width"]  # of the images
    projections: Mapping[str, Float[np.ndarray, "n 3 height width"]]  # by rule
    stray: float  # the largest magnitude of a projection outside of its field, as a share of the largest of all


Seed = Callable[[Tensor], Tensor]


def sent_to_fields(
    model: Layered,
    pixels_of: Callable[[Sequence[int]], Float[Tensor, "n 3 h w"]],
    layer: str,
    field: Field | None,
    units: Units,
    *,
    rules: Sequence[str],
    batch: int,
    seed: Callable[[Sequence[int], Sequence[int], Sequence[int]], Seed] = keep_units,
) -> InFields:
    """All units (c * k, map after map) sent back to their images by the rules, `batch` images in one forward pass.

    `pixels_of` gives the images at some places among those that were surveyed; `seed` makes the signal that is sent
    back, of channels, rows and columns. Raises UndefinedRule where a rule has no definition for the network.
    """
    channels, images, rows, columns = units.flat()
    patches, stray = [], 0.0
    found: dict[str, list[np.ndarray]] = {rule: [] for rule in rules}
    for start in range(0, len(images), batch):
        part = slice(start, start + batch)
        pixels, places = pixels_of(images[part]), (field, rows[part], columns[part])
        signal = seed(channels[part], rows[part], columns[part])
        patches.append(fields(pixels.cpu().numpy() - 0.5, *places) + 0.5)
        for rule, sent in projections(model, pixels, layer, seed=signal, rules=rules).items():
            array = sent.float().cpu().numpy()
            stray = max(stray, outside(array, *places) / max(float(np.abs(array).max()), 1e-30))
            found[rule].append(fields(array, *places))
    return InFields(np.concatenate(patches), {rule: np.concatenate(parts) for rule, parts in found.items()}, stray)


def keep_strongest_at(channels: Sequence[int], rows: Sequence[int], columns: Sequence[int]) -> Seed:
    """A seed as of `keep_units`, of the map that is strongest at the place, whatever the channel is."""

    def seed(activations: Tensor) -> Tensor:
        here = activations[torch.arange(len(rows)), :, torch.as_tensor(rows), torch.as_tensor(columns)]
        return keep_units(here.argmax(dim=1).tolist(), rows, columns)(activations)

    return seed
