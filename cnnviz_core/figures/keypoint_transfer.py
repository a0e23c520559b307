"""Keypoints of one object carried onto another by the flow of features (Long, Zhang and Darrell, table 2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from torch.nn import functional as F

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.keypoints import (
    Annotated,
    Cutout,
    annotated,
    cutouts,
    eight_bit,
    grid_of,
    map_layers,
    maps_of,
    unlocatable,
)
from cnnviz_core.lab import Lab
from cnnviz_core.methods.cluster_bootstrap import cluster_interval
from cnnviz_core.methods.feature_flow import carried, flow, unary_costs
from cnnviz_core.methods.features_at import Grid
from cnnviz_core.methods.pck import correct, errors
from cnnviz_core.methods.sift import descriptors

ENOUGH = 20  # pairs from which on a tendency is judged
MANY = 4  # keypoints that a pair in the picture should have
METHODS = ("features", "SIFT", "copy", "random weights")
REPORTED = {"features": (0.249, 0.118, 0.041), "SIFT": (0.247, 0.109, 0.036), "copy": (0.199, 0.078, 0.024)}
"""Mean PCK at 0.1, 0.05 and 0.025, as reported for the paper's table 2: conv4 flow, SIFT flow, copy."""


@dataclass(frozen=True)
class KeypointTransfer(Figure):
    """Pairs of objects of one class: flows of features, of SIFT and of random weights, and a plain copy."""

    objects: int
    least: int
    margin: float
    pairs: int
    shown: int
    layer: str | None
    radius: float
    cells: int
    reach: float
    smoothness: float
    truncation: float
    small: float
    steps: int
    alphas: list[float]
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "objects", "least", "pairs", "shown", "steps", "batch")
        self.check_at_least(2, "cells")
        self.check_at_least(0, "margin", "smoothness", "truncation")
        self.check_share("radius", "reach", "small")
        self.check_shares("alphas")
        if self.layer is not None and not lab.model.layer(self.layer).spatial:
            return f"layer {self.layer} of {lab.model.name} has no maps"
        if reason := unlocatable(lab):
            return reason
        if not _possible(annotated(lab, self.objects, self.least)):
            return f"no two images of {lab.dataset.name} show the same keypoint of the same class"
        return None

    def compute(self, lab: Lab) -> Result:
        things, rng = annotated(lab, self.objects, self.least), lab.rng(self.name())
        cut = cutouts(lab, things, self.margin)
        layer = map_layers(lab.model, 5)[-2:][0] if self.layer is None else lab.model.layer(self.layer)
        found = list(maps_of(lab, cut, [layer.name, lab.model.codes_layer], self.batch))
        pairs = self._pairs(things, np.array([codes.ravel() for _, codes in found]))
        grid, step = _coarser(grid_of(lab.model, layer), self.cells)
        used = sorted({k for pair in pairs for k in pair})
        control = lab.with_model(lab.model.randomised(rng))
        random = maps_of(control, [cut[k] for k in used], [layer.name], self.batch)
        maps = {
            "features": {k: found[k][0][:, ::step, ::step] for k in used},
            "SIFT": {k: self._sift(cut[k], grid) for k in used},
            "random weights": {k: each[0][:, ::step, ::step] for k, each in zip(used, random, strict=True)},
        }
        flows = {name: [self._flow(each[a], each[b]) for a, b in lab.track(pairs, f"flow of {name}")]
                 for name, each in maps.items()}  # fmt: skip
        flows["copy"] = [np.zeros((*grid.shape, 2), dtype=int)] * len(pairs)
        both = [np.flatnonzero(cut[a].seen & cut[b].seen) for a, b in pairs]
        moved = {name: [carried(cut[a].places[kinds], each, grid) for (a, _), kinds, each in
                        zip(pairs, both, flows[name], strict=True)] for name in METHODS}  # fmt: skip
        true = np.concatenate([cut[b].places[kinds] for (_, b), kinds in zip(pairs, both, strict=True)])
        sides = np.repeat([cut[b].side for _, b in pairs], [len(kinds) for kinds in both])
        clusters = np.repeat([things[b].image for _, b in pairs], [len(kinds) for kinds in both])
        off = {name: errors(np.concatenate(moved[name]), true, sides) for name in METHODS}
        right = {name: correct(off[name], self.alphas).astype(float) for name in METHODS}

        def interval(values: np.ndarray) -> list[float]:
            return list(cluster_interval(values, clusters, rng))

        still = [self._flow(maps["features"][a], maps["features"][a]) for a, _ in pairs[: self.shown]]
        counts = np.array([len(kinds) for kinds in both])
        mean = [float(each.mean()) for each in np.split(off["features"], np.cumsum(counts)[:-1])]
        show = self._shown(mean, counts)
        arrays: dict[str, np.ndarray] = {}
        for n, k in enumerate(show):
            found_here = {name: each[k] for name, each in moved.items()}
            drawn = _drawn(cut, pairs[k], both[k], found_here, flows["features"][k], grid)
            arrays |= {f"{what} {n}": array for what, array in drawn.items()}
        return Result(
            arrays,
            {
                "pairs": len(pairs), "points": len(true), "alphas": self.alphas, "layer": layer.name,
                "cells": list(grid.shape), "stride": list(grid.stride),
                "pck": {name: right[name].mean(axis=1).tolist() for name in METHODS},
                "intervals": {name: [interval(each) for each in right[name]] for name in METHODS},
                "shown": [{"class": lab.dataset.class_names[things[pairs[k][0]].label], "points": len(both[k]),
                           "images": [things[a].image for a in pairs[k]],
                           "error": mean[k]} for k in show],
                "moved_onto_itself": float(max(np.abs(each).max() for each in still)),
                "above_copy": interval(right["features"][0] - right["copy"][0]),
                "above_sift": interval(right["features"][0] - right["SIFT"][0]),
                "above_random": interval(right["features"][0] - right["random weights"][0]),
            },
        )  # fmt: skip

    def _pairs(self, things: Sequence[Annotated], codes: np.ndarray) -> list[tuple[int, int]]:
        """Objects spread evenly, each with that of its class in another image whose codes are nearest by angle."""
        length = np.linalg.norm(codes, axis=1, keepdims=True)
        near = (scaled := codes / np.where(length > 0, length, 1)) @ scaled.T
        possible = _possible(things)
        chosen = [
            list(possible)[k] for k in np.linspace(0, len(possible) - 1, min(self.pairs, len(possible))).astype(int)
        ]
        return [(max(possible[b], key=lambda a: near[a, b]), b) for b in chosen]

    def _flow(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        reach = max(round(self.reach * max(source.shape[1:])), 1)
        terms = {"smoothness": self.smoothness, "truncation": self.truncation, "small": self.small}
        return flow(unary_costs(source, target, reach), **terms, steps=self.steps)

    def _sift(self, cut: Cutout, grid: Grid) -> np.ndarray:
        radius = self.radius * min(cut.image.shape[1:])
        found = descriptors(eight_bit(cut), grid.centres().reshape(-1, 2), radius=radius)
        return np.asarray(found.T.reshape(-1, *grid.shape))

    def _shown(self, mean: Sequence[float], counts: np.ndarray) -> list[int]:
        """Pairs with many keypoints, from that whose mean error is least to that where it is largest."""
        many = np.flatnonzero(counts >= min(int(counts.max()), MANY)).tolist()
        order = sorted(many, key=lambda k: mean[k])
        return [order[k] for k in sorted({int(k) for k in np.linspace(0, len(order) - 1, self.shown).round()})]

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        rows = len(stats["shown"])
        picture = style.picture(height=2.2 + 1.5 * rows)
        upper, lower = picture.subfigures(2, 1, squeeze=False, height_ratios=[2.2, 1.5 * rows])[:, 0]
        _bars(upper.subplots(), stats)
        panels = lower.subplots(rows, 5, squeeze=False)
        for n, shown in enumerate(stats["shown"]):
            _row(panels[n], result, n)
            panels[n, 0].set_ylabel(f"{style.short(shown['class'], 14)}\nmean error {shown['error']:.2f}", fontsize=7)
        titles = ("from", "onto: features", "onto: SIFT", "onto: copy", "pulled back\nby features")
        for axes, title in zip(panels[0], titles, strict=True):
            axes.set_title(title, fontsize=7)
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{name} {', '.join(format(value, '.0%') for value in stats['pck'][name])}" for name in stats["pck"]
        )
        shown = ", ".join(shown["class"] for shown in stats["shown"])
        return (
            f"Bars of the share of keypoints carried to within {', '.join(f'{alpha:g}' for alpha in stats['alphas'])} "
            f"of the longer side of the object's box: {told}; {stats['pairs']} pairs. Below, examples ({shown}): the "
            "keypoints of one object carried onto another by the flow of features, that of SIFT and a plain copy."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, pck = self.name(), stats["pck"]
        few = "" if stats["pairs"] >= ENOUGH else f"{stats['pairs']} pairs are too few to tell"
        alpha = f"{stats['alphas'][0]:g}"
        order = np.argsort(stats["alphas"])
        falls = max(float(np.max(-np.diff(np.array(values)[order]), initial=0)) for values in pck.values())

        def above(which: str, other: str, text: str, source: str = "long2014 table 2") -> Claim:
            reference = {f"reported_{key}": REPORTED[key][0] for key in ("features", other) if other in REPORTED}
            return tendency(
                f"{name}.{which}", text, {"features": pck["features"][0], other.replace(" ", "_"): pck[other][0]},
                stats[which], source=source, reference=reference, undecided=few,
            )  # fmt: skip

        return [
            identity(
                f"{name}.onto_itself", "An object carried onto itself stays where it is, with all of its keypoints.",
                stats["moved_onto_itself"] == 0, {"largest_displacement": stats["moved_onto_itself"]},
            ),
            identity(
                f"{name}.monotone", "With more tolerance no fewer keypoints are right.",
                falls <= 0, {"largest_fall": falls},
            ),
            above("above_copy", "copy",
                  f"The flow of `{stats['layer']}` carries more keypoints to within {alpha} than a plain copy."),
            above("above_sift", "SIFT", "The flow of features carries more keypoints there than that of SIFT."),
            above("above_random", "random weights",
                  "The flow of features carries more keypoints there than with random weights.", ""),
        ]  # fmt: skip


def _possible(things: Sequence[Annotated]) -> dict[int, list[int]]:
    """For each object those of its class in other images that share a visible keypoint, where there are any."""
    found = {}
    for b, target in enumerate(things):
        seen = target.points[:, 2] > 0
        others = [a for a, each in enumerate(things) if each.label == target.label and each.image != target.image]
        if alike := [a for a in others if (seen & (things[a].points[:, 2] > 0)).any()]:
            found[b] = alike
    return found


def _coarser(grid: Grid, most: int) -> tuple[Grid, int]:
    """Every so many-th position of a grid, so that there are at most `most` on a side; and how many."""
    step = -(-max(grid.shape) // most)
    shape = (-(-grid.shape[0] // step), -(-grid.shape[1] // step))
    return Grid(shape, grid.start, (grid.stride[0] * step, grid.stride[1] * step)), step


def _drawn(
    cut: Sequence[Cutout], pair: tuple[int, int], kinds: np.ndarray, moved: dict[str, np.ndarray],
    displacements: np.ndarray, grid: Grid,
) -> dict[str, np.ndarray]:  # fmt: skip
    """What is needed to draw a pair."""
    a, b = cut[pair[0]], cut[pair[1]]
    return {
        "from": eight_bit(a), "onto": eight_bit(b), "places": a.places[kinds], "true": b.places[kinds],
        **{name: moved[name] for name in ("features", "SIFT", "copy")},
        "pulled": (_pulled(b.image, displacements, grid) * 255).round().astype(np.uint8),
    }  # fmt: skip


def _pulled(image: torch.Tensor, displacements: np.ndarray, grid: Grid) -> np.ndarray:
    """The image whose pixels come from where the flow takes them."""
    height, width = image.shape[1:]
    pixels = np.stack(np.meshgrid(np.arange(height) + 0.5, np.arange(width) + 0.5, indexing="ij"), axis=-1)
    there = carried(pixels.reshape(-1, 2), displacements, grid).reshape(height, width, 2)
    place = torch.from_numpy(2 * there[..., ::-1] / [width, height] - 1).float()
    found = F.grid_sample(image[None].cpu(), place[None], padding_mode="border", align_corners=False)
    return np.asarray(found[0].numpy())


def _bars(axes: Axes, stats: Stats) -> None:
    """A group of bars for each tolerance."""
    colors = dict(zip(METHODS, (style.COLOURS[k] for k in (0, 4, 6, 5)), strict=True))
    for n, name in enumerate(METHODS):
        x = np.arange(len(stats["alphas"])) + (n - 1.5) * 0.2
        axes.bar(x, 100 * np.array(stats["pck"][name]), 0.19, color=colors[name], label=name)
        for place, edges in zip(x, stats["intervals"][name], strict=True):
            axes.plot([place] * 2, [100 * edge for edge in edges], color="black", linewidth=0.9)
    axes.set_xticks(range(len(stats["alphas"])), [f"within {alpha:g}" for alpha in stats["alphas"]])
    axes.set_ylabel("keypoints carried\nto the right place, %")
    axes.grid(axis="y")
    axes.legend(loc="upper right")


def _row(panels: Sequence[Axes], result: Result, n: int) -> None:
    """One pair: keypoints by color; rings are true places, dots where they were carried to."""
    arrays = {key.rpartition(" ")[0]: value for key, value in result.arrays.items() if key.endswith(f" {n}")}
    style.show_image(panels[0], arrays["from"])
    _dots(panels[0], arrays["places"], arrays["places"])
    for axes, name in zip(panels[1:4], ("features", "SIFT", "copy"), strict=True):
        style.show_image(axes, arrays["onto"])
        _dots(axes, arrays[name], arrays["true"])
    style.show_image(panels[4], arrays["pulled"])
    for axes in panels:
        axes.set(xlim=(-0.5, arrays["from"].shape[2] - 0.5), ylim=(arrays["from"].shape[1] - 0.5, -0.5))


def _dots(axes: Axes, found: np.ndarray, true: np.ndarray) -> None:
    for k, (here, there) in enumerate(zip(found - 0.5, true - 0.5, strict=True)):
        color = style.COLOURS[k % len(style.COLOURS)]
        axes.plot([here[1], there[1]], [here[0], there[0]], color=color, linewidth=0.9)
        axes.plot(there[1], there[0], "o", markersize=5, markerfacecolor="none", markeredgecolor=color)
        axes.plot(here[1], here[0], "o", markersize=2.6, color=color, markeredgecolor="white", markeredgewidth=0.3)
