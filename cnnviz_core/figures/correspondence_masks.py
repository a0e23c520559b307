"""Whether hiding the same part changes the features of different images alike (Zeiler and Fergus, table 1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.framing import framed
from cnnviz_core.methods.part_changes import clearest, drawn_means, often_together, pairs, square_at
from cnnviz_core.methods.part_table import ROWS, distances, faults, over_classes, table_rows
from cnnviz_core.methods.sampling import spread
from cnnviz_core.network import Layer, Model

PAPER = {"right_eye": 0.067, "left_eye": 0.069, "nose": 0.079, "random": 0.107}
SOURCE = "zeiler2014 table 1"
COLORS = dict(zip(ROWS, (style.COLOURS[i] for i in (0, 4, 2, 6)), strict=True))


class _Group(NamedTuple):
    """A class, some of its keypoints, and images in which one object shows them all."""

    label: int
    parts: tuple[int, ...]
    able: int  # images that show them, of which these are some
    images: list[int]
    places: np.ndarray  # (images, parts, 2) row and column in the model's frame


@dataclass(frozen=True)
class CorrespondenceMasks(Figure):
    """Signs of the changes that masks make, compared between images of one class, over all classes with keypoints."""

    label: str | None
    parts: list[str] | None
    parts_chosen: int
    images: int
    least: int
    shown: int
    patch: float
    middle: str | None
    top: str | None
    draws: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(2, "parts_chosen", "images", "least")
        self.check_at_least(1, "shown", "draws", "batch")
        self.check_share("patch")
        if self.least > self.images:
            raise InputError(f"figure.{self.name()}.least={self.least} must be at most images={self.images}")
        data = lab.dataset
        if data.keypoints is None or not data.keypoint_names:
            return (
                f"the data set {data.name} knows of no keypoints; dataset=diorama does, and a folder of images has "
                "those of dataset.keypoints=FILE.json (COCO)"
            )
        self._measures(lab.model)
        labels = range(len(data.class_names)) if self.label is None else [self._label(lab)]
        if all(self._group(lab, label, self.least) is None for label in labels):
            what = "no class" if self.label is None else f"class {self.label}"
            kept = f"{self.parts_chosen} keypoints" if self.parts is None else ", ".join(self.parts)
            return f"{what} of {data.name} has {self.least} images in which {kept} of one object are visible together"
        return None

    def _label(self, lab: Lab) -> int:
        """The class that is asked for."""
        names = lab.dataset.class_names
        if self.label not in names:
            raise InputError(
                f"figure.{self.name()}.label={self.label} is not a class of {lab.dataset.name}"
                f"{nearest(str(self.label), names)}"
            )
        return names.index(self.label)

    def _parts(self, lab: Lab, label: int, visible: np.ndarray) -> tuple[int, ...]:
        """Indices of the keypoints that are hidden in images of a class; `visible` is (images, keypoints)."""
        names = lab.dataset.keypoint_names[label]
        if self.parts is None or lab.dataset.class_names[label] != self.label:
            return often_together(visible, self.parts_chosen)
        if len(set(self.parts)) < 2 or not set(self.parts) <= set(names):
            raise InputError(
                f"figure.{self.name()}.parts={self.parts} must be at least two keypoints of class {self.label}: "
                f"{', '.join(names)}"
            )
        return tuple(dict.fromkeys(names.index(part) for part in self.parts))

    def _group(self, lab: Lab, label: int, count: int) -> _Group | None:
        """At most `count` images of a class that show its chosen parts, or None where there are fewer than `least`."""
        data, model = lab.dataset, lab.model
        assert data.keypoints is not None
        every = {int(i): np.asarray(data.keypoints[int(i)], dtype=float) for i in np.flatnonzero(data.labels == label)}
        points = {i: clearest(found) for i, found in every.items() if found.size}
        if not points:
            return None
        visible = np.array([found[:, 2] > 0 for found in points.values()])
        if not (parts := self._parts(lab, label, visible)):
            return None
        able = np.array(list(points))[visible[:, parts].all(axis=1)].tolist()
        first = spread(able, min(count, len(able)))
        kept: dict[int, np.ndarray] = {}
        for i in [*first, *(i for i in able if i not in first)]:
            height, width = data.images[i].shape[-2:]
            places = framed(points[i][parts, :2], (height, width), resize=model.resize, size=model.size)
            if len(kept) < count and ((places >= 0) & (places <= model.size)).all():
                kept[i] = places
            if len(kept) == count:
                break
        chosen = sorted(kept)
        if len(chosen) < self.least:
            return None
        return _Group(label, parts, len(able), chosen, np.array([kept[i] for i in chosen]))

    def _measures(self, model: Model) -> list[tuple[Layer, bool]]:
        """The layers, and whether only the totals of a layer's maps are compared, which know no places."""
        top = model.layer(self.top or model.codes_layer)
        middle = model.last_maps if self.middle is None else model.layer(self.middle)
        if middle is None or (self.middle is None and middle.name == top.name):
            before = list(model.layers)[: list(model.layers).index(model.codes_layer) + 1]
            finished = [layer for layer in model.finished_layers if layer.name in before]
            middle = finished[len(finished) // 2]
        return [(middle, False), *([(middle, True)] if middle.spatial else []), (top, False)]

    def compute(self, lab: Lab) -> Result:
        rng, data, measures = lab.rng(self.name()), lab.dataset, self._measures(lab.model)
        found = [self._group(lab, label, self.images) for label in range(len(data.class_names))]
        groups = [group for group in found if group is not None]
        shown = max(groups, key=lambda group: (data.class_names[group.label] == self.label, group.able))
        side = max(round(self.patch * min(lab.model.size)), 1)
        untrained = lab.with_model(lab.model.randomised(rng))
        means, drawn, wrong = [], [], []
        of_shown: list[Any] = []
        tiles: dict[str, np.ndarray] = {}
        for group in lab.track(groups, "the same part hidden"):
            hidden, pictures = self._hidden(lab, group, side, rng)
            full = np.stack([distances(*each) for each in self._changes(lab, hidden, measures)])
            control = np.stack([distances(*each) for each in self._changes(untrained, hidden, measures[:-1])])
            wrong.append(faults(full))
            rows = np.concatenate([table_rows(full, len(group.parts)), table_rows(control, len(group.parts))])
            means.append([[pairs(each).mean() for each in row[-len(ROWS) :]] for row in rows])
            drawn.append(drawn_means(rows[:, -len(ROWS) :], self.draws, rng))
            if group is shown:
                of_shown = [
                    [[float(f(pairs(each))) for f in (np.mean, np.std)] for each in row] for row in rows[: len(full)]
                ]
                tiles = {"tiles": pictures[: self.shown]}
        names = [data.keypoint_names[shown.label][k] for k in shown.parts]
        return Result(
            tiles,
            {
                "class": data.class_names[shown.label],
                "parts": names,
                "images": len(shown.images),
                "indices": shown.images[: self.shown],
                "able": shown.able,
                "side": side,
                "layers": [f"{layer.name}, totals" if totals else layer.name for layer, totals in measures],
                "middle": measures[0][0].name,
                "top": measures[-1][0].name,
                "classes": [data.class_names[group.label] for group in groups],
                "images_measured": sum(len(group.images) for group in groups),
                "on_objects": data.masks is not None or data.boxes is not None,
                "shown": dict(zip([*names, *ROWS], np.array(of_shown).transpose(1, 0, 2).tolist(), strict=True)),
                **over_classes(np.mean(means, axis=0), np.mean(drawn, axis=0), len(measures)),
                "rows": ROWS,
                "own_distance": max(own for own, _ in wrong),
                "asymmetry": max(asymmetry for _, asymmetry in wrong),
            },
        )

    def _hidden(self, lab: Lab, group: _Group, side: int, rng: np.random.Generator) -> tuple[torch.Tensor, np.ndarray]:
        """The images, (n, 1 + 3 parts, 3, h, w): whole, and with squares on its parts, where those of the next image
        are, and at random places of its object; and the first and the last of them to be shown, in 8 bit.
        """
        whole, count = lab.pixels(group.images), len(group.parts)
        gray = whole.new_tensor(lab.model.mean).view(3, 1, 1)
        hidden = whole[:, None].repeat(1, 1 + 3 * count, 1, 1, 1)
        for k, i in enumerate(group.images):
            places = [*group.places[k], *group.places[(k + 1) % len(group.images)], *_random(lab, i, count, rng)]
            for copy, place in zip(hidden[k, 1:], places, strict=True):
                top, left = square_at(place, side, lab.model.size)
                copy[:, top : top + side, left : left + side] = gray
        kept = [*range(1 + count), *range(1 + 2 * count, 1 + 3 * count)]
        return hidden, (hidden[: self.shown, kept] * 255).round().byte().cpu().numpy()

    def _changes(
        self, lab: Lab, hidden: torch.Tensor, measures: Sequence[tuple[Layer, bool]]
    ) -> list[tuple[np.ndarray, float]]:
        """For each measure what hiding takes away, (n, masks, features), and the largest size of a feature."""
        every = hidden.flatten(0, 1)
        found: list[list[np.ndarray]] = [[] for _ in measures]
        for start in range(0, len(every), self.batch):
            chunk = every[start : start + self.batch]
            with torch.no_grad():
                outputs = lab.model.activations(chunk, *dict.fromkeys(layer.name for layer, _ in measures))
            by_name = dict(zip(dict.fromkeys(layer.name for layer, _ in measures), outputs, strict=True))
            for (layer, totals), parts in zip(measures, found, strict=True):
                value = by_name[layer.name]
                parts.append((value.sum(dim=(2, 3)) if totals else value.flatten(1)).float().cpu().numpy())
        features = [np.concatenate(parts).reshape(*hidden.shape[:2], -1) for parts in found]
        return [(each[:, :1] - each[:, 1:], float(np.abs(each).max())) for each in features]

    def draw(self, result: Result) -> Picture:
        stats, tiles = result.stats, result.arrays["tiles"]
        picture = style.picture(height=0.84 * len(tiles) + 2.9)
        above, below = picture.subfigures(2, 1, squeeze=False, height_ratios=(0.84 * len(tiles) + 0.3, 2.6))[:, 0]
        titles = [stats["class"], *(part.replace("_", " ") for part in stats["parts"])]
        titles += [f"random {k + 1}" for k in range(tiles.shape[1] - len(titles))]
        panels = above.subplots(*tiles.shape[:2], squeeze=False)
        for row, images in zip(panels, tiles, strict=True):
            for axes, image in zip(row, images, strict=True):
                style.show_image(axes, image)
        for axes, title in zip(panels[0], titles, strict=True):
            axes.set_title(style.short(title, 16), fontsize=7)
        panels = below.subplots(1, len(stats["layers"]), sharey=True, squeeze=False)
        for k, axes in enumerate(panels[0]):
            _table(axes, stats, k)
        marks = [
            Line2D([], [], color="black", marker="o", mfc="white", markersize=3.5, linewidth=0.9),
            Line2D([], [], color="black", marker="s", markersize=3.5, linewidth=2),
        ]
        shown = style.short(stats["class"], 24)
        told = [f"{shown}: mean and spread over pairs", f"{len(stats['classes'])} classes: mean and 95% interval"]
        below.legend(marks, told, loc="outside lower center", ncols=2)
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{layer}: " + ", ".join(f"{stats['delta'][row][k]:.3f} for {text}" for row, text in ROWS.items())
            for k, layer in enumerate(stats["layers"])
        )
        return (
            f"Images of class {stats['class']} in rows: whole, with {', '.join(stats['parts'])} under a gray square, "
            "and with squares at random places. Below, how much the signs of the changes differ between images of one "
            f"class, over {len(stats['classes'])} classes. {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, middle, top = self.name(), stats["middle"], stats["top"]
        delta = {row: values[0] for row, values in stats["delta"].items()}
        gaps = {f"gap_{where}": stats["gap"][k] for where, k in (("middle", 0), ("top", -1))}
        return [
            identity(
                f"{name}.distance",
                "The distance of a change to itself is zero, and that of two changes is the same in both orders.",
                stats["own_distance"] == 0 and stats["asymmetry"] == 0,
                {"to_itself": stats["own_distance"], "asymmetry": stats["asymmetry"]},
            ),
            tendency(
                f"{name}.parts_below_random",
                f"Hiding the same part changes the signs in {middle} more alike than hiding random places does.",
                {"part": delta["part"], "random": delta["random"]},
                stats["intervals"]["random"], source=SOURCE, reference=PAPER,
            ),
            tendency(
                f"{name}.parts_below_mixed",
                f"Hiding the same part changes {middle} more alike than hiding different parts does.",
                {"part": delta["part"], "mixed": delta["mixed"]}, stats["intervals"]["mixed"], source=SOURCE,
            ),
            tendency(
                f"{name}.parts_below_elsewhere",
                f"Hiding the same part changes the signs in {middle} more alike than hiding, in each image, the places "
                "where another image has the part.",
                {"part": delta["part"], "elsewhere": delta["elsewhere"]}, stats["intervals"]["elsewhere"],
                source=SOURCE,
            ),
            self._beyond_places(stats),
            tendency(
                f"{name}.gap_smaller_at_top",
                f"What the same part gains over random places is smaller in {top} than in {middle}.",
                gaps, stats["intervals"]["top"], source=SOURCE,
                reference={"gap_middle": 0.035, "gap_top": 0.004},
            ),
            tendency(
                f"{name}.gap_above_untrained",
                f"What the same part gains over random places in {middle} is more than with random weights.",
                {"network": stats["gap"][0], "random_weights": stats["gap_untrained"]},
                stats["intervals"]["untrained"], source=SOURCE,
            ),
        ]  # fmt: skip

    def _beyond_places(self, stats: Stats) -> Claim:
        name, middle = f"{self.name()}.more_than_places", stats["middle"]
        text = (
            f"Without places, by the totals of the maps of {middle}, hiding the same part is more alike than hiding "
            "the places where another image has it, and by more than with random weights."
        )
        if len(stats["layers"]) < 3:
            return Claim(name, text, "tendency", None, {}, source=SOURCE, undecided=f"{middle} has no maps")
        numbers = {"network": stats["beyond"][0], "random_weights": stats["beyond"][1]}
        return tendency(name, text, numbers, stats["intervals"]["beyond"], source=SOURCE)


def _random(lab: Lab, i: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Centers on the image's object, where it is known, else anywhere: (count, 2) row and column."""
    mask = lab.masks([i])
    able = np.argwhere(np.ones(lab.model.size) if mask is None or not mask.any() else mask[0])
    return able[rng.integers(len(able), size=count)] + 0.5


def _table(axes: Axes, stats: Mapping[str, Any], k: int) -> None:
    """One layer: mean and spread over pairs for the class that is shown, and means over classes with intervals."""
    names = list(stats["shown"])
    for place, name in enumerate(names):
        mean, spread_of = stats["shown"][name][k]
        color = COLORS.get(name, COLORS["part"])
        axes.errorbar(mean, place, xerr=spread_of, fmt="o", color=color, markersize=3.5, mfc="white", linewidth=0.9)
        if name in ROWS:
            low, high = stats["delta_interval"][name][k]
            axes.plot([low, high], [place + 0.3] * 2, color=color, linewidth=2)
            axes.plot(stats["delta"][name][k], place + 0.3, "s", color=color, markersize=3.5)
    axes.set_title(style.short(stats["layers"][k]))
    axes.set_yticks(range(len(names)), [style.short(ROWS.get(name, name.replace("_", " ")), 30) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("share of signs that differ")
    axes.grid(axis="x")
