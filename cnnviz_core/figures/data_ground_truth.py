"""What is known about single images, drawn on them: boxes, outlines of objects, keypoints, and attributes in words."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from torch.nn import functional as F

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.methods.annotations import fits, inside, on_object
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.labels_apart import labels_apart
from cnnviz_core.methods.sampling import drawn, spread_classes

LARGEST = 480  # pixels of the longer side of an image in the picture
GOOD_FIT = 0.9  # overlap of a box with the smallest one around its object


@dataclass(frozen=True)
class DataGroundTruth(Figure):
    """Images of several classes with all that the data set knows about each."""

    images: list[int] | None
    count: int
    search: int
    images_measured: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("images", lab)
        self.check_at_least(1, "count", "search", "images_measured")
        if not {"boxes", "masks", "instances", "keypoints"} & set(lab.dataset.has):
            return (
                f"the data set {lab.dataset.name} knows of no boxes, masks or keypoints; the embedded data sets do, "
                "and a folder of images has boxes with dataset.boxes=FILE.json (COCO)"
            )
        return None

    def compute(self, lab: Lab) -> Result:
        rng = lab.rng(self.name())
        ids = self.images or self._chosen(lab, rng)
        found = [_drawable(lab.dataset, i) for i in ids]
        return Result(
            {f"{name}_{k}": array for k, arrays in enumerate(found) for name, array in arrays.items()},
            {
                "has": list(lab.dataset.has),
                "kinds": sorted({name for arrays in found for name in arrays} - {"image"}),
                "images": [_told(lab.dataset, i) for i in ids],
                "measured": _measured(lab, lab.spread(self.images_measured), rng),
            },
        )

    def _chosen(self, lab: Lab, rng: np.random.Generator) -> list[int]:
        """Of each of the classes, the image with the largest objects of which most keypoints are seen: easy to read."""
        data = lab.dataset
        labels = spread_classes(sorted(set(data.labels.tolist())), data.families, self.count)
        candidates = [drawn(data.labels, label, self.search, rng) for label in labels]
        return [max(few, key=lambda i: _covered(data, i) * _seen(data, i)) for few in candidates]

    def draw(self, result: Result) -> Picture:
        shown = result.stats["images"]
        columns, rows = min(2, len(shown)), -(-len(shown) // 2)
        lines = max(len(_attribute_lines(image["attributes"])) for image in shown)
        side = 1.0 if "keypoints" in result.stats["kinds"] else 0.02  # of the column for their names
        high = 3.25 - side
        picture = style.picture(style.WIDTH * columns / 2, rows * (high + 0.15 + 0.13 * lines) + 0.25)
        panels = picture.subplots(
            2 * rows, 2 * columns, width_ratios=[high, side] * columns, height_ratios=[high, 0.13 * lines + 0.02] * rows
        )
        for axes in panels.flat:
            axes.set_axis_off()
        for k, image in enumerate(shown):
            row, column = 2 * (k // columns), 2 * (k % columns)
            _draw_truth(panels[row, column], result.arrays, k, image)
            _write(panels[row, column + 1], [f"{n + 1} {name}" for n, name in enumerate(image["keypoints"])])
            _write(panels[row + 1, column], _attribute_lines(image["attributes"]))
        _legend(picture, result.stats["kinds"])
        return picture

    def alt(self, stats: Stats) -> str:
        images = "; ".join(_described(image) for image in stats["images"])
        return f"{len(stats['images'])} images with what is known about them ({', '.join(stats['has'])}): {images}."

    def claims(self, stats: Stats) -> list[Claim]:
        name, measured = self.name(), stats["measured"]
        inside = identity(
            f"{name}.keypoints_inside",
            "A keypoint that is visible lies inside its image.",
            measured["outside"] == 0,
            {"visible_keypoints": measured["visible"], "outside": measured["outside"]},
        )
        agree = [
            _boxes_fit(f"{name}.boxes_fit", measured),
            _keypoints_on_object(f"{name}.keypoints_on_object", measured),
        ]
        return [inside, *agree] if measured["visible"] else agree


def _boxes_fit(name: str, measured: Stats) -> Claim:
    text = (
        f"A box is the smallest one around the pixels of its object: their overlap (area of the intersection by that "
        f"of the union) is above {GOOD_FIT} on average."
    )
    if not measured["boxes"]:
        reason = "the data set has no boxes together with masks of the same objects"
        return Claim(name, text, "tendency", None, {}, undecided=reason)
    numbers = {key: measured[key] for key in ("boxes", "overlap", "equal")}
    return tendency(name, text, numbers, measured["fit_interval"], source="")


def _keypoints_on_object(name: str, measured: Stats) -> Claim:
    text = "Visible keypoints lie on their object more often than a random place of the image does."
    if not measured["placed"]:
        return Claim(name, text, "tendency", None, {}, undecided="the data set has no keypoints together with masks")
    numbers = {"on_object": measured["on_object"], "area_of_object": measured["area"]}
    return tendency(name, text, numbers, measured["on_object_interval"], source="")


def _instances(data: Dataset, i: int) -> np.ndarray | None:
    """Which object each pixel belongs to, (h, w): 1 and so on, 0 for none. A mask is one object."""
    if data.instances is not None:
        return np.asarray(data.instances[i]).astype(int)
    return None if data.masks is None else np.asarray(data.masks[i]).astype(int)


def _covered(data: Dataset, i: int) -> float:
    """Share of the image that its objects cover, by their pixels, else their boxes; 1 where neither is known."""
    instances = _instances(data, i)
    if instances is not None:
        return float((instances > 0).mean())
    if data.boxes is None:
        return 1.0
    sides = np.maximum(data.boxes[i][:, 2:] - data.boxes[i][:, :2], 0)
    return float(sides.prod(axis=1).sum() / np.prod(data.images[i].shape[-2:]))


def _seen(data: Dataset, i: int) -> float:
    """Share of the keypoints that are visible; 1 where there are none."""
    points = np.zeros((0, 0, 3)) if data.keypoints is None else data.keypoints[i]
    return float((points[..., 2] > 0).mean()) if points.size else 1.0


def _drawable(data: Dataset, i: int) -> dict[str, np.ndarray]:
    """The image, at most `LARGEST` pixels long, and what is known about it, scaled with it."""
    image, instances = data.images[i], _instances(data, i)
    height, width = image.shape[-2:]
    scale = min(1.0, LARGEST / max(height, width))
    size = max(round(scale * height), 1), max(round(scale * width), 1)
    if scale < 1:
        small = F.interpolate(image[None].float(), size, mode="bilinear", antialias=True, align_corners=False)[0]
        image = small.clamp(0, 255).round().to(torch.uint8)
    found = {"image": image.numpy()}
    if instances is not None:
        rows, columns = (np.arange(n) * old // n for n, old in zip(size, (height, width), strict=True))
        found["instances"] = instances[np.ix_(rows, columns)]
    if data.boxes is not None:
        found["boxes"] = np.asarray(data.boxes[i], dtype=float) * scale
    if data.keypoints is not None:
        found["keypoints"] = np.asarray(data.keypoints[i], dtype=float) * (scale, scale, 1)
    return found


def _told(data: Dataset, i: int) -> dict[str, Any]:
    """Class, family, names of keypoints, attributes and counts of one image."""
    label, instances = int(data.labels[i]), _instances(data, i)
    names = data.keypoint_names[label] if data.keypoint_names and data.keypoints is not None else ()
    points = np.zeros((0, 0, 3)) if data.keypoints is None else data.keypoints[i]
    objects = len(data.boxes[i]) if data.boxes is not None else int(instances.max()) if instances is not None else None
    return {
        "index": int(i),
        "class": data.class_names[label],
        "family": None if data.families is None else data.families[label],
        "objects": objects,
        "keypoints": [name.replace("_", " ") for name in names],
        "points": int(points[..., 2].size),
        "visible": int((points[..., 2] > 0).sum()),
        "attributes": {name: values[i].item() for name, values in (data.attributes or {}).items()},
    }


def _measured(lab: Lab, ids: Sequence[int], rng: np.random.Generator) -> dict[str, Any]:
    """How well boxes, masks and keypoints agree, over many images."""
    data = lab.dataset
    overlaps: list[float] = []
    hits, areas, visible, outside = [], [], 0, 0
    for i in lab.track(ids, "checking the ground truth"):
        instances = _instances(data, i)
        if instances is not None and data.boxes is not None and len(data.boxes[i]) == instances.max():
            overlaps.extend(fits(np.asarray(data.boxes[i], dtype=float), instances))
        if data.keypoints is None:
            continue
        points = np.asarray(data.keypoints[i], dtype=float)
        seen = points[..., 2] > 0
        visible += int(seen.sum())
        outside += int((seen & ~inside(points, data.images[i].shape[-2:])).sum())
        if instances is not None and seen.any():
            hits.append(on_object(points, instances).mean())
            areas.append((instances > 0).mean())
    fit, on, by_area = np.array(overlaps), np.array(hits), np.array(areas)
    found: dict[str, Any] = {"images": len(ids), "boxes": len(fit), "visible": visible, "outside": outside}
    found["placed"] = len(on)
    if len(fit):
        low, high = mean_interval(fit, rng)
        found |= {"overlap": float(fit.mean()), "equal": float((fit == 1).mean())}
        found["fit_interval"] = [low - GOOD_FIT, high - GOOD_FIT]
    if len(on):
        found |= {"on_object": float(on.mean()), "area": float(by_area.mean())}
        found["on_object_interval"] = list(mean_interval(on - by_area, rng))
    return found


def _draw_truth(axes: Axes, arrays: Mapping[str, np.ndarray], k: int, image: Mapping[str, Any]) -> None:
    """One image with its boxes, outlines and keypoints, each object in its own color."""
    picture = arrays[f"image_{k}"]
    family = "" if image["family"] is None else f" ({image['family']})"
    style.show_image(axes, picture, style.short(f"{image['class']}{family}", 34))
    instances = arrays.get(f"instances_{k}", np.zeros((1, 1), dtype=int))
    for number in range(int(instances.max())):
        pixels = instances == number + 1
        if pixels.any() and not pixels.all():
            axes.contour(pixels, levels=[0.5], colors=[_color(number)], linewidths=1)
    for number, box in enumerate(arrays.get(f"boxes_{k}", ())):
        style.box(axes, *box, colour=_color(number))
    for number, points in enumerate(arrays.get(f"keypoints_{k}", ())):
        _draw_keypoints(axes, points, _color(number), picture.shape[-2:])
    axes.set(xlim=(-0.5, picture.shape[-1] - 0.5), ylim=(picture.shape[-2] - 0.5, -0.5))


def _color(number: int) -> str:
    return (style.MARK, *style.COLOURS)[number % (1 + len(style.COLOURS))]


def _draw_keypoints(axes: Axes, points: np.ndarray, color: str, size: tuple[int, int]) -> None:
    """A dot on each keypoint, filled where it is visible, and its number beside it."""
    there = np.flatnonzero(((points[:, :2] >= 0) & (points[:, :2] <= np.array(size) - 0.5)).all(axis=1))
    if not len(there):
        return
    places = labels_apart(points[there, :2], least=0.085 * max(size), size=size)
    halo = [withStroke(linewidth=1.6, foreground="white")]
    for n, (row, column) in zip(there, places, strict=True):
        y, x, visible = points[n] - (0.5, 0.5, 0)  # an axis of an image has its zero in the middle of a pixel
        axes.plot([x, column], [y, row], color=style.COLOURS[6], linewidth=0.6, path_effects=halo, zorder=3)
        face, edge = (color, "white") if visible else ("white", color)
        axes.plot(x, y, "o", markersize=4, markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.8, zorder=4)
        axes.text(column, row, str(n + 1), fontsize=6.5, ha="center", va="center", path_effects=halo, zorder=5,
                  color="black" if visible else style.COLOURS[6])  # fmt: skip


def _attribute_lines(attributes: Mapping[str, Any]) -> list[str]:
    """The attributes as text, some to a line."""
    entries = [
        f"{name.replace('_', ' ')} {value:.3g}" if isinstance(value, float) else f"{name.replace('_', ' ')}: {value}"
        for name, value in attributes.items()
    ]
    unbroken = [entry.replace(" ", "\N{NO-BREAK SPACE}") for entry in entries]
    return textwrap.wrap(", ".join(unbroken), 58, break_long_words=True)


def _write(axes: Axes, lines: Sequence[str], most: int = 18) -> None:
    """Lines from the upper left corner down; they may be longer than the panel is wide."""
    shown = [*lines[: most - 1], "…"] if len(lines) > most else lines
    text = axes.text(0, 1, "\n".join(style.short(line, 70) for line in shown), transform=axes.transAxes, fontsize=6.5,
                     va="top", linespacing=1.35)  # fmt: skip
    text.set_in_layout(False)


def _legend(picture: Picture, kinds: Sequence[str]) -> None:
    entries = {
        "boxes": [_sign("box", "s", "white")],
        "instances": [_sign("outline of an object", line=True)],
        "keypoints": [_sign("visible keypoint", "o", style.MARK), _sign("hidden keypoint", "o", "white")],
    }
    handles = [handle for kind in kinds for handle in entries[kind]]
    picture.legend(handles=handles, loc="outside upper center", ncols=len(handles))


def _sign(label: str, marker: str = "", filled: str = "none", *, line: bool = False) -> Line2D:
    return Line2D(
        [], [], color=style.MARK, linestyle="-" if line else "", marker=marker, markerfacecolor=filled, markersize=4,
        label=label,
    )  # fmt: skip


def _described(image: Mapping[str, Any]) -> str:
    words = str(image["class"])
    if image["objects"] is not None:
        words += f", {image['objects']} object{'' if image['objects'] == 1 else 's'}"
    return words + (f", {image['visible']} of {image['points']} keypoints visible" if image["points"] else "")
