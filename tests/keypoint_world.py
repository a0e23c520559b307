"""Objects whose keypoints are painted in a color of their own, and a network that lets colors through."""

from dataclasses import replace

import numpy as np
import torch
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.lab import Dataset, Lab

SIDE = 24
BRIGHT = ((250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0))
NAMES = ("red", "green", "blue", "yellow")


def keypoint_world(images: int = 24, seed: int = 0) -> Dataset:
    """Images of two classes in turn that are all object, with a square of 3 x 3 pixels of each color."""
    rng = np.random.default_rng(seed)
    pixels, points = [], []
    for _ in range(images):
        image = rng.integers(0, 20, (3, SIDE, SIDE), dtype=np.uint8)
        cells = rng.permutation(16)[:4]
        places = [(6 * (cell // 4) + 3, 6 * (cell % 4) + 3) for cell in cells]
        for color, (row, column) in zip(BRIGHT, places, strict=True):
            image[:, row - 1 : row + 2, column - 1 : column + 2] = np.array(color, dtype=np.uint8)[:, None, None]
        pixels.append(torch.from_numpy(image))
        points.append(np.array([[[row + 0.5, column + 0.5, 1.0] for row, column in places]]))
    return Dataset(
        name="painted", fingerprint="painted", images=pixels, ids=tuple(f"no. {i}" for i in range(images)),
        labels=np.arange(images) % 2, class_names=("odd", "even"),
        boxes=[np.array([[0.0, 0.0, SIDE, SIDE]])] * images, keypoints=points, keypoint_names=(NAMES, NAMES),
    )  # fmt: skip


def colors_through() -> nn.Sequential:
    """Two layers of maps that hold the color of each pixel, and a classifier."""
    eye = np.eye(3).tolist()
    hidden, output = nn.Linear(12, 8), nn.Linear(8, 2)
    with torch.no_grad():
        for layer in (hidden, output):
            layer.weight.copy_(torch.eye(*layer.weight.shape))
    return nn.Sequential(
        pointwise(eye, [0.0] * 3), nn.ReLU(), pointwise(eye, [0.0] * 3), nn.ReLU(),
        nn.AvgPool2d(12), nn.Flatten(), hidden, nn.ReLU(), output,
    )  # fmt: skip


def keypoint_lab(make_lab: MakeLab, data: Dataset | None = None) -> Lab:
    images = [torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)]
    lab: Lab = make_lab(colors_through(), images, size=SIDE)
    return replace(lab, dataset=keypoint_world() if data is None else data)
