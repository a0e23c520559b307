"""Whether the classes of large objects are the easy ones: performance over the mean scale of the objects of a class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.attributes import attributes_of, by_class, judged, scales_of, unanswerable
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab, resized
from cnnviz_core.methods.bootstrap import pairs_interval
from cnnviz_core.methods.boxes import overlap, tight_box
from cnnviz_core.methods.correlation import correlation
from cnnviz_core.methods.map_box import map_box
from cnnviz_core.methods.saliency import saliency

FOUND = 0.5  # overlap with a box from which on the object counts as found
ENOUGH = 8  # classes from which on the interval of a correlation means something
REPORTED = {"recognized": 0.14, "found": 0.40}
"""Correlations of Russakovsky et al. 2015, figure 13, as reported by summaries of the paper."""
TASKS = {"recognized": "right answers, %", "found": "right answer and box, %"}


@dataclass(frozen=True)
class AttrScaleScatter(Figure):
    """A point for each class: its mean scale, and how often it is recognized and, where boxes are known, found."""

    located: int
    blur: float
    share: float
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "located", "batch")
        self.check_share("blur", "share")
        if reason := unanswerable(lab):
            return reason
        few = len(np.unique(lab.dataset.labels))
        return None if few >= 3 else f"a correlation needs three classes, and {lab.dataset.name} has images of {few}"

    def compute(self, lab: Lab) -> Result:
        classes, labels = len(lab.dataset.class_names), lab.dataset.labels
        found = scales_of(attributes_of(lab, range(len(lab.dataset)), batch=self.batch))
        right, _ = judged(lab)
        per_image = {"recognized": right.astype(float)}
        if lab.dataset.boxes is not None:
            per_image["found"] = self._found(lab, right)
        scale = by_class(found.values.astype(float), labels, classes)
        tasks = [self._task(lab, name, scale, values) for name, values in per_image.items()]
        return Result({}, {
            "scale": found.told, "source": found.source, "missing": int((~found.known).sum()),
            "images": len(lab.dataset), "tasks": tasks, "names": [task["name"] for task in tasks],
            "least": float(np.nanmin(scale)), "most": float(np.nanmax(scale)),
        })  # fmt: skip

    def _task(self, lab: Lab, name: str, scale: np.ndarray, values: np.ndarray) -> dict[str, Any]:
        performance = by_class(values, lab.dataset.labels, len(scale))
        known = np.flatnonzero(np.isfinite(scale) & np.isfinite(performance))
        x, y = scale[known], performance[known]
        rho = correlation(x, y)
        interval = pairs_interval(correlation, x, y, lab.rng(f"{self.name()} {name}"))
        return {
            "name": name, "classes": len(known), "images": int(np.isfinite(values).sum()),
            "mean": float(y.mean()), "rho": None if np.isnan(rho) else rho,
            "interval": None if np.isnan(rho) else list(interval),
            "points": [{"class": lab.dataset.class_names[k], "scale": float(scale[k]), "value": float(performance[k])}
                       for k in known],
        }  # fmt: skip

    def _found(self, lab: Lab, right: np.ndarray) -> np.ndarray:
        """(n,) 1 where the answer is right and the saliency map's box overlaps an object by half; NaN elsewhere."""
        assert lab.targets is not None
        found = np.full(len(lab.dataset), np.nan)
        ids = [i for i in _evenly(lab.dataset.labels, self.located) if true_boxes(lab, i)]
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        for chunk in lab.track(chunks, "boxes from saliency maps"):
            maps = saliency(lab.model, lab.pixels(chunk), torch.as_tensor(lab.targets[chunk]))
            for i, values in zip(chunk, maps.double().cpu().numpy(), strict=True):
                box = map_box(values, blur=self.blur, share=self.share)
                found[i] = bool(right[i]) and max(overlap(box, truth) for truth in true_boxes(lab, i)) >= FOUND
        return found

    def draw(self, result: Result) -> Picture:
        tasks = result.stats["tasks"]
        picture = style.picture(height=3.0)
        for axes, task in zip(picture.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
            _panel(axes, task, style.COLOURS[list(TASKS).index(task["name"])])
        picture.supxlabel(f"{result.stats['scale']}; mean of the class", fontsize=8)
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{task['name']}: correlation {'undefined' if task['rho'] is None else format(task['rho'], '.2f')} "
            f"over {task['classes']} classes, mean {task['mean']:.0%}"
            for task in stats["tasks"]
        )
        span = f"from {stats['least']:.2f} to {stats['most']:.2f}"
        return f"Scatter plots with a point for each class, over the mean scale of its objects, {span}. {told}."

    def claims(self, stats: Stats) -> list[Claim]:
        made = []
        for task in stats["tasks"]:
            why = "all classes have the same value" if task["rho"] is None else ""
            why = why or ("" if task["classes"] >= ENOUGH else f"{task['classes']} classes are too few")
            measured = {"classes": task["classes"]} | ({} if task["rho"] is None else {"rho": task["rho"]})
            made.append(
                tendency(
                    f"{self.name()}.{task['name']}",
                    f"Classes of larger objects are {task['name']} more often: over classes the two go together.",
                    measured,
                    task["interval"] or (0.0, 0.0),
                    source="russakovsky2015 fig. 13",
                    reference={"reported_rho": REPORTED[task["name"]]},
                    undecided=why,
                )
            )
        off = max(
            abs(_again(task["points"]) - task["rho"]) if task["rho"] is not None else 0.0 for task in stats["tasks"]
        )
        text = "The correlation computed again from the points as they are drawn, by another routine, is the same."
        return [*made, identity(f"{self.name()}.recomputed", text, off < 1e-6, {"difference": off})]


