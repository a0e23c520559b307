"""How often the model is right about images that are alike in one attribute: one curve for each attribute."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.attributes import SOURCES, Attribute, attributes_of, judged, ordered, unanswerable
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import difference_interval
from cnnviz_core.methods.mass_bins import equal_mass
from cnnviz_core.methods.wilson import wilson_interval

EXPECTED = {"scale": 1, "occlusion": -1, "clutter": -1, "contrast": 1, "blur": -1}
"""Which end is thought to be easier: 1 the upper one."""

FIRST = ("scale", "salient region", "instances", "clutter", "occlusion", "contrast", "blur", "sharpness",
         "edge density", "texture")  # fmt: skip
COLORS = dict(zip(SOURCES, (style.COLOURS[0], style.COLOURS[2], style.COLOURS[1]), strict=True))


@dataclass(frozen=True)
class AttrImageLevel(Figure):
    """Accuracy over bins of about equally many images each, or over words, with Wilson's intervals."""

    images: int | None
    bins: int
    panels: int
    words: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "panels")
        self.check_at_least(2, "bins", "words")
        return unanswerable(lab)

    def compute(self, lab: Lab) -> Result:
        rng, ids = lab.rng(self.name()), lab.spread(self.images or len(lab.dataset))
        right = judged(lab)[0][ids]
        found = attributes_of(lab, ids)
        names = [*(name for name in FIRST if name in found), *(name for name in found if name not in FIRST)]
        constant = [name for name in names if len(set(found[name].values[found[name].known].tolist())) < 2]
        shown = [name for name in names if name not in constant][: self.panels]
        level = 1 - 0.05 / max(sum(name in EXPECTED for name in shown), 1)
        curves = [self._curve(found[name], right, rng, level) for name in shown]
        return Result(
            {},
            {
                "images": len(ids), "right": int(right.sum()), "accuracy": float(right.mean()), "curves": curves,
                "constant": constant, "level": level, "names": shown,
                "missing": [curve["name"] for curve in curves if curve["missing"]],
                "widest": max(curves, key=lambda curve: abs(curve["difference"]))["name"] if curves else None,
                "gap": max((abs(curve["difference"]) for curve in curves), default=0.0),
            },
        )  # fmt: skip

    def _curve(self, found: Attribute, right: np.ndarray, rng: np.random.Generator, level: float) -> dict[str, Any]:
        """The bins of one attribute, from the least on, and the accuracy of the last less that of the first."""
        if found.is_words:
            kinds = ordered([str(word) for word in found.values.tolist()], most=self.words)
            bins = np.array([kinds.index(str(w)) if str(w) in kinds else -1 for w in found.values.tolist()])
        else:
            kinds, bins = [], equal_mass(found.values.astype(float), self.bins)
        told = [self._bin(found, right, bins == k, kinds[k] if kinds else None) for k in range(int(bins.max()) + 1)]
        last, first = (right[bins == k].astype(float) for k in (len(told) - 1, 0))
        return {
            "name": found.name, "unit": found.unit, "source": found.source, "words": found.is_words, "bins": told,
            "missing": int((~found.known).sum()), "rare": int((found.known & (bins < 0)).sum()),
            "right": int(right[bins >= 0].sum()), "known": int((bins >= 0).sum()),
            "difference": float(last.mean() - first.mean()),
            "interval": list(difference_interval(last, first, rng, level=level)),
        }  # fmt: skip

    def _bin(self, found: Attribute, right: np.ndarray, inside: np.ndarray, word: str | None) -> dict[str, Any]:
        hits, count = int(right[inside].sum()), int(inside.sum())
        low, high = wilson_interval(hits, count)
        told = {"word": word, "images": count, "accuracy": hits / count, "low": low, "high": high}
        if word is not None:
            return told
        values = found.values[inside].astype(float)
        return told | {"from": float(values.min()), "to": float(values.max()), "at": float(values.mean())}

    def draw(self, result: Result) -> Picture:
        curves = result.stats["curves"]
        columns = min(3, max(len(curves), 1))
        rows = max(math.ceil(len(curves) / columns), 1)
        picture = style.picture(height=0.35 + 1.6 * rows)
        panels = picture.subplots(rows, columns, squeeze=False, sharey=True)
        for axes in panels.flat[len(curves) :]:
            axes.set_axis_off()
        low = min((entry["low"] for curve in curves for entry in curve["bins"]), default=0.0)
        for axes, curve in zip(panels.flat, curves, strict=False):
            _panel(axes, curve, 100 * result.stats["accuracy"])
            axes.set_ylim(max(100 * low - 4, 0), 102)
        picture.supylabel("right answers, %", fontsize=8)
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{curve['name']} from {curve['bins'][0]['accuracy']:.0%} to {curve['bins'][-1]['accuracy']:.0%}"
            for curve in stats["curves"]
        )
        return (
            f"{len(stats['curves'])} panels, one for each attribute: the share of right answers in bins of it, "
            f"{stats['accuracy']:.0%} over all {stats['images']} images. From the first bin to the last: {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        off = sum(
            abs(round(sum(entry["images"] * entry["accuracy"] for entry in curve["bins"])) - curve["right"])
            + abs(sum(entry["images"] for entry in curve["bins"]) - curve["known"])
            + abs(curve["known"] + curve["missing"] + curve["rare"] - stats["images"])
            + (curve["known"] == stats["images"] and curve["right"] != stats["right"])
            for curve in stats["curves"]
        )
        summed = identity(
            f"{self.name()}.adds_up",
            "The accuracies of the bins of each attribute, weighted by their images, give the accuracy over all images "
            "that have a value: no image is lost or counted twice.",
            off == 0,
            {"attributes": len(stats["curves"]), "difference": off},
        )
        return [summed, *(self._expected(curve, stats["level"]) for curve in stats["curves"] if _tested(curve))]

    def _expected(self, curve: Mapping[str, Any], level: float) -> Claim:
        """The claim about the ends of a curve whose direction people expect."""
        sign = EXPECTED[curve["name"]]
        low, high = sorted(sign * end for end in curve["interval"])
        easy, hard = ("most", "least") if sign > 0 else ("least", "most")
        few = min(curve["bins"][0]["images"], curve["bins"][-1]["images"]) < 5
        return tendency(
            f"{self.name()}.{curve['name']}",
            f"Images of the {easy} {curve['name']} are recognized more often than those of the {hard} "
            f"(interval at {level:.1%}, so that all such claims together err in 5%).",
            {"first_bin": curve["bins"][0]["accuracy"], "last_bin": curve["bins"][-1]["accuracy"]},
            (low, high),
            source="russakovsky2015 sec. 6.3",
            undecided="a bin has fewer than five images" if few else "",
        )


