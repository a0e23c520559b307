"""The images, and the parts of them, that excite single units most (Girshick et al., figure 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import difference_interval
from cnnviz_core.methods.canvas import Row, Sheet, sheet
from cnnviz_core.methods.field_check import dependence
from cnnviz_core.methods.grid import magnified
from cnnviz_core.methods.label_entropy import label_entropy
from cnnviz_core.methods.label_sets import random_sets, silent_labels
from cnnviz_core.methods.strongest import Strongest
from cnnviz_core.methods.unit_rows import distinct, likes, one_per_image, responding
from cnnviz_core.methods.windows import cut, window
from cnnviz_core.network import Layer, Model

ROUNDING = 1e-4  # relative, of single precision and another order of sums for other images beside it
PAD, MIDDLE, TITLE = 4, 44, 60  # between tiles, between two units side by side, and above (b), in pixels


@dataclass(frozen=True)
class TopkUnits(Figure):
    """(a) Rows of whole images with the receptive fields of the units; (b) crops to receptive fields, by depth."""

    layer: str | None
    chosen: int
    drawn: int
    crops: int
    depths: int
    units: int
    parts: int
    tile: int
    draws: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "chosen", "crops", "depths", "units", "parts", "tile")
        self.check_at_least(0, "drawn")
        self.check_at_least(2, "draws")
        if lab.model.last_maps is None:
            return f"{lab.model.name} has no layer of maps before its classifier"
        ranked = [layer.name for layer in _ranked(lab.model)]
        if self.layer is not None and self.layer not in ranked:
            raise InputError(
                f"figure.{self.name()}.layer={self.layer} must be an activation, block or pooling layer that gives "
                f"maps; {lab.model.name} has: {', '.join(ranked)}"
            )
        return None

    def compute(self, lab: Lab) -> Result:
        model, rng, swept = lab.model, lab.rng(self.name()), lab.sweep()
        layer = _last_pooling(model) if self.layer is None else model.layer(self.layer)
        found = swept.strongest[layer.name]
        single = one_per_image(found, min(self.crops, len(lab.dataset)))
        chosen = self._chosen(single, swept.codes[model.codes_layer])
        rows = chosen + _random(np.setdiff1d(_live(single), chosen), self.drawn, rng)
        shown = [(layer, rows)]
        for each in _local(model, self.depths):
            few = one_per_image(swept.strongest[each.name], min(self.parts, len(lab.dataset)))
            shown.append((each, _random(_live(few), self.units, rng)))
        parts = [self._parts(lab, each, swept.strongest[each.name], channels) for each, channels in shown[1:]]
        checks = [_checked(lab, each, swept.strongest[each.name], channels, rng) for each, channels in shown]
        return Result(
            {
                "images": self._tiles(lab, found.images[rows, : self.crops]),
                "boxes": self._boxes(layer, found, rows, model.size),
                **{f"parts{k}": tiles for k, tiles in enumerate(parts)},
            },
            {
                "layer": layer.name,
                "channels": layer.shape[0],
                "live": len(responding(single)),
                "images": len(lab.dataset),
                "field": _size(layer),
                "chosen": len(chosen),
                "rows": [_row(lab, found, single, channel, self.crops) for channel in rows],
                "depths": [{"name": each.name, "channels": channels, "field": _size(each)}
                           for each, channels in shown[1:]],
                **_order(swept.strongest, {name: each.maximum for name, each in swept.statistics.items()}),
                "checked": sum(len(check["values"]) for check in checks),
                **{key: max(float(check[key].max()) for check in checks) for key in ("missed", "changes", "beyond")},
                "outside": float(np.concatenate([check["outside"] for check in checks]).mean()),
                **self._labels(lab, layer.name, single, rng),
            },
        )  # fmt: skip

    def _chosen(self, single: Strongest, codes: np.ndarray) -> list[int]:
        """The live channels whose images have most in common, and least with those of the others chosen."""
        live = _live(single)
        found: list[int] = live[distinct(likes(codes, single.images[live]), self.chosen)].tolist()
        return found

    def _tiles(self, lab: Lab, images: np.ndarray) -> np.ndarray:
        """Images (rows, crops) as pictures (rows, crops, tile, tile, 3) in 8 bit; white where there is none."""
        tiles = np.full((*images.shape, self.tile, self.tile, 3), 255, dtype=np.uint8)
        for row, ids in zip(tiles, lab.track(list(images), "images of units"), strict=True):
            if (ids >= 0).any():
                pixels = lab.pixels(ids[ids >= 0].tolist()).cpu().numpy()
                row[ids >= 0] = _eight_bit(magnified(pixels.transpose(0, 2, 3, 1), self.tile))
        return tiles

    def _boxes(self, layer: Layer, found: Strongest, rows: Sequence[int], size: tuple[int, int]) -> np.ndarray:
        """The receptive fields (rows, crops, 4) in pixels of the tiles; NaN where there is no image."""
        boxes = np.full((len(rows), min(self.crops, found.values.shape[1]), 4), np.nan)
        scale = self.tile / max(size)
        gap = [(self.tile - length * scale) / 2 for length in size]  # of an image that is not square
        for k, channel in enumerate(rows):
            for j in np.flatnonzero(found.images[channel, : self.crops] >= 0):
                box = _box(layer, int(found.rows[channel, j]), int(found.columns[channel, j]), size)
                boxes[k, j] = np.array(box) * scale + [*gap, *gap]
        return boxes

    def _parts(self, lab: Lab, layer: Layer, found: Strongest, channels: Sequence[int]) -> np.ndarray:
        """What units see of the images that excite them most, (channels, parts, tile, tile, 3) in 8 bit."""
        single = one_per_image(found, self.parts)
        tiles = np.full((len(channels), self.parts, self.tile, self.tile, 3), 255, dtype=np.uint8)
        for k, channel in enumerate(channels):
            for j in np.flatnonzero(single.images[channel] >= 0):
                place = int(single.rows[channel, j]), int(single.columns[channel, j])
                pixels = lab.pixels([int(single.images[channel, j])])[0].cpu().numpy()
                part = cut(pixels - 0.5, *window(layer.receptive_field, *place, lab.model.size)) + 0.5
                tiles[k, j] = _eight_bit(magnified(part.transpose(1, 2, 0)[None], self.tile))[0]
        return tiles

    def _labels(self, lab: Lab, name: str, single: Strongest, rng: np.random.Generator) -> dict[str, Any]:
        """Label entropy of the strongest images of all live units, of random images, and with random weights."""
        labels, count = lab.dataset.labels, single.images.shape[1]
        if reason := silent_labels(labels, count):
            return {"top": count, "undecided": reason}
        control = one_per_image(lab.with_model(lab.model.randomised(rng)).sweep().strongest[name], count)
        ours, random = (label_entropy(labels[each.images[responding(each)]]) for each in (single, control))
        if min(len(ours), len(random)) < 2:
            return {"top": count, "undecided": f"fewer than two units respond to {count} images"}
        chance = label_entropy(labels[random_sets(len(labels), count, self.draws, rng)])
        return {
            "top": count,
            "undecided": "",
            "entropy": float(ours.mean()),
            "entropy_chance": float(chance.mean()),
            "entropy_random": float(random.mean()),
            "below_chance": list(difference_interval(chance, ours, rng)),
            "below_random": list(difference_interval(random, ours, rng)),
        }

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        rows = [
            Row(tiles / 255, above=3 * PAD * (0 < k == stats["chosen"])) for k, tiles in enumerate(arrays["images"])
        ]
        for d in range(len(stats["depths"])):
            pairs = _pairs(arrays[f"parts{d}"] / 255)
            rows += [Row(tiles, above=(3 * PAD if d else TITLE) * (k == 0), middle=MIDDLE)
                     for k, tiles in enumerate(pairs)]  # fmt: skip
        drawn = sheet(rows, PAD)
        height, width = drawn.pixels.shape[:2]
        picture = style.picture(height=0.25 + (style.WIDTH - 0.6) * height / width)
        axes = picture.subplots()
        style.show_image(axes, drawn.pixels, f"(a) whole images and receptive fields: {stats['layer']}")
        for corners, boxes, row in zip(drawn.corners, arrays["boxes"], stats["rows"], strict=False):
            _fields(axes, corners, boxes, row["values"])
        _names(axes, drawn, stats, self.tile)
        return picture

    def alt(self, stats: Stats) -> str:
        rows = "; ".join(
            f"unit {row['channel']}: {row['of_class']} of {row['of']} images of class {row['class']}"
            for row in stats["rows"]
        )
        depths = "; ".join(f"{each['name']} ({_times(each['field'])} pixels)" for each in stats["depths"])
        below = f" Below, crops to the receptive fields of random units of {depths}." if depths else ""
        return (
            f"Rows of up to {self.crops} images that excite one unit of {stats['layer']} most, each with the value as "
            f"a share of the unit's maximum and the receptive field as a white rectangle; {stats['chosen']} rows are "
            f"chosen for what their images have in common and {len(stats['rows']) - stats['chosen']} drawn at random. "
            f"{rows}.{below}"
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, checked = self.name(), {"units": stats["checked"], "share_of_pixels_outside": stats["outside"]}
        return [
            identity(
                f"{name}.in_order",
                "Values do not increase along a row, and the first is the maximum of the unit over all places of all "
                "images.",
                stats["rise"] <= 0 and stats["maximum_missed"] == 0,
                {"units": stats["units_swept"], "largest_rise": stats["rise"], "missed": stats["maximum_missed"]},
            ),
            identity(
                f"{name}.seen_again",
                "A unit has the same value again when its image goes through the network in other company.",
                stats["missed"] <= ROUNDING,
                {"units": stats["checked"], "largest_relative_difference": stats["missed"]},
            ),
            identity(
                f"{name}.noise_outside",
                "Noise in place of all that is outside of the receptive field leaves the value as it is.",
                stats["changes"] <= ROUNDING,
                {**checked, "largest_relative_change": stats["changes"]},
            ),
            identity(
                f"{name}.gradient_outside",
                "The gradient of the value is zero outside of the receptive field.",
                stats["beyond"] <= ROUNDING,
                {**checked, "largest_relative_gradient": stats["beyond"]},
            ),
            *(_purer(name, what, stats) for what in ("chance", "random")),
        ]


def _purer(name: str, what: str, stats: Stats) -> Claim:
    """That the images of a unit are of fewer classes than random ones, or than those with random weights."""
    other = {"chance": f"{stats['top']} random images", "random": "the same with random weights"}[what]
    text = (
        f"The {stats['top']} images that excite a unit most are of fewer classes than {other}: their label entropy "
        "is lower."
    )
    if stats["undecided"]:
        return Claim(f"{name}.purer_than_{what}", text, "tendency", None, {}, source="girshick2014 sec. 3.1",
                     undecided=stats["undecided"])  # fmt: skip
    numbers = {"bits": stats["entropy"], f"bits_{what}": stats[f"entropy_{what}"]}
    return tendency(f"{name}.purer_than_{what}", text, numbers, stats[f"below_{what}"], source="girshick2014 sec. 3.1")


def _ranked(model: Model) -> list[Layer]:
    """The layers whose strongest places a sweep finds, up to the codes layer."""
    before = {layer.name for layer in _maps(model)}
    return [layer for layer in model.ranked_layers if layer.name in before]


def _maps(model: Model) -> list[Layer]:
    names = list(model.layers)
    before = [model.layers[name] for name in names[: names.index(model.codes_layer) + 1]]
    return [layer for layer in before if layer.spatial]


def _last_pooling(model: Model) -> Layer:
    """The last pooling layer, where at most one layer with weights comes after it that gives maps; else `last_maps`."""
    assert model.last_maps is not None
    layers = _maps(model)
    pools = [k for k, layer in enumerate(layers) if layer.kind == "pool"]
    late = pools and sum(layer.weighted for layer in layers[pools[-1] :]) <= 1
    return layers[pools[-1]] if late else model.last_maps


def _local(model: Model, count: int) -> list[Layer]:
    """At most `count` layers, from the first to the last, that see less than the image."""
    local = [layer for layer in _ranked(model) if layer.receptive_field is not None
             and max(layer.receptive_field.size[i] / model.size[i] for i in (0, 1)) < 1]  # fmt: skip
    places = np.linspace(0, len(local) - 1, min(count, len(local))).round().astype(int)
    return [local[place] for place in places]


def _live(found: Strongest) -> np.ndarray:
    """The channels that respond to all of their images; where none does, all channels."""
    live = responding(found)
    return live if len(live) else np.arange(len(found.values))


def _random(channels: np.ndarray, count: int, rng: np.random.Generator) -> list[int]:
    found: list[int] = sorted(rng.permutation(channels)[:count].tolist())
    return found


def _size(layer: Layer) -> list[int] | None:
    return list(layer.receptive_field.size) if layer.receptive_field is not None else None


def _times(size: Sequence[int]) -> str:
    return " × ".join(map(str, size))


def _box(layer: Layer, row: int, column: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    return (0, 0, *size) if layer.receptive_field is None else layer.receptive_field.box(row, column, size)


def _eight_bit(pictures: np.ndarray) -> np.ndarray:
    return (255 * pictures).round().astype(np.uint8)


def _order(strongest: Mapping[str, Strongest], maximum: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """How far values rise along a row, and how far the first is from the maximum, at most, over all layers."""
    rises = [
        np.diff(np.maximum(found.values.astype(float), -1e30), axis=1).max(initial=0) for found in strongest.values()
    ]
    missed = [np.abs(found.values[:, 0].astype(float) - maximum[name]).max() for name, found in strongest.items()]
    units = sum(len(found.values) for found in strongest.values())
    return {"units_swept": units, "rise": float(max(rises)), "maximum_missed": float(max(missed))}


def _checked(
    lab: Lab, layer: Layer, found: Strongest, channels: Sequence[int], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """What each unit's strongest place gets from outside of its receptive field, and how it was found in the sweep."""
    images, rows, columns = (part[channels, 0].tolist() for part in (found.images, found.rows, found.columns))
    pixels, size = lab.pixels(images), lab.model.size
    boxes = np.array([_box(layer, *place, size) for place in zip(rows, columns, strict=True)])
    noise = torch.from_numpy(rng.random(tuple(pixels.shape), dtype=np.float32)).to(pixels)
    seen = dependence(lab.model, layer.name, pixels, units=(channels, rows, columns), boxes=boxes, noise=noise)
    missed = np.abs(seen.values - found.values[channels, 0]) / seen.scale
    return {"values": seen.values, "missed": missed, "changes": seen.changes, "beyond": seen.beyond,
            "outside": seen.outside}  # fmt: skip


