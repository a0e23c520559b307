"""Error against effort: what people reached on ILSVRC with how much practice, and here with how much time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import difference_interval
from cnnviz_core.methods.wilson import wilson_interval
from cnnviz_core.observers import Observer, model_observer, observers, shown_images, undecidable, within

PUBLISHED = (
    ("colleagues,\nunpracticed", (0.13, 0.15), None),
    ("A2, some\npractice", (0.12, 0.12), (31, 258)),
    ("A1, 500 images\nof practice", (0.051, 0.051), (76, 1500)),
    ("several people\ntogether", (0.03, 0.03), None),
    ("lower bound", (0.02, 0.02), None),
)
"""Top-5 errors of Karpathy (2014) from little to much effort, and wrong of all images where they are reported
(Russakovsky et al. 2015, Table 9); the last two are his estimates."""
GOOGLENET = 0.068
FEW = 5  # answers with a time, below which an observer's halves say nothing


@dataclass(frozen=True)
class HumanTradeoff(Figure):
    """The published points in order of effort, and the observers of this data set against the time that they took."""

    images: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "batch")
        return None

    def compute(self, lab: Lab) -> Result:
        first, everyone = within(lab), observers(lab)
        stats: dict[str, Any] = {"within": first, "published": _published(), "googlenet": GOOGLENET, "model": None}
        if undecidable(lab) is None:
            model, _ = model_observer(lab, shown_images(lab, self.images), batch=self.batch)
            stats["model"] = _point(model, first)
        stats["observers"] = [_point(one, first) for one in everyone]
        timed = [one for one in everyone if one.kind == "person" and np.isfinite(one.seconds).sum() >= 2 * FEW]
        stats["timed"] = len(timed)
        stats["halves"] = _halves(timed, first, lab.rng(self.name())) if timed else None
        return Result({}, stats)

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=2.9)
        if not stats["observers"]:
            _published_points(picture.subplots(), stats, own=stats["model"])
            return picture
        left, right = picture.subplots(1, 2, width_ratios=[1.15, 1])
        _published_points(left, stats, own=None)
        _own_points(right, stats)
        return picture

    def alt(self, stats: Stats) -> str:
        known = "; ".join(f"{' '.join(point['name'].split())} {_span(point)}" for point in stats["published"])
        here = "; ".join(f"{point['name']} {point['error']:.1%}" for point in stats["observers"])
        model = "" if stats["model"] is None else f" {stats['model']['name']} {stats['model']['error']:.1%}."
        return (
            f"Published top-5 errors in order of effort: {known}; GoogLeNet 6.8%. Here: {here or 'no person'}.{model}"
        )

    def claims(self, stats: Stats) -> list[Claim]:
        counted = [point for point in stats["published"] if point["counted"] is not None]
        name, text = f"{self.name()}.slow_is_hard", (
            "The images that a person takes longer for are those that the person gets wrong more often."
        )  # fmt: skip
        if stats["halves"] is None:
            told = Claim(name, text, "tendency", None, {}, undecided="there are no people here whose times are known")
        else:
            halves = stats["halves"]
            numbers = {"slower_half_error": halves["slow"], "faster_half_error": halves["fast"]}
            told = tendency(name, text, numbers, halves["interval"], source="")
        return [
            identity(
                f"{self.name()}.published",
                "The published error rates are those of the reported counts, to the digits that are given.",
                all(
                    abs(point["counted"] - point["low"]) < 0.0005 * (10 if point["low"] == 0.12 else 1)
                    for point in counted
                ),
                {f"{point['wrong']}/{point['images']}": point["counted"] for point in counted},
            ),
            told,
        ]


def _published() -> list[dict[str, Any]]:
    found = []
    for name, (low, high), counts in PUBLISHED:
        wrong, images = counts or (None, None)
        found.append({
            "name": name, "low": low, "high": high, "wrong": wrong, "images": images,
            "counted": None if counts is None else counts[0] / counts[1],
            "interval": None if counts is None else list(wilson_interval(*counts)),
        })  # fmt: skip
    return found


def _point(one: Observer, first: int) -> dict[str, Any]:
    right, times = one.right(first), one.seconds[np.isfinite(one.seconds)]
    wrong = int((~right).sum())
    return {
        "name": one.name, "kind": one.kind, "images": len(right), "error": wrong / len(right),
        "interval": list(wilson_interval(wrong, len(right))),
        "seconds": float(np.median(times)) if len(times) else None,
    }  # fmt: skip


def _halves(people: Sequence[Observer], first: int, rng: np.random.Generator) -> dict[str, Any]:
    """Errors in the slower and in the faster half of each person's answers, and the interval of their difference."""
    halves: tuple[list[bool], list[bool]] = ([], [])
    for one in people:
        known = np.isfinite(one.seconds)
        wrong, order = ~one.right(first)[known], np.argsort(one.seconds[known], kind="stable")
        for half, places in zip(halves, np.array_split(order, 2), strict=True):
            half += wrong[places].tolist()
    fast, slow = (np.array(half, dtype=float) for half in halves)
    return {"slow": float(slow.mean()), "fast": float(fast.mean()),
            "interval": list(difference_interval(slow, fast, rng))}  # fmt: skip


