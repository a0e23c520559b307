"""Two observers of the same images: how many both have right, one alone, the other alone, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.mcnemar import mcnemar
from cnnviz_core.methods.two_proportions import two_proportions
from cnnviz_core.methods.wilson import wilson_interval
from cnnviz_core.observers import Observer, model_observer, observers, shown_images, undecidable, within

PUBLISHED = {"A1": (1352, 72, 46, 30), "A2": (219, 8, 24, 7)}
"""Images that person and GoogLeNet have right, the person alone, GoogLeNet alone, and neither: Russakovsky et al. 2015,
Table 9, of which the margins are in the text."""
SHORT = ("both right", "observer only", "model only", "both wrong")
SHADES = ("#dddddd", style.COLOURS[0], style.COLOURS[4], style.COLOURS[6])


@dataclass(frozen=True)
class HumanJointCounts(Figure):
    """The four counts, error rates and tests: as published for ILSVRC, and for this model on its images."""

    images: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "batch")
        return None

    def compute(self, lab: Lab) -> Result:
        published = [_pair(f"{name}, ILSVRC", "published", counts) for name, counts in PUBLISHED.items()]
        stats: dict[str, Any] = {
            "published": published, "pairs": [], "model": None, "people": 0, "nets": 0, "missing": 0, "pooled": None,
            "within": within(lab), "choices": len(lab.choices.names), "unknown": undecidable(lab),
        }  # fmt: skip
        if (given := lab.dataset.responses) is not None:
            stats |= {"missing": given.missing, "responses": len(given.image)}
        everyone = observers(lab)
        stats |= {
            kind: sum(one.kind == name for one in everyone) for kind, name in (("people", "person"), ("nets", "net"))
        }
        stats["alone"] = [_error(one.name, one.kind, one.right(stats["within"])) for one in everyone]
        if stats["unknown"] is None:
            model, _ = model_observer(lab, shown_images(lab, self.images), batch=self.batch)
            stats["model"] = _error(model.name, "model", model.right(stats["within"]))
            stats["pairs"] = [_of(one, model, stats["within"]) for one in everyone]
            people = [one for one in everyone if one.kind == "person"]
            if people:
                stats["pooled"] = _pooled(people, model, stats["within"], lab.rng(self.name()))
        return Result({}, stats)

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        rows = [*stats["published"], *stats["pairs"]]
        alone = [] if stats["pairs"] or stats["model"] is None else [stats["model"]]
        lines = len(rows) + len(alone)
        picture = style.picture(height=1.25 + 0.26 * lines)
        left, right = picture.subplots(1, 2, width_ratios=[1.5, 1], sharey=True)
        _counts(left, rows)
        _errors(right, rows, alone)
        names = [_called(row) for row in rows] + [f"{style.short(row['name'], 18)} alone" for row in alone]
        left.set_yticks(range(lines), names)
        left.set_ylim(lines - 0.4, -0.6)
        right.tick_params(labelleft=False, length=0, axis="y")
        if stats["pairs"] or alone:
            for axes in (left, right):
                axes.axhline(len(stats["published"]) - 0.5, color="#888888", linewidth=0.6, linestyle=":")
        return picture

    def alt(self, stats: Stats) -> str:
        rows = [
            f"{row['name']}: both right {row['both']}, observer only {row['first_only']}, "
            f"model only {row['second_only']}, both wrong {row['neither']}; "
            f"errors {row['first_error']:.1%} and {row['second_error']:.1%}"
            for row in (*stats["published"], *stats["pairs"])
        ]
        nobody = "" if stats["alone"] else " Nobody has labelled these images yet."
        return "Bars of four counts and error rates with 95% intervals. " + ". ".join(rows) + "." + nobody

    def claims(self, stats: Stats) -> list[Claim]:
        first = stats["published"][0]
        measured = {"z_p": first["z_p"], "mcnemar_p": first["mcnemar_p"], "z": first["z"]}
        rows = [*stats["published"], *stats["pairs"]]
        return [
            identity(
                f"{self.name()}.published",
                "The reported counts give the published error rates, 5.1% and 6.8%, a one-sided p of .0223 for two "
                "proportions, and of .0105 for the exact test of pairs.",
                [round(first[key], digits) for key, digits in
                 (("first_error", 3), ("second_error", 3), ("z_p", 4), ("mcnemar_p", 4))]
                == [0.051, 0.068, 0.0223, 0.0105],
                measured,
            ),
            identity(
                f"{self.name()}.adds_up",
                "The four counts add up to the images of each pair, and its margins to the errors of the two.",
                all(
                    row["both"] + row["first_only"] + row["second_only"] + row["neither"] == row["images"]
                    and row["first_wrong"] == row["second_only"] + row["neither"]
                    and row["second_wrong"] == row["first_only"] + row["neither"]
                    for row in rows
                ),
                {"pairs": len(rows)},
            ),
            self._people_better(stats),
        ]  # fmt: skip

    def _people_better(self, stats: Stats) -> Claim:
        name, text = f"{self.name()}.people_err_less", "People err less often than the model on the same images."
        paper = {
            "human_error": stats["published"][0]["first_error"],
            "googlenet_error": stats["published"][0]["second_error"],
        }
        if (pooled := stats["pooled"]) is None:
            why = stats["unknown"] or "nobody has labelled these images yet"
            return Claim(name, text, "tendency", None, {}, paper, "russakovsky2015 sec. 6.4", why)
        numbers = {"people_error": pooled["people_error"], "model_error": pooled["model_error"]}
        return tendency(name, text, numbers, pooled["interval"], source="russakovsky2015 sec. 6.4", reference=paper)


def _pair(name: str, kind: str, counts: Sequence[int]) -> dict[str, Any]:
    """Everything about two observers of the same images; the first is better where z is positive."""
    both, first_only, second_only, neither = map(int, counts)
    images = both + first_only + second_only + neither
    wrong = second_only + neither, first_only + neither
    z, z_p = two_proportions(wrong[1], images, wrong[0], images)
    one, two = mcnemar(first_only, second_only)
    return {
        "name": name, "kind": kind, "images": images, "both": both, "first_only": first_only,
        "second_only": second_only, "neither": neither, "first_wrong": wrong[0], "second_wrong": wrong[1],
        "first_error": wrong[0] / images, "first_interval": list(wilson_interval(wrong[0], images)),
        "second_error": wrong[1] / images, "second_interval": list(wilson_interval(wrong[1], images)),
        "z": z, "z_p": z_p, "mcnemar_p": one, "mcnemar_two_sided": two,
        "neither_by_chance": wrong[0] * wrong[1] / images,
    }  # fmt: skip


def _of(one: Observer, model: Observer, first: int) -> dict[str, Any]:
    """The pair of an observer and the model, of the images that the observer answered for."""
    mine, its = one.right(first), model.of(one.images).right(first)
    counts = [(mine & its).sum(), (mine & ~its).sum(), (~mine & its).sum(), (~mine & ~its).sum()]
    return _pair(one.name, one.kind, counts)


def _error(name: str, kind: str, right: np.ndarray) -> dict[str, Any]:
    images, wrong = len(right), int((~right).sum())
    return {"name": name, "kind": kind, "images": images, "wrong": wrong, "error": wrong / images,
            "interval": list(wilson_interval(wrong, images))}  # fmt: skip


def _pooled(people: Sequence[Observer], model: Observer, first: int, rng: np.random.Generator) -> dict[str, Any]:
    """All people together: the mean error on each image, less that of the model, with an interval over images."""
    wrong, counts = np.zeros(int(model.images.max()) + 1), np.zeros(int(model.images.max()) + 1)
    for one in people:
        wrong[one.images] += ~one.right(first)
        counts[one.images] += 1
    seen = model.of(np.flatnonzero(counts))
    mine, its = wrong[seen.images] / counts[seen.images], (~seen.right(first)).astype(float)
    return {"images": len(mine), "people_error": float(mine.mean()), "model_error": float(its.mean()),
            "interval": list(mean_interval(its - mine, rng))}  # fmt: skip


def _called(row: Stats) -> str:
    return f"{style.short(row['name'], 18)}{' (net)' if row['kind'] == 'net' else ''}, n={row['images']}"


def _counts(axes: Axes, rows: Sequence[Stats]) -> None:
    """One bar for each pair, of its four counts as shares of the images, with the counts in it."""
    for k, row in enumerate(rows):
        start = 0.0
        for key, word, shade in zip(("both", "first_only", "second_only", "neither"), SHORT, SHADES, strict=True):
            share = 100 * row[key] / row["images"]
            axes.barh(k, share, left=start, height=0.78, color=shade, label=word if k == 0 else None)
            if share > 3.5:
                axes.text(start + share / 2, k, str(row[key]), ha="center", va="center", fontsize=6,
                          color="white" if shade in (SHADES[1], SHADES[3]) else "black")  # fmt: skip
            start += share
    axes.set(xlim=(0, 100), xlabel="share of the images, %")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, handlelength=0.9, columnspacing=0.9)


def _errors(axes: Axes, rows: Sequence[Stats], alone: Sequence[Stats]) -> None:
    """Error rates with Wilson's intervals: the observer above, the model below, and the p of the test of pairs."""
    for k, row in enumerate(rows):
        for key, shift, colour in (("first", -0.16, SHADES[1]), ("second", 0.16, SHADES[2])):
            _interval(axes, k + shift, row[f"{key}_error"], row[f"{key}_interval"], colour)
        axes.annotate(_p(row["mcnemar_p"]), (1.02, k), xycoords=("axes fraction", "data"), va="center", fontsize=6)
    for k, row in enumerate(alone, len(rows)):
        _interval(axes, k, row["error"], row["interval"], SHADES[2])
    axes.annotate("p", (1.02, 1.0), xycoords="axes fraction", va="bottom", fontsize=7, fontstyle="italic")
    axes.set(xlabel="error, %")
    axes.set_xlim(left=0)
    axes.set_title("blue: observer, orange: model")


def _interval(axes: Axes, place: float, value: float, interval: Sequence[float], colour: str) -> None:
    spread = 100 * np.maximum([[value - interval[0]], [interval[1] - value]], 0)
    axes.errorbar(100 * value, place, xerr=spread, fmt="o", markersize=2.6, color=colour, elinewidth=0.9)


def _p(value: float) -> str:
    return "< .0001" if value < 1e-4 else f"{value:.4f}".lstrip("0")
