"""What single units stand for: the concept that each agrees with most, on images that had no part in the choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Dataset, Lab, resized
from cnnviz_core.methods.bootstrap import difference_interval, mean_interval
from cnnviz_core.methods.canvas import Row, sheet
from cnnviz_core.methods.disks import disks
from cnnviz_core.methods.dissection import Concepts, agreement, spread_out, thresholds
from cnnviz_core.methods.grid import magnified
from cnnviz_core.methods.selectivity import auc, common, halves, held_out
from cnnviz_core.network import Layer, Model

PAD, MIDDLE, ABOVE = 4, 40, 34  # between tiles, between two units side by side, and for the words above, in pixels
NETS = {"network": "this network", "shuffled": "concepts shuffled", "random": "random weights"}
Named = tuple[str, str]  # kind and name of a concept: part, nose


@dataclass(frozen=True)
class UnitSelectivity(Figure):
    """Units with the places where they respond; and how well all units agree with their best concept."""

    layer: str | None
    images: int
    least: int
    share: float
    line: float
    side: int
    radius: float
    units: int
    crops: int
    tile: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "least", "side", "units", "crops", "tile", "batch")
        self.check_share("share", "line", "radius")
        if self.layer is not None and not lab.model.layer(self.layer).spatial:
            return f"layer {self.layer} of {lab.model.name} has no maps"
        if self.layer is None and lab.model.last_maps is None:
            return f"{lab.model.name} has no layer of maps before its classifier"
        counts = np.bincount(lab.dataset.labels[lab.spread(self.images)])
        if (counts >= 2 * self.least).sum() < 2:
            return (
                f"no two classes of {lab.dataset.name} have {2 * self.least} images each among those measured: what a "
                "unit stands for is told on one half of them and tested on the other"
            )
        return None

    def compute(self, lab: Lab) -> Result:
        rng, ids = lab.rng(self.name()), np.array(lab.spread(self.images))
        layer = lab.model.last_maps if self.layer is None else lab.model.layer(self.layer)
        assert layer is not None
        split = halves(lab.dataset.labels[ids], rng)
        names, places = self._places(lab, ids)
        properties, has = _properties(lab.dataset, ids)
        ours = self._maps(lab, ids, layer.name)
        random = self._maps(lab.with_model(lab.model.randomised(rng)), ids, layer.name)
        shuffled = [places[i] for i in _within(split, rng)]
        where = {"network": (ours, places), "shuffled": (ours, shuffled), "random": (random, places)}
        found = {net: self._agreement(lab.model, layer, *each, split, len(names)) for net, each in where.items()}
        peaks = {"network": ours.max(axis=(2, 3)), "random": random.max(axis=(2, 3))}
        told = {net: self._told(values, has, split) for net, values in peaks.items()}
        kept = self._kept(found["network"], told["network"], names, properties)
        shown, tiles = self._shown(lab, layer, ours, ids, kept)
        arrays = {f"iou_{net}": score for net, (_, score) in found.items() if names}
        arrays |= {f"auc_{net}": score for net, (_, score) in told.items()}
        return Result(
            {"tiles": tiles, **arrays},
            {
                "layer": layer.name,
                "units": layer.shape[0],
                "images": len(ids),
                "spatial": bool(names),
                "concepts": {kind: sum(each == kind for each, _ in names) for kind in ("class", "family", "part")},
                "properties": len(properties),
                "shown": shown,
                "most_active": float((ours > thresholds(ours, self.share)[:, None, None]).mean(axis=(0, 2, 3)).max()),
                "mirror_error": _mirror_error(peaks["network"], has),
                "scores": {name: float(values.mean()) for name, values in arrays.items()},
                "detectors": self._detectors(found, names),
                **_intervals(arrays, rng),
            },
        )  # fmt: skip

    def _maps(self, lab: Lab, ids: np.ndarray, name: str) -> np.ndarray:
        chunks = [ids[start : start + self.batch].tolist() for start in range(0, len(ids), self.batch)]
        with torch.no_grad():
            return np.concatenate([lab.model.activations(lab.pixels(chunk), name)[0].float().cpu().numpy()
                                   for chunk in lab.track(chunks, f"maps of {lab.model.name}")])  # fmt: skip

    def _places(self, lab: Lab, ids: np.ndarray) -> tuple[list[Named], Concepts]:
        """All concepts that have places, and those of each image with where they are."""
        found = [_masks(lab, int(i), self.side, self.radius) for i in lab.track(ids.tolist(), "places of concepts")]
        names = sorted({name for each in found for name in each})
        number = {name: k for k, name in enumerate(names)}
        blank = np.zeros((0, self.side, self.side), dtype=bool)
        return names, [
            (np.array([number[name] for name in each], dtype=int), np.stack(list(each.values())) if each else blank)
            for each in found
        ]

    def _agreement(
        self, model: Model, layer: Layer, maps: np.ndarray, places: Concepts, split: Sequence[np.ndarray], count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The best concept of each unit by its IoU on the first half, and its IoU on the second."""
        if not count:
            return np.zeros(len(maps[0]), dtype=int), np.zeros(len(maps[0]))
        levels = thresholds(maps, self.share)
        seen = np.array([[numbers.tolist().count(k) for k in range(count)] for numbers, _ in places])
        enough = np.all([(seen[part] > 0).sum(axis=0) >= self.least for part in split], axis=0)
        first, second = (
            agreement(maps[part], [places[i] for i in part], levels=levels, field=layer.receptive_field,
                      image=model.size, count=count)
            for part in split
        )  # fmt: skip
        return held_out(np.where(enough, first, np.nan), np.nan_to_num(second))

    def _told(self, peaks: np.ndarray, has: np.ndarray, split: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """The best property of each unit by its AUC on the first half, and its AUC on the second."""
        enough = np.all([common(has[part], self.least) for part in split], axis=0)
        first, second = (auc(peaks[part], has[part]) for part in split)
        return held_out(np.where(enough, first, np.nan), np.nan_to_num(second, nan=0.5))

    def _kept(
        self, found: Sequence[np.ndarray], told: Sequence[np.ndarray], names: list[Named], properties: list[Named]
    ) -> list[dict[str, Any]]:
        """The units that agree best, each with another concept."""
        (best, score), listed = (found, names) if names else (told, properties)
        chosen: dict[Named, int] = {}
        for unit in np.argsort(-score, kind="stable").tolist():
            chosen.setdefault(listed[best[unit]], unit)
        return [
            {"unit": unit, "kind": kind, "concept": name, "score": float(score[unit]), "auc": float(told[1][unit]),
             "property": " ".join(properties[told[0][unit]])}
            for (kind, name), unit in list(chosen.items())[: self.units]
        ]  # fmt: skip

    def _shown(
        self, lab: Lab, layer: Layer, maps: np.ndarray, ids: np.ndarray, kept: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], np.ndarray]:
        """The strongest images of these units, darkened where the unit is not active."""
        levels, count = thresholds(maps, self.share), min(self.crops, len(ids))
        tiles = np.zeros((len(kept), count, self.tile, self.tile, 3), dtype=np.uint8)
        for k, each in enumerate(kept):
            unit = each["unit"]
            top = np.argsort(-maps[:, unit].max(axis=(1, 2)), kind="stable")[:count]
            pixels = lab.pixels(ids[top].tolist()).cpu().numpy().transpose(0, 2, 3, 1)
            for j, i in enumerate(top):
                wide = spread_out(maps[i, unit : unit + 1], self.tile, lab.model.size, layer.receptive_field)[0]
                light = np.where(wide > levels[unit], 1, 0.4)[..., None]
                tiles[k, j] = (255 * magnified(pixels[j : j + 1], self.tile)[0] * light).round().astype(np.uint8)
        return kept, tiles

    def _detectors(self, found: Mapping[str, Sequence[np.ndarray]], names: list[Named]) -> dict[str, Any]:
        """Units above the line, by the kind of their concept, and how many concepts they are of."""
        told = {}
        for net, (best, score) in found.items() if names else ():
            above = [names[k] for k in best[score > self.line]]
            kinds = {kind: sum(each == kind for each, _ in above) for kind in ("class", "family", "part")}
            told[net] = {"units": len(above), "share": len(above) / len(best), "concepts": len(set(above)), **kinds}
        return told

    def draw(self, result: Result) -> Picture:
        stats, tiles = result.stats, result.arrays["tiles"]
        rows = [Row(np.concatenate(pair) / 255, above=ABOVE, middle=MIDDLE) for pair in _pairs(tiles)]
        drawn = sheet(rows, PAD)
        height, width = drawn.pixels.shape[:2]
        heights = [(style.WIDTH - 0.1) * height / width, 1.75]
        picture = style.picture(height=sum(heights))
        above, below = np.asarray(picture.subfigures(2, 1, height_ratios=heights))
        axes = above.subplots()
        style.show_image(axes, drawn.pixels)
        for k, each in enumerate(stats["shown"]):
            corners = drawn.corners[k // 2]
            top, left = corners[k % 2 * (len(corners) // 2)]
            measure = "IoU" if stats["spatial"] else "AUC"
            name = f"{style.short(each['concept'], 30)} ({each['kind']})"
            text = f"unit {each['unit']}: {name}, {measure} {each['score']:.2f}"
            axes.text(left, top - 6, text, fontsize=6.5, va="bottom")
        panels = below.subplots(1, 2 if stats["spatial"] else 1, squeeze=False)[0]
        _sorted(panels[-1], result, "auc", "AUC, held-out half", 0.5)
        if stats["spatial"]:
            _sorted(panels[0], result, "iou", "IoU, held-out half", self.line)
        panels[0].legend(loc="upper right")
        return picture

    def alt(self, stats: Stats) -> str:
        measure = "IoU" if stats["spatial"] else "AUC"
        shown = "; ".join(
            f"unit {each['unit']}: {each['concept']}, {measure} {each['score']:.2f}" for each in stats["shown"]
        )
        scores = stats["scores"]
        overlap = (
            f" Mean IoU {scores['iou_network']:.3f}, with concepts shuffled {scores['iou_shuffled']:.3f}, with random "
            f"weights {scores['iou_random']:.3f}." if stats["spatial"] else ""
        )  # fmt: skip
        return (
            f"Images that excite {len(stats['shown'])} units of {stats['layer']} most, dark where the unit is not "
            f"among its strongest places: {shown}. Below, curves of how well all {stats['units']} units agree with "
            f"their best concept on images that had no part in the choice.{overlap} Mean AUC "
            f"{scores['auc_network']:.2f}, with random weights {scores['auc_random']:.2f}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name = self.name()
        return [
            identity(
                f"{name}.few_places",
                f"No unit is active at more than {self.share:.1%} of all places.",
                stats["most_active"] <= self.share,
                {"units": stats["units"], "largest_share": stats["most_active"]},
            ),
            identity(
                f"{name}.mirrored",
                "With its sign changed, a unit tells a property exactly as well from the other side: the two AUC add "
                "up to 1.",
                stats["mirror_error"] <= 1e-9,
                {"largest_difference": stats["mirror_error"]},
            ),
            _better(stats, f"{name}.places_above_shuffled", "iou", "shuffled",
                    "Units agree better with the places of their concept than where the places are those of another "
                    "image."),
            _better(stats, f"{name}.places_above_random", "iou", "random",
                    "Units agree better with the places of their concept than units of the same network with random "
                    "weights."),
            _better(stats, f"{name}.properties_above_random", "auc", "random",
                    "Units tell their best property of whole images better than units of the same network with random "
                    "weights."),
        ]  # fmt: skip


def _better(stats: Stats, name: str, measure: str, than: str, text: str) -> Claim:
    if f"{measure}_above_{than}" not in stats:
        reason = "the data set does not say where its objects are (masks, boxes or keypoints)"
        return Claim(name, text, "tendency", None, {}, source="bau2017", undecided=reason)
    numbers = {f"{measure}_{net}": stats["scores"][f"{measure}_{net}"] for net in ("network", than)}
    return tendency(name, text, numbers, stats[f"{measure}_above_{than}"], source="bau2017")


def _intervals(arrays: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, list[float]]:
    """Of how much better units are than with concepts shuffled, unit by unit, and than those of random weights."""
    found = {}
    if "iou_network" in arrays:
        found["iou_above_shuffled"] = list(mean_interval(arrays["iou_network"] - arrays["iou_shuffled"], rng))
        found["iou_above_random"] = list(difference_interval(arrays["iou_network"], arrays["iou_random"], rng))
    found["auc_above_random"] = list(difference_interval(arrays["auc_network"], arrays["auc_random"], rng))
    return found


def _within(split: Sequence[np.ndarray], rng: np.random.Generator) -> list[int]:
    """Another image of the same half for each image."""
    found = np.arange(sum(map(len, split)))
    for part in split:
        found[part] = rng.permutation(part)
    return [int(i) for i in found]


def _mirror_error(peaks: np.ndarray, has: np.ndarray) -> float:
    both = auc(peaks, has) + auc(-peaks, has)
    return float(np.nanmax(np.abs(both - 1), initial=0))


def _masks(lab: Lab, i: int, side: int, radius: float) -> dict[Named, np.ndarray]:
    """Where each concept is that image i shows, (side, side) cells over the model's frame."""
    data, label, found = lab.dataset, int(lab.dataset.labels[i]), {}
    whole = lab.masks([i])
    if whole is not None:
        found["class", data.class_names[label]] = _cells(torch.from_numpy(whole).float(), side)
        if data.families is not None:
            found["family", data.families[label]] = found["class", data.class_names[label]]
    if data.keypoints is not None and data.keypoint_names:
        size = tuple(data.images[i].shape[-2:])
        points = np.asarray(data.keypoints[i], dtype=float)
        for k, name in enumerate(data.keypoint_names[label]):
            seen = points[points[:, k, 2] > 0, k, :2]
            mask = torch.from_numpy(disks(seen, radius * min(size), (size[0], size[1])))[None].float()
            found["part", name.replace("_", " ")] = _cells(resized(mask, lab.model.resize, lab.model.size), side)
    return {name: mask for name, mask in found.items() if mask.any()}


def _cells(mask: torch.Tensor, side: int) -> np.ndarray:
    return np.asarray((torch.nn.functional.adaptive_avg_pool2d(mask[None], side)[0, 0] >= 0.5).numpy())


def _properties(data: Dataset, ids: np.ndarray) -> tuple[list[Named], np.ndarray]:
    """What is known of whole images, and (n, m) whether each has it: classes, families, words, numbers above median."""
    columns: dict[Named, np.ndarray] = {}
    labels = data.labels[ids]
    for label in np.unique(labels):
        columns["class", data.class_names[label]] = labels == label
    if data.families is not None:
        families = np.array(data.families)[labels]
        columns |= {("family", str(family)): families == family for family in np.unique(families)}
    for name, every in (data.attributes or {}).items():
        values = np.asarray(every)[ids]
        if values.dtype.kind in "if":
            columns[name.replace("_", " "), "above median"] = values > np.nanmedian(values)
        else:
            columns |= {(name.replace("_", " "), str(word)): values == word for word in np.unique(values)}
    return list(columns), np.stack(list(columns.values()), axis=1)


def _pairs(tiles: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    if len(tiles) % 2:
        tiles = np.concatenate([tiles, np.full_like(tiles[:1], 255)])
    return list(zip(tiles[::2], tiles[1::2], strict=True))


def _sorted(axes: Axes, result: Result, measure: str, label: str, line: float) -> None:
    """The scores of all units, from the best to the worst, with those of the controls."""
    for (net, text), colour in zip(NETS.items(), style.COLOURS, strict=False):
        if (values := result.arrays.get(f"{measure}_{net}")) is not None:
            place = (np.arange(len(values)) + 0.5) / len(values)
            axes.plot(place, np.sort(values)[::-1], color=colour, label=text)
    axes.axhline(line, color=style.COLOURS[6], linewidth=0.8, linestyle=":")
    axes.set_xlabel("share of units, best first")
    axes.set_ylabel(label)
    axes.set_xlim(0, 1)
    axes.grid(axis="y")
