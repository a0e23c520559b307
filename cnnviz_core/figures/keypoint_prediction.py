"""Keypoints found by sliding classifiers, without and with a prior (Long, Zhang and Darrell, table 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.keypoints import (
    Annotated,
    annotated,
    asked_about,
    cutouts,
    eight_bit,
    grid_of,
    map_layers,
    maps_of,
    too_rare,
    unlocatable,
)
from cnnviz_core.lab import Lab
from cnnviz_core.methods.cluster_bootstrap import cluster_interval
from cnnviz_core.methods.features_at import Grid
from cnnviz_core.methods.keypoint_scores import around, detectors, found_at, log_prior, mean_places
from cnnviz_core.methods.keypoint_types import KeypointSet, class_weights
from cnnviz_core.methods.pck import correct, errors

ENOUGH = 20  # images from which on a tendency is judged
METHODS = ("without prior", "with prior", "prior alone", "middle of the box")


@dataclass(frozen=True)
class KeypointPrediction(Figure):
    """PCK of sliding classifiers without and with a prior, of the prior alone, and of the middle of the box."""

    objects: int
    least: int
    margin: float
    layer: str | None
    side: int
    negatives: int
    neighbours: int
    weight: float
    width: float
    folds: int
    shown: int
    alphas: list[float]
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "objects", "least", "side", "negatives", "neighbours", "shown", "batch")
        self.check_at_least(2, "folds")
        self.check_at_least(0, "margin", "weight")
        self.check_share("width")
        if self.side % 2 == 0:
            raise InputError(f"figure.{self.name()}.side={self.side} must be odd: a position is in its middle")
        self.check_shares("alphas")
        if self.layer is not None and not lab.model.layer(self.layer).spatial:
            return f"layer {self.layer} of {lab.model.name} has no maps"
        return unlocatable(lab) or too_rare(lab, annotated(lab, self.objects, self.least), self.folds)

    def compute(self, lab: Lab) -> Result:
        things, rng = annotated(lab, self.objects, self.least), lab.rng(self.name())
        asked, cut = asked_about(things, self.folds), cutouts(lab, things, self.margin)
        assert asked is not None
        layer = map_layers(lab.model, 5)[-1] if self.layer is None else lab.model.layer(self.layer)
        grid, folds = grid_of(lab.model, layer), asked.folds(self.folds, rng)
        outputs = list(maps_of(lab, cut, [layer.name, lab.model.codes_layer], self.batch))
        codes = np.array([each.ravel() for _, each in outputs])
        windows = {t: around(outputs[t][0], self.side) for t in np.unique(asked.thing).tolist()}
        found = {name: np.full((len(asked.kind), 2), np.nan) for name in (*METHODS, "weight 0")}
        for label in lab.track(asked.classes, "sliding classifiers"):
            for fold in np.unique(folds[asked.label == label]):
                members = asked.label == label
                train, test = members & (folds != fold), members & (folds == fold)
                if train.any():
                    self._predict(asked, train, test, cut, windows, codes, grid, rng, found)
        true = np.array([cut[t].places[k] for t, k in zip(asked.thing, asked.kind, strict=True)])
        sides = np.array([cut[t].side for t in asked.thing])
        asked_for = np.isfinite(found["with prior"][:, 0])
        weights = class_weights(asked.label[asked_for])
        right = {
            name: correct(errors(found[name], true, sides)[asked_for], self.alphas).astype(float) for name in METHODS
        }

        def interval(values: np.ndarray) -> list[float]:
            return list(cluster_interval(values, asked.image[asked_for], rng, weights=weights))

        show = self._shown(asked, things)
        arrays: dict[str, np.ndarray] = {}
        for n, t in enumerate(show):
            rows = np.flatnonzero((asked.thing == t) & asked_for)
            arrays |= {f"image {n}": eight_bit(cut[t]), f"true {n}": true[rows]}
            arrays |= {f"{name} {n}": found[name][rows] for name in METHODS[:3]}
        differs = np.abs(found["weight 0"] - found["without prior"])[asked_for]
        labels = asked.label[asked_for]
        return Result(arrays, {
            "images": len(np.unique(asked.image[asked_for])), "points": int(asked_for.sum()), "layer": layer.name,
            "alphas": self.alphas, "classes": [lab.dataset.class_names[label] for label in np.unique(labels)],
            "pck": {name: [float(np.average(each, weights=weights)) for each in right[name]] for name in METHODS},
            "intervals": {name: [interval(each) for each in right[name]] for name in METHODS},
            "by_class": {name: [float(right[name][0][labels == label].mean()) for label in np.unique(labels)]
                         for name in METHODS},
            "shown": [lab.dataset.class_names[things[t].label] for t in show],
            "weight_0_differs": float(differs.max(initial=0)), "side": self.side,
            "prior_helps": interval(right["with prior"][0] - right["without prior"][0]),
            "above_middle": interval(right["without prior"][0] - right["middle of the box"][0]),
            "above_prior_alone": interval(right["with prior"][0] - right["prior alone"][0]),
        })  # fmt: skip

    def _predict(
        self, asked: KeypointSet, train: np.ndarray, test: np.ndarray, cut: Sequence[Any],
        windows: dict[int, np.ndarray], codes: np.ndarray, grid: Grid, rng: np.random.Generator,
        found: dict[str, np.ndarray],
    ) -> None:  # fmt: skip
        """Fills in where the keypoints of `test` are found by what is trained on `train`."""
        kinds = np.unique(asked.kind[train])
        rows, kind_of = self._examples(asked, train, kinds, cut, windows, grid, rng)
        weights, offsets = detectors(rows, kind_of, len(kinds))
        others = np.unique(asked.thing[train])
        places = np.array([np.where(cut[t].seen[kinds, None], cut[t].places[kinds], np.nan) for t in others])
        for t in np.unique(asked.thing[test]):
            scores = windows[t] @ weights + offsets
            near = np.argsort(-_likeness(codes[others], codes[t]), kind="stable")[: self.neighbours]
            prior = log_prior(grid, mean_places(places, near), self.width * cut[t].side)
            middle = np.array([[cut[t].box[0] + cut[t].box[2], cut[t].box[1] + cut[t].box[3]]]) / 2
            guesses = {
                "without prior": found_at(scores, 0 * prior, 1, grid), "weight 0": found_at(scores, prior, 0, grid),
                "with prior": found_at(scores, prior, self.weight, grid),
                "prior alone": found_at(0 * scores, prior, 1, grid),
                "middle of the box": np.repeat(middle, len(kinds), axis=0),
            }  # fmt: skip
            for row in np.flatnonzero(test & (asked.thing == t) & np.isin(asked.kind, kinds)):
                for name, guess in guesses.items():
                    found[name][row] = guess[np.searchsorted(kinds, asked.kind[row])]

    def _examples(
        self, asked: KeypointSet, train: np.ndarray, kinds: np.ndarray, cut: Sequence[Any],
        windows: dict[int, np.ndarray], grid: Grid, rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """Windows at the keypoints and, for each object, some at other positions; and which keypoint (-1: none)."""
        rows, found = [], []
        for t in np.unique(asked.thing[train]):
            mine = asked.kind[train & (asked.thing == t)]
            at = grid.nearest(cut[t].places[mine])
            free = np.ones(grid.shape, dtype=bool)
            free[tuple(at.T)] = False
            other = rng.permutation(np.argwhere(free))[: self.negatives]
            rows += [windows[t][tuple(at.T)], windows[t][tuple(other.T)]]
            found += [np.searchsorted(kinds, mine), np.full(len(other), -1)]
        return np.concatenate(rows).astype(float), np.concatenate(found)

    def _shown(self, asked: KeypointSet, things: Sequence[Annotated]) -> list[int]:
        """The object with most keypoints of each of some classes."""
        counts = np.bincount(asked.thing)
        best = {label: int(max(np.unique(asked.thing[asked.label == label]), key=lambda t: counts[t]))
                for label in asked.classes}  # fmt: skip
        return [
            best[asked.classes[int(k)]] for k in sorted({int(k) for k in np.linspace(0, len(best) - 1, self.shown)})
        ]

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=4.3)
        upper, lower = picture.subfigures(2, 1, squeeze=False, height_ratios=[2.2, 2.1])[:, 0]
        _bars(upper.subplots(), stats)
        panels = lower.subplots(2, len(stats["shown"]), squeeze=False)
        for n, name in enumerate(stats["shown"]):
            for axes, method in zip(panels[:, n], METHODS[:2], strict=True):
                style.show_image(axes, result.arrays[f"image {n}"])
                _dots(axes, result.arrays[f"{method} {n}"], result.arrays[f"true {n}"])
            panels[0, n].set_title(style.short(name, 14), fontsize=7)
        for axes, method in zip(panels[:, 0], METHODS[:2], strict=True):
            axes.set_ylabel(method, fontsize=7)
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{name} {', '.join(format(value, '.0%') for value in stats['pck'][name])}" for name in METHODS
        )
        return (
            f"Bars of the share of keypoints found within {', '.join(f'{alpha:g}' for alpha in stats['alphas'])} of "
            f"the longer side of the box, mean over {len(stats['classes'])} classes: {told}. Below, objects "
            f"({', '.join(stats['shown'])}) with the true places and those found without and with the prior."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, pck, alpha = self.name(), stats["pck"], f"{stats['alphas'][0]:g}"
        few = "" if stats["images"] >= ENOUGH else f"{stats['images']} images are too few to tell"

        def above(which: str, more: str, less: str, text: str, reference: dict[str, float] | None = None) -> Claim:
            measured = {each.replace(" ", "_"): pck[each][0] for each in (more, less)}
            return tendency(f"{name}.{which}", text, measured, stats[which], reference=reference, undecided=few,
                            source="long2014 table 4" if reference else "")  # fmt: skip

        return [
            identity(
                f"{name}.no_prior", "A prior of weight 0 is no prior: all keypoints are found at the same places.",
                stats["weight_0_differs"] == 0, {"largest_difference_in_pixels": stats["weight_0_differs"]},
            ),
            above("prior_helps", "with prior", "without prior",
                  f"The prior from similar objects helps: more keypoints are found within {alpha}.",
                  {"reported_conv5": 0.333, "reported_conv5_with_prior": 0.425}),
            above("above_middle", "without prior", "middle of the box",
                  "The classifiers alone find more than always saying the middle of the box."),
            above("above_prior_alone", "with prior", "prior alone",
                  "Features and prior together find more than the prior alone, which sees nothing but the code."),
        ]  # fmt: skip


def _likeness(codes: np.ndarray, code: np.ndarray) -> np.ndarray:
    """The cosine of each of the codes with one."""
    lengths = np.linalg.norm(codes, axis=1) * np.linalg.norm(code)
    return np.asarray(codes @ code / np.where(lengths > 0, lengths, 1))


def _bars(axes: Axes, stats: Stats) -> None:
    """A group of bars for each tolerance."""
    for n, name in enumerate(METHODS):
        x = np.arange(len(stats["alphas"])) + (n - 1.5) * 0.2
        color = style.COLOURS[(5, 0, 4, 6)[n]]
        axes.bar(x, 100 * np.array(stats["pck"][name]), 0.19, color=color, label=name)
        for place, edges in zip(x, stats["intervals"][name], strict=True):
            axes.plot([place] * 2, [100 * edge for edge in edges], color="black", linewidth=0.9)
    axes.set_xticks(range(len(stats["alphas"])), [f"within {alpha:g}" for alpha in stats["alphas"]])
    axes.set_ylabel("keypoints found, %\nmean over classes")
    axes.grid(axis="y")
    axes.legend(loc="upper right")


def _dots(axes: Axes, found: np.ndarray, true: np.ndarray) -> None:
    """Rings at the true places, dots where they were found."""
    for k, (here, there) in enumerate(zip(found - 0.5, true - 0.5, strict=True)):
        color = style.COLOURS[k % len(style.COLOURS)]
        axes.plot([here[1], there[1]], [here[0], there[0]], color=color, linewidth=0.9)
        axes.plot(there[1], there[0], "o", markersize=5, markerfacecolor="none", markeredgecolor=color)
        axes.plot(here[1], here[0], "o", markersize=2.6, color=color, markeredgecolor="white", markeredgewidth=0.3)
