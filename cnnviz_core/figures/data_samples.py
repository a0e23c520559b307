"""A sheet of images from many classes, drawn at random, as the model sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from torch.nn import functional as F

from cnnviz_core import style
from cnnviz_core.claim import identity
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.grid import enlarged, tiled
from cnnviz_core.methods.sampling import drawn, spread_classes

HEIGHT = 8.5  # inches: what a page has room for besides the caption
FINEST = 160  # pixels of an image on the sheet, which has no room for more
SINGLES, ACROSS = 42, 6  # images on a sheet with one of each class, and how many of them stand side by side


@dataclass(frozen=True)
class DataSamples(Figure):
    """A row of images for each of many classes; one image for each of more classes where they have few images."""

    classes: int
    images: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "classes", "images")
        return None

    def compute(self, lab: Lab) -> Result:
        data, rng = lab.dataset, lab.rng(self.name())
        counts = np.bincount(data.labels, minlength=len(data.class_names))
        there = np.flatnonzero(counts).tolist()
        single = 2 * counts.max() < self.images
        rows = min(self.classes * self.images, SINGLES) if single else self.classes
        labels = spread_classes(there, data.families, rows)
        ids = [drawn(data.labels, label, 1 if single else self.images, rng) for label in labels]
        flat = [i for row in ids for i in row]
        return Result(
            {"images": _small(lab, flat), "row": np.repeat(np.arange(len(ids)), [len(row) for row in ids])},
            {
                "single": bool(single),
                "classes": [
                    {
                        "name": data.class_names[label],
                        "family": None if data.families is None else data.families[label],
                        "images": int(counts[label]),
                    }
                    for label in labels
                ],
                "images": ids,
                "columns": max(len(row) for row in ids),
                "shown": len(flat),
                "all_images": len(data),
                "all_classes": len(there),
                "fewest": int(counts[there].min()),
                "most": int(counts.max()),
                "families": _families(lab, there),
                "own_row": bool(
                    len(set(flat)) == len(flat)
                    and all(data.labels[i] == label for row, label in zip(ids, labels, strict=True) for i in row)
                ),
            },
        )

    def draw(self, result: Result) -> Picture:
        if result.stats["single"]:
            return _singles(result.arrays["images"], result.stats["classes"])
        return _rows(result.arrays["images"], result.arrays["row"], result.stats)

    def alt(self, stats: Stats) -> str:
        names = ", ".join(entry["name"] for entry in stats["classes"])
        if stats["single"]:
            return f"One image of each of {len(stats['classes'])} classes: {names}."
        return (
            f"A sheet of {stats['shown']} images, a row for each of {len(stats['classes'])} classes with up to "
            f"{stats['columns']} images drawn at random. From top to bottom: {names}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        return [
            identity(
                f"{self.name()}.own_row",
                "Each image on the sheet has the label of its row, and none stands there twice.",
                stats["own_row"],
                {"images": stats["shown"]},
            )
        ]


def _families(lab: Lab, labels: Sequence[int]) -> list[dict[str, Any]]:
    """Each family with the names of its classes, in the order in which families first come."""
    if lab.dataset.families is None:
        return []
    found: dict[str, list[str]] = {}
    for label in labels:
        found.setdefault(lab.dataset.families[label], []).append(lab.dataset.class_names[label])
    return [{"name": family, "classes": names} for family, names in found.items()]


def _small(lab: Lab, ids: Sequence[int]) -> np.ndarray:
    """Images (n, 3, h, w), 8 bit, in the model's frame and of at most `FINEST` pixels on the longer side."""
    found = []
    for i in lab.track(ids, "images of the sample sheet"):
        pixels = lab.pixels([i])
        shrink = FINEST / max(pixels.shape[-2:])
        if shrink < 1:
            size = [round(shrink * length) for length in pixels.shape[-2:]]
            pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True, align_corners=False)
        found.append((pixels[0].clamp(0, 1).cpu() * 255).round().byte().numpy())
    return np.stack(found)


def _tiles(images: np.ndarray) -> np.ndarray:
    """Images as (n, h, w, 3) in [0, 1], each pixel of a small image repeated, so that lines between them are thin."""
    return enlarged(images.transpose(0, 2, 3, 1) / 255, FINEST * 3 // 5)


def _rows(images: np.ndarray, row: np.ndarray, stats: Stats) -> Picture:
    """A panel for each family with a row for each class."""
    classes, columns = stats["classes"], stats["columns"]
    bands = [list(band) for _, band in groupby(range(len(classes)), key=lambda k: classes[k]["family"])]
    tiles = _tiles(images)
    across = columns * tiles.shape[2] / tiles.shape[1]
    margin = 0.15 + 0.085 * max(len(style.short(entry["name"], 18)) for entry in classes) + 0.2 * (len(bands) > 1)
    cell = min((HEIGHT - 0.1 * len(bands)) / len(classes), (style.WIDTH - margin) / across, 1.1)
    picture = style.picture(margin + cell * across, cell * len(classes) + 0.1 * len(bands))
    panels = picture.subplots(len(bands), 1, squeeze=False, height_ratios=[len(band) for band in bands])
    for axes, band in zip(panels[:, 0], bands, strict=True):
        blank = np.ones((len(band) * columns, *tiles.shape[1:]))
        for k, label in enumerate(band):
            blank[k * columns : k * columns + (row == label).sum()] = tiles[row == label]
        style.show_image(axes, tiled(blank, columns=columns, pad=2))
        _name_rows(axes, [classes[k]["name"] for k in band], tiles.shape[1] + 2, classes[band[0]]["family"])
    picture.align_ylabels()
    return picture


def _name_rows(axes: Axes, names: Sequence[str], step: int, family: str | None) -> None:
    axes.set_yticks([step * (k + 0.5) for k in range(len(names))], [style.short(name, 18) for name in names])
    axes.tick_params(axis="y", length=0, labelsize=8)
    if family is not None:
        axes.set_ylabel(style.short(family, 24), fontweight="bold")


def _singles(images: np.ndarray, classes: Sequence[dict[str, Any]]) -> Picture:
    """One image of each class in a grid, its name above it."""
    tiles = _tiles(images)
    height, width = tiles.shape[1:3]
    strip = round(0.17 * height)
    named = np.concatenate([np.ones((len(tiles), strip, width, 3)), tiles], axis=1)
    columns = min(len(tiles), ACROSS)
    sheet = tiled(named, columns=columns, pad=4)
    across = style.WIDTH * columns / ACROSS
    picture = style.picture(across, across * sheet.shape[0] / sheet.shape[1])
    axes = picture.subplots()
    style.show_image(axes, sheet)
    for k, entry in enumerate(classes):
        row, column = divmod(k, columns)
        place = (column * (width + 4), row * (height + strip + 4) + strip * 0.85)
        axes.text(*place, style.short(entry["name"], 19), fontsize=7)
    return picture