def true_boxes(lab: Lab, i: int) -> list[np.ndarray]:
    """The boxes of an image in the model's frame; those that its cut leaves nothing of are left out."""
    assert lab.dataset.boxes is not None
    size = tuple(lab.dataset.images[i].shape[-2:])
    found = []
    for top, left, bottom, right in np.round(np.asarray(lab.dataset.boxes[i], dtype=float)).astype(int):
        mask = torch.zeros(1, *size)
        mask[0, top:bottom, left:right] = 1
        box = tight_box(resized(mask, lab.model.resize, lab.model.size)[0].numpy() > 0.5)
        found += [] if box is None else [box]
    return found


def _evenly(labels: np.ndarray, count: int) -> list[int]:
    """About `count` images, the first ones of each class."""
    each = max(count // len(np.unique(labels)), 1)
    return sorted(int(i) for label in np.unique(labels) for i in np.flatnonzero(labels == label)[:each])


def _again(points: Sequence[dict[str, Any]]) -> float:
    """The correlation by numpy's own routine."""
    table = np.array([[point["scale"], point["value"]] for point in points])
    return float(np.corrcoef(table.T)[0, 1])


def _panel(axes: Axes, task: dict[str, Any], color: str) -> None:
    x, y = ([point[key] for point in task["points"]] for key in ("scale", "value"))
    many = len(x) > 24
    axes.scatter(
        x, [100 * value for value in y], s=8 if many else 16, color=color, alpha=0.6 if many else 1, linewidths=0
    )
    if task["rho"] is not None:
        slope, base = np.polyfit(x, [100 * value for value in y], 1)
        ends = np.array([min(x), max(x)])
        axes.plot(ends, slope * ends + base, color="#999999", linewidth=0.8, linestyle=(0, (4, 3)))
    for k, point in enumerate(
        [] if many else sorted(task["points"], key=lambda point: (point["value"], point["scale"]))
    ):
        axes.annotate(style.short(point["class"], 12), (point["scale"], 100 * point["value"]), (0, (4, -9)[k % 2]),
                      textcoords="offset points", fontsize=6, ha="center")  # fmt: skip
    low, high = task["interval"] or (None, None)
    rho = "undefined" if task["rho"] is None else f"{task['rho']:.2f} ({low:.2f} to {high:.2f})"
    axes.set_title(f"{task['name']}: ρ = {rho}")
    axes.set_ylabel(TASKS[task["name"]])
    axes.margins(x=0.12, y=0.12)
    axes.grid()
