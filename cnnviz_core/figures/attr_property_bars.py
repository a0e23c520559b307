"""Performance by what kind of thing a class is: a bar for each value of a property, with scales made equal before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.attributes import attributes_of, by_class, judged, ordered, properties_of, scales_of, unanswerable
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import difference_interval, mean_interval
from cnnviz_core.methods.equal_scales import equal_scales

EXPECTED = {
    "deformability": ("deformable", "rigid", "sec. 6.3.4"),
    "texture": ("low", "none", "sec. 6.3.4"),
}
"""Of a property, the value that the paper found to be easier, and that which it compares with."""
STAGES = (("before", "#b8c9d6", "all classes"), ("after", style.COLOURS[0], "at equal scale"))
ENOUGH = 5  # classes in each bin from which on a difference is judged


@dataclass(frozen=True)
class AttrPropertyBars(Figure):
    """Mean accuracy of the classes of each kind, as they are and after the largest were left out, with intervals."""

    tolerance: float
    least: int
    panels: int
    bars: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "least", "panels")
        self.check_at_least(2, "bars")
        self.check_share("tolerance")
        if reason := unanswerable(lab):
            return reason
        if not properties_of(lab.dataset):
            return (
                f"{lab.dataset.name} does not say what kinds of things its classes are: it has no families and no "
                "attributes that are one word for each class; dataset.attributes=FILE gives them"
            )
        return None

    def compute(self, lab: Lab) -> Result:
        data, rng = lab.dataset, lab.rng(self.name())
        found = scales_of(attributes_of(lab, range(len(data))))
        classes = len(data.class_names)
        scale = by_class(found.values.astype(float), data.labels, classes)
        value = by_class(judged(lab)[0].astype(float), data.labels, classes)
        chosen = list(properties_of(data).items())[: self.panels]
        told = [self._property(name, words, scale, value, rng) for name, words in chosen]
        return Result({}, {"scale": found.told, "source": found.source, "classes": classes, "properties": told,
                           "names": [each["name"] for each in told],
                           "normalized": [each["name"] for each in told if each["reached"]],
                           "kept_apart": [each["name"] for each in told if not each["reached"]]})  # fmt: skip

    def _property(
        self, name: str, words: list[str], scale: np.ndarray, value: np.ndarray, rng: np.random.Generator
    ) -> dict[str, Any]:
        """The bins of one property before and after its scales are made equal."""
        usable = np.isfinite(scale) & np.isfinite(value)
        counts = {word: sum(w == word for w in np.array(words)[usable]) for word in set(words)}
        kinds = [w for w in ordered(words, most=self.bars) if counts[w] >= self.least]
        group = np.array([kinds.index(w) if w in kinds else -1 for w in words])
        group = np.where(usable, group, -1)
        kept, reached = group >= 0, len(kinds) > 1
        if reached:
            inside = np.flatnonzero(kept)
            left, reached = equal_scales(scale[inside], group[inside], tolerance=self.tolerance, least=self.least)
            kept[inside] = left
        bins: list[dict[str, Any]] = [
            {"word": word, "before": _bin(group == k, scale, value, rng),
             "after": _bin((group == k) & kept, scale, value, rng) if reached else None}
            for k, word in enumerate(kinds)
        ]  # fmt: skip
        means = [each["after"]["scale"] for each in bins] if reached else []
        last = (group >= 0) & kept if reached else group >= 0
        return {
            "name": name.replace("_", " "), "bins": bins, "reached": reached,
            "apart": float(np.ptp(means)) if means else None, "classes": int((group >= 0).sum()),
            "left_out": int((group < 0).sum()), "contrast": self._contrast(name, words, value, last, rng),
        }  # fmt: skip

    def _contrast(
        self, name: str, words: list[str], value: np.ndarray, inside: np.ndarray, rng: np.random.Generator
    ) -> dict[str, Any] | None:
        """The difference that the paper speaks of, over the classes that are left."""
        if name not in EXPECTED or not {*EXPECTED[name][:2]} <= set(words):
            return None
        first, second = (value[inside & (np.array(words) == word)] for word in EXPECTED[name][:2])
        if not len(first) or not len(second):
            return None
        return {
            "easier": EXPECTED[name][0], "harder": EXPECTED[name][1], "source": EXPECTED[name][2],
            "classes": [len(first), len(second)], "means": [float(first.mean()), float(second.mean())],
            "interval": list(difference_interval(first, second, rng)),
        }  # fmt: skip

    def draw(self, result: Result) -> Picture:
        told = result.stats["properties"]
        columns = 2 if len(told) > 1 else 1
        rows = -(-len(told) // columns)
        picture = style.picture(height=0.4 + 2.0 * rows)
        panels = picture.subplots(rows, columns, squeeze=False, sharey=True)
        for axes in panels.flat[len(told) :]:
            axes.set_axis_off()
        for axes, each in zip(panels.flat, told, strict=False):
            _panel(axes, each)
        picture.supylabel("mean accuracy of the classes, %", fontsize=8)
        handles, names = panels.flat[0].get_legend_handles_labels()
        picture.legend(handles, names, loc="outside upper center", ncols=2)
        return picture

    def alt(self, stats: Stats) -> str:
        return "Bars of the mean accuracy of classes by property. " + " ".join(
            f"{each['name']}: " + ", ".join(_spoken(entry) for entry in each["bins"]) + "."
            for each in stats["properties"]
        )

    def claims(self, stats: Stats) -> list[Claim]:
        told = stats["properties"]
        apart = max((each["apart"] for each in told if each["reached"]), default=0.0)
        equal = identity(
            f"{self.name()}.equal_scales",
            f"After the normalization the mean scales of the bins of a property differ by at most {self.tolerance:g}.",
            apart <= self.tolerance + 1e-12,
            {"properties": len(stats["normalized"]), "largest_difference": apart},
        )
        off = sum(
            abs(sum(entry["before"]["classes"] for entry in each["bins"]) + each["left_out"] - stats["classes"])
            + sum(entry["after"]["classes"] > entry["before"]["classes"] for entry in each["bins"] if each["reached"])
            for each in told
        )
        counted = identity(
            f"{self.name()}.counted_once",
            "The bins of each property, and the classes that are in none, count every class once.",
            off == 0,
            {"classes": stats["classes"], "difference": off},
        )
        return [equal, counted, *(self._easier(each) for each in told if each["contrast"])]

    def _easier(self, each: Mapping[str, Any]) -> Claim:
        """What the paper found about two kinds of classes."""
        pair = each["contrast"]
        few = min(pair["classes"]) < ENOUGH
        why = f"a bin has fewer than {ENOUGH} classes" if few else ""
        if not each["reached"]:
            why = "the scales of the bins could not be made equal"
        return tendency(
            f"{self.name()}.{each['name']}",
            f"Classes whose {each['name']} is *{pair['easier']}* are recognized more often than those of "
            f"*{pair['harder']}*, at equal scale.",
            {pair["easier"]: pair["means"][0], pair["harder"]: pair["means"][1]},
            pair["interval"],
            source=f"russakovsky2015 {pair['source']}",
            undecided=why,
        )


def _bin(inside: np.ndarray, scale: np.ndarray, value: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    low, high = mean_interval(value[inside], rng)
    return {"classes": int(inside.sum()), "scale": float(scale[inside].mean()), "mean": float(value[inside].mean()),
            "low": low, "high": high}  # fmt: skip


def _panel(axes: Axes, each: Mapping[str, Any]) -> None:
    """Two bars for each value: all its classes, and those left at equal scale."""
    bins, apart = each["bins"], 0.36 if each["reached"] else 0.0
    for k, (stage, color, text) in enumerate(STAGES):
        shown = [(i, entry[stage]) for i, entry in enumerate(bins) if entry[stage] is not None]
        at = [i + apart * (k - 0.5) for i, _ in shown]
        means = np.array([100 * entry["mean"] for _, entry in shown])
        bars = [[m - 100 * e["low"] for m, (_, e) in zip(means, shown, strict=True)],
                [100 * e["high"] - m for m, (_, e) in zip(means, shown, strict=True)]]  # fmt: skip
        axes.bar(at, means, 0.34, color=color, label=text)
        if shown:
            axes.errorbar(
                at, means, yerr=np.clip(bars, 0, None), fmt="none", ecolor="#333333", elinewidth=0.8, capsize=2
            )
    long = sum(len(entry["word"]) for entry in bins) > 34
    names = [f"{style.short(entry['word'], 15)}\n{_counts(entry)}" for entry in bins]
    axes.set_xticks(range(len(bins)), names, fontsize=5.5 if long else 7)
    axes.set_ylim(0, 105)
    scales = "scales made equal" if each["reached"] else "scales cannot be made equal"
    axes.set_title(f"{each['name']} ({scales})", fontweight="bold")
    axes.grid(axis="y")


def _counts(entry: Mapping[str, Any]) -> str:
    before = entry["before"]["classes"]
    return f"{before}" if entry["after"] is None else f"{before} → {entry['after']['classes']}"


def _spoken(entry: Mapping[str, Any]) -> str:
    text = f"{entry['word']} {entry['before']['mean']:.0%} over {entry['before']['classes']} classes"
    if entry["after"] is None:
        return text
    return f"{text} and {entry['after']['mean']:.0%} at equal scale over {entry['after']['classes']}"
