"""The classes from the easiest to the hardest, and the surest and the least sure image of both ends."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.attributes import by_class, judged, unanswerable
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.wilson import wilson_interval

REPORTED = {"reported_mean": 0.946, "reported_range": 0.41}
"""Of classification in Russakovsky et al. 2015, figure 10, over the best of all entries, as summaries report it."""
NAMED = 40  # classes of which each is named


@dataclass(frozen=True)
class AttrClassRanges(Figure):
    """Accuracy of each class in order, with intervals, and images of the best and of the worst class."""

    shown: int
    draws: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "shown", "draws")
        if (reason := unanswerable(lab)) is None and np.bincount(lab.dataset.labels).max() < 2:
            return f"every class of {lab.dataset.name} has one image at most: its accuracy would be nothing or all"
        return reason

    def compute(self, lab: Lab) -> Result:
        data, rng = lab.dataset, lab.rng(self.name())
        right, sure = judged(lab)
        counts = np.bincount(data.labels, minlength=len(data.class_names))
        value = by_class(right.astype(float), data.labels, len(counts))
        order = [int(k) for k in np.lexsort((np.arange(len(counts)), -np.nan_to_num(value, nan=-1))) if counts[k]]
        told = [self._class(lab, k, right, counts) for k in order]
        range_ = float(np.ptp(value[order]))
        by_chance = _range_by_chance(counts[order], float(right.mean()), rng, self.draws)
        ends = [order[0]] if len(order) == 1 else [order[0], order[-1]]
        rows = [self._row(lab, k, right, sure) for k in ends]
        weights = 1 / (len(order) * counts[data.labels])
        return Result(
            {f"images_{k}": _pixels(lab, [entry["index"] for entry in row["images"]]) for k, row in enumerate(rows)},
            {
                "classes": told, "mean": float(value[order].mean()), "accuracy": float(right.mean()), "range": range_,
                "balanced": float((weights * right).sum()), "perfect": sum(entry["accuracy"] == 1 for entry in told),
                "by_chance": float(by_chance.mean()), "rows": rows, "absent": int((counts == 0).sum()),
                "interval": [range_ - float(q) for q in np.quantile(by_chance, [0.975, 0.025])],
            },
        )  # fmt: skip

    def _class(self, lab: Lab, k: int, right: np.ndarray, counts: np.ndarray) -> dict[str, Any]:
        hits = int(right[lab.dataset.labels == k].sum())
        low, high = wilson_interval(hits, int(counts[k]))
        return {"class": lab.dataset.class_names[k], "images": int(counts[k]), "right": hits,
                "accuracy": hits / int(counts[k]), "low": low, "high": high}  # fmt: skip

    def _row(self, lab: Lab, k: int, right: np.ndarray, sure: np.ndarray) -> dict[str, Any]:
        """The surest images of a class and then the least sure, by the probability of the right answer."""
        members = np.flatnonzero(lab.dataset.labels == k)
        ranked = members[np.argsort(-sure[members], kind="stable")]
        half = min(self.shown, -(-len(ranked) // 2))
        chosen = [*ranked[:half], *ranked[max(half, len(ranked) - half) :]]
        return {
            "class": lab.dataset.class_names[k], "half": half,
            "images": [{"index": int(i), "probability": float(sure[i]), "right": bool(right[i])} for i in chosen],
        }  # fmt: skip

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        side = style.WIDTH / (2 * self.shown)
        heights = [2.5, *([side + 0.5] * len(stats["rows"]))]
        picture = style.picture(height=sum(heights))
        upper, *lower = picture.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        _curve(upper.subplots(), stats)
        for k, (part, row) in enumerate(zip(lower, stats["rows"], strict=True)):
            end = "easiest" if k == 0 else "hardest"
            part.suptitle(f"{end}: {style.short(row['class'], 40)}, the surest images and the least sure", fontsize=8)
            panels = part.subplots(1, 2 * self.shown, squeeze=False)[0]
            for axes in panels:
                axes.set_axis_off()
            for place, (entry, image) in enumerate(zip(row["images"], result.arrays[f"images_{k}"], strict=True)):
                at = place if place < row["half"] else place - len(row["images"]) + 2 * self.shown
                panels[at].set_axis_on()
                style.show_image(
                    panels[at], image, f"{entry['probability']:.2f}" + ("" if entry["right"] else ", wrong")
                )
        return picture

    def alt(self, stats: Stats) -> str:
        first, last = stats["classes"][0], stats["classes"][-1]
        return (
            f"{len(stats['classes'])} classes in order of their accuracy, from {first['class']} "
            f"({first['accuracy']:.0%}) to {last['class']} ({last['accuracy']:.0%}), with their mean, "
            f"{stats['mean']:.0%}. Below, the images of both ends of which the network is most and least sure."
        )  # fmt: skip

    def claims(self, stats: Stats) -> list[Claim]:
        fewest = min(entry["images"] for entry in stats["classes"])
        return [
            identity(
                f"{self.name()}.balanced",
                "The mean over classes is the balanced accuracy: that over images, each weighted by one divided by the "
                "number of images of its class.",
                abs(stats["mean"] - stats["balanced"]) < 1e-9,
                {"mean": stats["mean"], "balanced": stats["balanced"]},
            ),
            tendency(
                f"{self.name()}.differ",
                "Classes differ more than chance would have it: the range of their accuracies is larger than if all "
                "were equally easy and only their images were drawn by chance.",
                {"range": stats["range"], "range_by_chance": stats["by_chance"]},
                stats["interval"],
                source="russakovsky2015 fig. 10",
                reference=REPORTED,
                undecided="there is one class" if len(stats["classes"]) < 2 else
                "" if fewest >= 2 else "a class has one image",
            ),
        ]  # fmt: skip


def _range_by_chance(counts: np.ndarray, share: float, rng: np.random.Generator, draws: int) -> np.ndarray:
    """(draws,) the range of the accuracies of classes of these sizes that are all equally easy."""
    hits = rng.binomial(counts, share, size=(draws, len(counts)))
    return np.asarray(np.ptp(hits / counts, axis=1))


def _pixels(lab: Lab, ids: list[int]) -> np.ndarray:
    return np.asarray((lab.pixels(ids) * 255).round().byte().cpu().numpy())


def _curve(axes: Axes, stats: Stats) -> None:
    """A point for each class with its interval, or a line where there are many."""
    classes = stats["classes"]
    at = np.arange(len(classes))
    middle = np.array([100 * entry["accuracy"] for entry in classes])
    low, high = (np.array([100 * entry[end] for entry in classes]) for end in ("low", "high"))
    axes.axhline(100 * stats["mean"], color="#999999", linewidth=0.8, linestyle=(0, (4, 3)))
    if len(classes) <= NAMED:
        axes.errorbar(
            at, middle, yerr=np.clip([middle - low, high - middle], 0, None), fmt="o", markersize=3, capsize=2
        )
        names = [style.short(entry["class"], 18) for entry in classes]
        axes.set_xticks(at, names, rotation=40, ha="right", rotation_mode="anchor", fontsize=6.5)
    else:
        axes.fill_between(at, low, high, color=style.COLOURS[0], alpha=0.25, linewidth=0)
        axes.plot(at, middle, color=style.COLOURS[0])
        axes.set_xlabel("classes, the easiest first")
    axes.set_xlim(-0.6, len(classes) - 0.4)
    axes.set_ylabel("right answers, %")
    axes.set_title(f"mean {stats['mean']:.1%}, range {100 * stats['range']:.1f} points "
                   f"({100 * stats['by_chance']:.1f} by chance)")  # fmt: skip
    axes.grid(axis="y")
