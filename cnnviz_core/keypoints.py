"""Objects whose keypoints are known, cut out of their images in the model's size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.methods.features_at import Grid, columns_at, even_grid
from cnnviz_core.methods.keypoint_types import KeypointSet, keypoint_set
from cnnviz_core.methods.sift import descriptors
from cnnviz_core.network import Layer, Model


@dataclass(frozen=True)
class Annotated:
    """An object with keypoints, in pixels of the data set's image."""

    image: int
    label: int
    box: np.ndarray  # (4,): top, left, bottom, right
    points: np.ndarray  # (points, 3): row, column, and 1 where visible


@dataclass(frozen=True)
class Cutout:
    """An object in the middle of an image of the model's size, as large as it fits with a margin."""

    image: Tensor  # (3, h, w), in [0, 1]
    places: np.ndarray  # (points, 2): row and column in its pixels; NaN where not annotated
    seen: np.ndarray  # (points,): whether it is visible
    box: np.ndarray  # (4,): of the object, in its pixels

    @property
    def side(self) -> float:
        """The longer side of the object's box, in pixels."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))


def unknown_keypoints(data: Dataset) -> str | None:
    """Why there are no keypoints to work with, or None."""
    if data.keypoints is None or not any(data.keypoint_names):
        return (
            f"the data set {data.name} knows of no keypoints; dataset=diorama does, and a folder of images has those "
            "of dataset.keypoints=FILE.json (COCO)"
        )
    return None


def unlocatable(lab: Lab) -> str | None:
    """Why keypoints cannot be looked for in the maps of the model, or None."""
    if reason := unknown_keypoints(lab.dataset):
        return reason
    return None if map_layers(lab.model, 1) else f"{lab.model.name} has no layer of maps before its classifier"


def asked_about(things: Sequence[Annotated], folds: int) -> KeypointSet | None:
    """The visible keypoints of these objects that are seen in as many images as there are folds; None without any."""
    seen = [thing.points[:, 2] > 0 for thing in things]
    return keypoint_set([thing.image for thing in things], [thing.label for thing in things], seen, folds)


def too_rare(lab: Lab, things: Sequence[Annotated], folds: int) -> str | None:
    """Why no classifier of keypoints can be tested on some of these objects and trained on the others, or None."""
    if asked_about(things, folds) is not None:
        return None
    return (
        f"a classifier is trained on some images of a class and tested on others; {lab.dataset.name} has no class with "
        f"two keypoints that are each seen in {folds} of the images"
    )


def annotated(lab: Lab, count: int, least: int) -> list[Annotated]:
    """About `count` objects, of images that are spread evenly over the data set.

    Left out are those whose box is shorter than `least` pixels on its longer side and those with fewer than two
    visible keypoints; what the box reaches outside of the image stays outside.
    """
    data = lab.dataset
    assert data.keypoints is not None
    found: list[Annotated] = []
    for i in lab.spread(count):
        label = int(data.labels[i])
        for k, points in enumerate(np.asarray(data.keypoints[i], dtype=float)):
            box = _box(data, i, k, points)
            if (points[:, 2] > 0).sum() >= 2 and max(box[2] - box[0], box[3] - box[1]) >= least:
                found.append(Annotated(i, label, box, points))
    return found


def _box(data: Dataset, i: int, k: int, points: np.ndarray) -> np.ndarray:
    """The box of an object, or where none is known the smallest around its keypoints."""
    if data.boxes is not None and k < len(data.boxes[i]):
        return np.asarray(data.boxes[i][k], dtype=float)
    known = points[np.isfinite(points[:, 0]), :2]
    return np.concatenate([known.min(axis=0), known.max(axis=0)]) if len(known) else np.zeros(4)


def cutouts(lab: Lab, things: Sequence[Annotated], margin: float) -> list[Cutout]:
    """Each object with `margin` of its box's longer side around it; outside of the image is the model's mean color."""
    return [_cutout(lab, thing, margin) for thing in things]


def _cutout(lab: Lab, thing: Annotated, margin: float) -> Cutout:
    height, width = lab.model.size
    box, image = thing.box, lab.dataset.images[thing.image]
    longest = max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * margin)
    scale = min(height, width) / longest
    rows, columns = max(round(height / scale), 1), max(round(width / scale), 1)
    top, left = round((box[0] + box[2] - rows) / 2), round((box[1] + box[3] - columns) / 2)
    window = torch.tensor(lab.model.mean).view(3, 1, 1).expand(3, rows, columns).clone()
    inside = [max(-top, 0), min(image.shape[1] - top, rows), max(-left, 0), min(image.shape[2] - left, columns)]
    a, b, c, d = inside
    window[:, a:b, c:d] = image[:, a + top : b + top, c + left : d + left].float() / 255
    pixels = F.interpolate(window[None], (height, width), mode="bilinear", antialias=True, align_corners=False)[0]
    factor, corner = np.array([height / rows, width / columns]), np.array([top, left])
    return Cutout(
        pixels.clamp(0, 1),
        (thing.points[:, :2] - corner) * factor,
        thing.points[:, 2] > 0,
        ((box.reshape(2, 2) - corner) * factor).ravel(),
    )


def map_layers(model: Model, count: int) -> list[Layer]:
    """At most `count` layers of maps in order, the first and the last: weighted ones, after their non-linearity."""
    names = list(model.layers)
    before = [model.layers[name] for name in names[: names.index(model.codes_layer) + 1]]
    maps = list(dict.fromkeys(model.rectified(layer).name for layer in before if layer.weighted and layer.spatial))
    every = [model.layers[name] for name in maps if model.layers[name].spatial]
    places = sorted({int(k) for k in np.linspace(0, len(every) - 1, min(count, len(every))).round()})
    return [every[k] for k in places]


def grid_of(model: Model, layer: Layer) -> Grid:
    """Where the receptive fields of a layer of maps are centered."""
    shape, field = (layer.shape[1], layer.shape[2]), layer.receptive_field
    if field is None:
        return even_grid(shape, model.size)
    start = (field.start[0] + field.size[0] / 2, field.start[1] + field.size[1] / 2)
    return Grid(shape, start, (float(field.stride[0]), float(field.stride[1])))


def maps_of(lab: Lab, cut: Sequence[Cutout], names: Sequence[str], batch: int) -> Iterator[list[np.ndarray]]:
    """For each of the cut out objects in turn the outputs of the named layers."""
    chunks = [cut[start : start + batch] for start in range(0, len(cut), batch)]
    for chunk in lab.track(chunks, "objects through the model"):
        pixels = torch.stack([each.image for each in chunk]).to(lab.device)
        with torch.no_grad():
            found = [maps.float().cpu().numpy() for maps in lab.model.activations(pixels, *names)]
        yield from (list(maps) for maps in zip(*found, strict=True))


def columns_of(
    lab: Lab, cut: Sequence[Cutout], places: Sequence[np.ndarray], layers: Sequence[Layer], batch: int
) -> dict[str, np.ndarray]:
    """By layer, the column (n, channels) at each place (row, column in pixels) of each of the cut out objects."""
    grids = {layer.name: grid_of(lab.model, layer) for layer in layers}
    found: dict[str, list[np.ndarray]] = {name: [] for name in grids}
    for maps, points in zip(maps_of(lab, cut, list(grids), batch), places, strict=True):
        for name, layer in zip(grids, maps, strict=True):
            found[name].append(columns_at(layer, grids[name], points))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def sift_of(cut: Sequence[Cutout], places: Sequence[np.ndarray], radii: Sequence[float]) -> list[np.ndarray]:
    """For each radius in pixels, the SIFT descriptor (n, 128) at each place of each of the cut out objects."""
    images = [eight_bit(each) for each in cut]
    return [
        np.concatenate([descriptors(image, each, radius=radius) for image, each in zip(images, places, strict=True)])
        for radius in radii
    ]


def eight_bit(cut: Cutout) -> np.ndarray:
    """(3, h, w) in 8 bit."""
    return np.asarray((cut.image.numpy() * 255).round().astype(np.uint8))
