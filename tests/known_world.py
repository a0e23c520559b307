"""A data set of plain shapes about which everything is known, and a network whose answers are written in the images."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from tiny import MakeLab
from torch import Tensor, nn

from cnnviz_core.lab import Dataset, Lab

SIDE = 24
NAMES = ("square", "bar", "disc", "ring")
FAMILIES = ("angular", "angular", "round", "round")
COLORS = ((230, 60, 40), (60, 200, 60), (60, 90, 230), (220, 200, 40))
KEYPOINTS = ("top left", "top right", "bottom left", "bottom right", "middle")


def shape(label: int, corner: tuple[int, int]) -> np.ndarray:
    """The pixels of a shape in a box of 10 x 10, or for the bar 4 x 10, from a corner on; (SIDE, SIDE)."""
    rows, columns = np.indices((SIDE, SIDE)) - np.array(corner)[:, None, None]
    height = 4 if label == 1 else 10
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < 10)
    if label < 2:
        return np.asarray(inside)
    radius = np.hypot(rows - 4.5, columns - 4.5)
    return np.asarray(inside & (radius < 5.2) & (radius > (2 if label == 3 else -1)))


def known_world(per_class: int = 6, answers: Sequence[int] | None = None) -> Dataset:
    """Images of `per_class` shapes of each class in turn; every third has a second, smaller one half outside.

    The red of the first pixels of the first row spells the answer of `reader`: the right one, or that of `answers`.
    """
    labels = np.tile(np.arange(4), per_class)
    spelt = labels if answers is None else np.array(answers)
    rng = np.random.default_rng(0)
    images, instances, boxes, points = [], [], [], []
    for i, label in enumerate(labels):
        image = rng.integers(90, 110, (3, SIDE, SIDE), dtype=np.uint8)
        seen = np.zeros((SIDE, SIDE), dtype=np.uint8)
        corners = [(int(rng.integers(2, 5)), int(rng.integers(0, 5))), (20, 18)][: 1 + (i % 3 == 2)]
        for k, corner in enumerate(corners):
            pixels = shape(int(label), corner)
            image[:, pixels] = np.array(COLORS[label], dtype=np.uint8)[:, None]
            seen[pixels] = k + 1
        image[0, 0] = 0
        image[0, 0, spelt[i]] = 255
        images.append(torch.from_numpy(image))
        instances.append(seen)
        boxes.append(np.array([tight(seen == k + 1) for k in range(len(corners))]))
        points.append(np.array([keypoints(int(label), corner) for corner in corners]))
    return Dataset(
        name="shapes", fingerprint="shapes", images=images, ids=tuple(f"no. {i}" for i in range(len(labels))),
        labels=labels, class_names=NAMES, outputs=(0, 1, 2, 3),
        masks=[seen > 0 for seen in instances], boxes=boxes, instances=instances, keypoints=points,
        keypoint_names=(KEYPOINTS,) * 4, families=FAMILIES,
        attributes={
            "instances": np.array([len(found) for found in boxes]),
            "scale": np.array([np.prod(found[0][2:] - found[0][:2]) / SIDE**2 for found in boxes]),
            "texture": np.array(["low", "none", "high", "medium"])[labels],
            "surroundings": np.where(labels % 2 == 0, "meadow", "street"),
        },
    )  # fmt: skip


def tight(pixels: np.ndarray) -> list[float]:
    rows, columns = np.nonzero(pixels)
    return [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]


def keypoints(label: int, corner: tuple[int, int]) -> list[list[float]]:
    """The corners of the shape's box and its middle, visible where they are of the shape and in the image."""
    bottom = 3 if label == 1 else 9
    places = [(0, 0), (0, 9), (bottom, 0), (bottom, 9), (bottom // 2, 4)]
    pixels = shape(label, corner)
    found = [(corner[0] + row, corner[1] + column) for row, column in places]
    return [
        [row + 0.5, column + 0.5, float(row < SIDE and column < SIDE and pixels[row, column])] for row, column in found
    ]


def reader(outputs: int = 4) -> nn.Module:
    """A network whose logits are 8 times the red of the first pixels of the first row."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, outputs), nn.ReLU(), nn.Linear(outputs, outputs))
    with torch.no_grad():
        for layer, gain in ((net[1], 8.0), (net[3], 1.0)):
            assert isinstance(layer, nn.Linear)
            layer.weight.copy_(torch.eye(*layer.weight.shape) * gain)
            layer.bias.zero_()
    return net


def known_lab(make_lab: MakeLab, data: Dataset | None = None, *, outputs: int = 4) -> Lab:
    """The lab of the reader and the known world."""
    images: list[Tensor] = [torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)]
    return replace(make_lab(reader(outputs), images, size=SIDE), dataset=known_world() if data is None else data)