def _tested(curve: Mapping[str, Any]) -> bool:
    return curve["name"] in EXPECTED and not curve["words"]


def _panel(axes: Axes, curve: Mapping[str, Any], overall: float) -> None:
    """One curve with its intervals over the mean accuracy, and how many images a bin has."""
    bins, color = curve["bins"], COLORS[curve["source"]]
    at = list(range(len(bins))) if curve["words"] else [entry["at"] for entry in bins]
    middle = np.array([100 * entry["accuracy"] for entry in bins])
    bars = [[m - 100 * e["low"] for m, e in zip(middle, bins, strict=True)],
            [100 * e["high"] - m for m, e in zip(middle, bins, strict=True)]]  # fmt: skip
    axes.axhline(overall, color="#999999", linewidth=0.8, linestyle=(0, (4, 3)))
    axes.errorbar(at, middle, yerr=np.clip(bars, 0, None), color=color, marker="o", markersize=3, capsize=2,
                  linestyle="none" if curve["words"] else "-")  # fmt: skip
    if curve["words"]:
        names = [style.short(entry["word"], 11) for entry in bins]
        long = sum(map(len, names)) > 22
        axes.set_xticks(at, names, rotation=30 if long else 0, ha="right" if long else "center", rotation_mode="anchor")
        axes.set_xlim(-0.5, len(bins) - 0.5)
    else:
        axes.locator_params(axis="x", nbins=5)
    counts = [entry["images"] for entry in bins]
    number = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)}–{max(counts)}"
    axes.set_title(style.short(curve["name"].replace("_", " "), 24), fontweight="bold")
    axes.set_xlabel(f"{curve['unit']}\n{SOURCES[curve['source']]}; {number} a bin", fontsize=6.5, labelpad=1)
    axes.locator_params(axis="y", nbins=5)
    axes.grid(axis="y")