def _row(lab: Lab, found: Strongest, single: Strongest, channel: int, crops: int) -> dict[str, Any]:
    """What is said of one row: values as shares of the maximum, and the most frequent class of its images."""
    values, images = found.values[channel, :crops], single.images[channel]
    labels, counts = np.unique(lab.dataset.labels[images[images >= 0]], return_counts=True)
    maximum = float(values[0])
    return {
        "channel": int(channel),
        "values": [float(value) / (maximum or 1.0) if np.isfinite(value) else None for value in values],
        "maximum": maximum,
        "class": lab.dataset.class_names[labels[counts.argmax()]],
        "of_class": int(counts.max()),
        "of": int(counts.sum()),
    }


def _pairs(tiles: np.ndarray) -> list[np.ndarray]:
    """Units two by two in one row; a missing second one is white."""
    if len(tiles) % 2:
        tiles = np.concatenate([tiles, np.ones_like(tiles[:1])])
    return [np.concatenate(pair) for pair in zip(tiles[::2], tiles[1::2], strict=True)]


def _fields(axes: Axes, corners: Sequence[tuple[int, int]], boxes: np.ndarray, values: Sequence[float | None]) -> None:
    """White rectangles over the images of one row, with the value in each."""
    for (top, left), box, value in zip(corners, boxes, values, strict=True):
        if value is None:
            continue
        corner = left + box[1] - 0.5, top + box[0] - 0.5
        size = box[3] - box[1], box[2] - box[0]
        axes.add_patch(Rectangle((corner[0] + 1.5, corner[1] + 1.5), size[0] - 3, size[1] - 3, fill=False,
                                 edgecolor="white", linewidth=1.0))  # fmt: skip
        axes.text(corner[0] + 4, corner[1] + 4, f"{value:.1f}", fontsize=4.2, ha="left", va="top",
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip


def _names(axes: Axes, drawn: Sheet, stats: Stats, tile: int) -> None:
    """Numbers of units at the left (and in the middle), and what a group of rows is beside them."""
    tops = [corners[0][0] for corners in drawn.corners]
    names = [str(row["channel"]) for row in stats["rows"]]
    groups = [("chosen", 0, stats["chosen"]), ("drawn", stats["chosen"], len(names))]
    for depth in stats["depths"]:
        first, channels = len(names), depth["channels"]
        names += [str(channel) for channel in channels[::2]]
        for k, channel in enumerate(channels[1::2]):
            top, left = drawn.corners[first + k][len(drawn.corners[first + k]) // 2]
            axes.text(left - 4, top + tile / 2, str(channel), fontsize=6, ha="right", va="center")
        groups.append((f"{style.short(depth['name'], 14)}\n{_times(depth['field'])}", first, len(names)))
    axes.set_yticks([top + tile / 2 for top in tops], names, fontsize=6)
    axes.tick_params(length=0, pad=1)
    digits = max(map(len, names))
    for text, start, end in groups:
        if end > start:
            middle = (tops[start] + tops[end - 1] + tile) / 2
            axes.text(
                -(0.1 + 0.17 * digits) * tile,
                middle,
                text,
                rotation=90,
                ha="right",
                va="center",
                fontsize=7,
                multialignment="center",
            )
    if stats["depths"]:
        place = drawn.pixels.shape[1] / 2, tops[len(stats["rows"])] - 12
        axes.text(*place, "(b) what units drawn at random see, by depth", ha="center", va="bottom")