def _span(point: Stats) -> str:
    return f"{point['low']:.0%} to {point['high']:.0%}" if point["high"] > point["low"] else f"{point['low']:.1%}"


def _published_points(axes: Axes, stats: Stats, own: Stats | None) -> None:
    points = stats["published"]
    for k, point in enumerate(points):
        low, high = point["interval"] or (point["low"], point["high"])
        middle = (point["low"] + point["high"]) / 2
        axes.errorbar(k, 100 * middle, yerr=100 * np.array([[middle - low], [high - middle]]), fmt="o", markersize=4,
                      color=style.COLOURS[0],
                      markerfacecolor=style.COLOURS[0] if point["interval"] else "white")  # fmt: skip
    axes.plot(range(len(points)), [50 * (point["low"] + point["high"]) for point in points], color=style.COLOURS[0],
              linewidth=0.6, linestyle=":")  # fmt: skip
    axes.axhline(100 * stats["googlenet"], color=style.COLOURS[1], linewidth=1)
    axes.annotate("GoogLeNet 6.8", (0, 100 * stats["googlenet"]), (3, 3), textcoords="offset points",
                  xycoords=("axes fraction", "data"), color=style.COLOURS[1], fontsize=7)  # fmt: skip
    names = [point["name"] for point in points]
    if own is not None:
        low, high = own["interval"]
        beside = len(points) + 0.3
        axes.axvline(len(points) - 0.4, color="#888888", linewidth=0.6, linestyle=":")
        axes.errorbar(beside, 100 * own["error"], fmt="s", markersize=4, color=style.COLOURS[4],
                      yerr=np.maximum([[100 * (own["error"] - low)], [100 * (high - own["error"])]], 0))  # fmt: skip
        names = [*names, f"{style.short(own['name'], 16)},\nthese images"]
        axes.set_xticks([*range(len(points)), beside], names, fontsize=6)
        axes.set_xlim(-0.5, beside + 0.6)
    else:
        axes.set_xticks(range(len(points)), names, rotation=45, ha="right", fontsize=6, linespacing=0.9)
    axes.set_ylim(bottom=0)
    axes.set(ylabel="error, %")
    axes.set_title("ILSVRC, top-5 (hollow: no counts published)" if own is None else
                   "ILSVRC, top-5 (hollow: no counts published); right of the line: this model, top-1")  # fmt: skip


def _own_points(axes: Axes, stats: Stats) -> None:
    for point in stats["observers"]:
        if point["seconds"] is not None and point["kind"] == "person":
            spread = np.maximum([[point["error"] - point["interval"][0]], [point["interval"][1] - point["error"]]], 0)
            axes.errorbar(point["seconds"], 100 * point["error"], yerr=100 * spread, fmt="o", markersize=3.5,
                          color=style.COLOURS[0], elinewidth=0.7)  # fmt: skip
    flat = [point for point in stats["observers"] if point["seconds"] is None or point["kind"] == "net"]
    flat += [] if stats["model"] is None else [stats["model"]]
    for k, point in enumerate(sorted(flat, key=lambda point: point["error"])):
        colour = {"model": style.COLOURS[4], "net": style.COLOURS[6], "person": style.COLOURS[0]}[point["kind"]]
        axes.axhline(100 * point["error"], color=colour, linewidth=1)
        axes.annotate(style.short(point["name"], 18), (0.02 + 0.3 * (k % 3), 100 * point["error"]), (0, 2),
                      color=colour, fontsize=6.5,
                      xycoords=("axes fraction", "data"), textcoords="offset points")  # fmt: skip
    times = [point["seconds"] for point in stats["observers"] if point["seconds"] is not None]
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, 1.1 * max([*times, 1e-3]))
    axes.set(xlabel="median seconds for an image", ylabel="error, %")
    axes.set_title("here: dots are people, lines have no time")
