"""Seeing and setting: how answers go with an attribute over images, and what changing it alone does to them."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.attributes import UNITS, judged, ordered, unanswerable
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab, resized
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.mass_bins import equal_mass

ATTRIBUTES = {"brightness": "illumination", "occluder": "occlusion"}
"""The attribute that a factor is seen as, where its name is another."""

CURVES = (
    ("observed", style.COLOURS[6], "seen: over images as they come", -0.12),
    ("caused", style.COLOURS[1], "set: the same scenes, one thing changed", 0.12),
)
"""Of each curve its stat, color, name, and where its points stand beside those of the other."""


@dataclass(frozen=True)
class AttrCounterfactual(Figure):
    """For each factor the mean probability of the right answer over images as they come, and over scenes remade."""

    factors: dict[str, list[Any]]
    scenes: int
    bins: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "scenes", "batch")
        self.check_at_least(2, "bins")
        for name, values in self.factors.items():
            if len(values) < 2:
                raise InputError(f"figure.{self.name()}.factors.{name}={values} must list at least two values")
        world = lab.dataset.world
        if world is None:
            return (
                f"the images of {lab.dataset.name} cannot be made again with something changed; those of "
                "dataset=diorama can, since they are rendered"
            )
        known = world.factors(0)
        if wrong := [name for name in self.factors if name not in known or self._seen_as(lab, name) is None]:
            allowed = [name for name in known if self._seen_as(lab, name) is not None]
            raise InputError(f"figure.{self.name()}.factors has {wrong[0]!r}, but allowed are {', '.join(allowed)}"
                             f"{nearest(wrong[0], allowed)}")  # fmt: skip
        return unanswerable(lab)

    def _seen_as(self, lab: Lab, factor: str) -> str | None:
        """The attribute that a factor is seen as, or None where there is none."""
        name = ATTRIBUTES.get(factor, factor)
        return name if name in (lab.dataset.attributes or {}) else None

    def compute(self, lab: Lab) -> Result:
        rng = lab.rng(self.name())
        ids = self._scenes(lab)
        _, sure = judged(lab)
        tasks = [(name, i, value) for name, values in self.factors.items() for i in ids for value in values]
        made = self._made(lab, tasks)
        told, images, start = [], [], 0
        for name, values in self.factors.items():
            part = made[start : start + len(ids) * len(values)]
            start += len(part)
            p = np.array([each[0] for each in part]).reshape(len(ids), len(values))
            seen = [[each[1][self._seen_as(lab, name) or name] for each in part][k :: len(values)]
                    for k in range(len(values))]  # fmt: skip
            told.append(self._factor(lab, name, sure, p, seen, rng))
            k = int(np.ptp(p, axis=1).argmax())
            images.append(np.stack([each[2] for each in part[k * len(values) : (k + 1) * len(values)]]))
            told[-1] |= {"example": int(ids[k]), "label": lab.dataset.class_names[lab.dataset.labels[ids[k]]],
                         "example_p": p[k].tolist(), "values": [str(value) for value in values]}  # fmt: skip
        return Result(
            {f"images_{k}": strip for k, strip in enumerate(images)},
            {"scenes": len(ids), "renderings": len(tasks), "images": len(lab.dataset), "factors": told,
             "names": [each["name"] for each in told], "unchanged": self._unchanged(lab, ids[:2])},
        )  # fmt: skip

    def _scenes(self, lab: Lab) -> list[int]:
        """Of each class about equally many, the first ones."""
        labels = lab.dataset.labels
        rank = np.array([int((labels[:i] == labels[i]).sum()) for i in range(len(labels))])
        return sorted(int(i) for i in np.lexsort((labels, rank))[: self.scenes])

    def _made(self, lab: Lab, tasks: list[tuple[str, int, Any]]) -> list[tuple[float, Mapping[str, Any], np.ndarray]]:
        """Probability of the right answer, attributes and pixels of each scene made again."""
        world, targets = lab.dataset.world, lab.targets
        assert world is not None
        assert targets is not None
        found = []
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            made = pool.map(lambda task: world.changed(task[1], task[0], task[2]), tasks)
            for first in lab.track(range(0, len(tasks), self.batch), "rendering scenes with one thing changed"):
                part = tasks[first : first + self.batch]
                taken = [next(made) for _ in part]
                frames = torch.stack([resized(image, lab.model.resize, lab.model.size) for image, _ in taken])
                with torch.no_grad():
                    p = lab.model(frames.to(lab.device).float() / 255).double().softmax(1).cpu().numpy()
                found += [
                    (float(p[k, targets[i]]), attributes, frames[k].numpy())
                    for k, ((_, i, _), (_, attributes)) in enumerate(zip(part, taken, strict=True))
                ]
        return found

    def _factor(
        self, lab: Lab, name: str, sure: np.ndarray, p: np.ndarray, seen: list[list[Any]], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Both curves of one factor, and the difference of the ends of each."""
        attribute = self._seen_as(lab, name) or name
        values = np.asarray((lab.dataset.attributes or {})[attribute])
        if values.dtype.kind in "USOb":
            words = [word for word in ordered([str(w) for w in values.tolist()]) if word in self.factors[name]]
            groups = [values == word for word in words]
            order = [self.factors[name].index(word) for word in words]
        else:
            bins = equal_mass(values.astype(float), self.bins)
            words, groups = [], [bins == k for k in range(int(bins.max()) + 1)]
            order = list(range(len(self.factors[name])))
        observed = [_point(sure[g], words[k] if words else float(values[g].astype(float).mean()), rng)
                    for k, g in enumerate(groups)]  # fmt: skip
        caused = [_point(p[:, k], str(self.factors[name][k]) if words else float(np.mean(seen[k])), rng) for k in order]
        own = None
        if words:
            mine = np.array([[str(w) == str(values[i]) for w in self.factors[name]] for i in self._scenes(lab)])
            usable = mine.any(axis=1)
            away = (p * ~mine).sum(axis=1) / np.maximum((~mine).sum(axis=1), 1)
            own = (p * mine).sum(axis=1)[usable] - away[usable]
        change = p[:, order[-1]] - p[:, order[0]] if own is None else own
        return {
            "name": name.replace("_", " "), "attribute": attribute.replace("_", " "),
            "unit": UNITS.get(attribute, ""), "words": bool(words), "observed": observed, "caused": caused,
            "effect": float(change.mean()) if len(change) else 0.0,
            "interval": list(mean_interval(change, rng)) if len(change) else [0.0, 0.0],
            "observed_gap": float(np.ptp([e["mean"] for e in observed])) if observed else 0.0,
            "caused_gap": float(np.ptp([e["mean"] for e in caused])),
            "observed_step": observed[-1]["mean"] - observed[0]["mean"] if observed else 0.0,
            "caused_step": caused[-1]["mean"] - caused[0]["mean"],
        }  # fmt: skip

    def _unchanged(self, lab: Lab, ids: list[int]) -> int:
        """How many pixels change where each factor is set to the value that it has."""
        world, changes = lab.dataset.world, 0
        assert world is not None
        for i in ids:
            for name in self.factors:
                image, _ = world.changed(i, name, world.factors(i)[name])
                changes += int((image != lab.dataset.images[i]).sum())
        return changes

    def draw(self, result: Result) -> Picture:
        told = result.stats["factors"]
        most = max(len(each["caused"]) for each in told)
        heights = [1.9, *([0.86] * len(told))]
        picture = style.picture(height=sum(heights) + 0.3)
        upper, *lower = picture.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        panels = upper.subplots(1, len(told), squeeze=False, sharey=True)[0]
        for axes, each in zip(panels, told, strict=True):
            _panel(axes, each)
        panels[0].set_ylabel("mean probability of\nthe right answer")
        handles, names = panels[0].get_legend_handles_labels()
        upper.legend(handles, names, loc="outside upper center", ncols=2)
        for k, (part, each) in enumerate(zip(lower, told, strict=True)):
            strip = part.subplots(1, most + 1, squeeze=False)[0]
            for axes in strip:
                axes.set_axis_off()
            strip[0].text(0, 0.5, f"one {style.short(each['label'], 14)},\n{each['name']} set", fontsize=7, va="center")
            shown = zip(result.arrays[f"images_{k}"], each["example_p"], each["values"], strict=True)
            for axes, (image, p, value) in zip(strip[1:], shown, strict=False):
                axes.set_axis_on()
                style.show_image(axes, image, f"{style.short(value, 12)}: {p:.2f}")
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{each['name']}: over images the ends differ by {each['observed_step']:+.2f}, where it is set by "
            f"{each['caused_step']:+.2f}"
            for each in stats["factors"]
        )
        return (
            f"A panel for each factor with two curves of the mean probability of the right answer: over the "
            f"{stats['images']} images as they come, and over {stats['scenes']} scenes made again with the factor set. "
            f"{told}. Below, one scene for each factor, with it set to each value."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        same = identity(
            f"{self.name()}.unchanged",
            "A scene made again with a factor set to the value that it has is the image of the data set, to the pixel.",
            stats["unchanged"] == 0,
            {"pixels_changed": stats["unchanged"]},
        )
        return [same, *(self._effect(each, stats["scenes"]) for each in stats["factors"])]

    def _effect(self, each: Mapping[str, Any], scenes: int) -> Claim:
        """What setting a factor does, scene by scene."""
        text = (
            f"Taken out of its own {each['name']} and put into others, an object is recognized with less probability, "
            "all else equal."
            if each["words"]
            else f"Setting {each['name']} from its least value to its largest raises the probability of the right "
            "answer, all else equal."
        )
        return tendency(
            f"{self.name()}.{each['name']}", text,
            {"effect": each["effect"], "observed_step": each["observed_step"], "caused_step": each["caused_step"]},
            each["interval"], source="", undecided="there are fewer than ten scenes" if scenes < 10 else "",
        )  # fmt: skip


def _point(values: np.ndarray, at: float | str, rng: np.random.Generator) -> dict[str, Any]:
    low, high = mean_interval(values, rng)
    return {"at": at, "mean": float(values.mean()), "low": low, "high": high, "images": len(values)}


def _panel(axes: Axes, each: Mapping[str, Any]) -> None:
    """Both curves of one factor."""
    for key, color, text, shift in CURVES:
        points = each[key]
        at = [k + shift for k in range(len(points))] if each["words"] else [point["at"] for point in points]
        middle = np.array([point["mean"] for point in points])
        bars = [middle - [point["low"] for point in points], np.array([point["high"] for point in points]) - middle]
        axes.errorbar(at, middle, yerr=np.clip(bars, 0, None), color=color, marker="o", markersize=3, capsize=2,
                      linestyle="none" if each["words"] else "-", label=text)  # fmt: skip
    if each["words"]:
        names = [style.short(str(point["at"]), 10) for point in each["caused"]]
        axes.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    else:
        axes.set_xlabel(each["unit"], fontsize=6.5)
    axes.set_title(each["attribute"], fontweight="bold")
    axes.grid(axis="y")
