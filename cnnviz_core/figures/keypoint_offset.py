"""How exactly a feature knows its place: keypoints are asked about from beside them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.keypoints import (
    annotated,
    asked_about,
    columns_of,
    cutouts,
    grid_of,
    map_layers,
    sift_of,
    too_rare,
    unlocatable,
)
from cnnviz_core.lab import Lab
from cnnviz_core.methods.cluster_bootstrap import cluster_interval
from cnnviz_core.methods.keypoint_types import KeypointSet, answers, class_weights
from cnnviz_core.methods.moved import moved

ENOUGH = 20  # images from which on a tendency is judged


@dataclass(frozen=True)
class KeypointOffset(Figure):
    """Accuracy of classifiers trained at the keypoints and asked at a distance from them, by layer and for SIFT."""

    objects: int
    least: int
    margin: float
    layers: int
    radius: float
    offsets: list[float]
    folds: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "objects", "least", "layers", "batch")
        self.check_at_least(2, "folds")
        self.check_at_least(0, "margin")
        self.check_share("radius")
        increasing = all(a < b for a, b in pairwise([0.0, *self.offsets]))
        if not self.offsets or not increasing or self.offsets[-1] > 1:
            raise InputError(
                f"figure.{self.name()}.offsets={self.offsets} must be increasing shares above 0 and at most 1"
            )
        return unlocatable(lab) or too_rare(lab, annotated(lab, self.objects, self.least), self.folds)

    def compute(self, lab: Lab) -> Result:
        things, rng = annotated(lab, self.objects, self.least), lab.rng(self.name())
        asked, cut = asked_about(things, self.folds), cutouts(lab, things, self.margin)
        assert asked is not None
        folds, weights, side = asked.folds(self.folds, rng), class_weights(asked.label), min(lab.model.size)
        distances = [0.0, *(share * side for share in self.offsets)]
        angles = rng.uniform(0, 2 * np.pi, len(asked.kind))
        places = []
        for t, each in enumerate(cut):
            here, direction = each.places[asked.kind[asked.thing == t]], angles[asked.thing == t]
            places.append(np.concatenate([moved(here, distance, direction) for distance in distances]))
        layers = map_layers(lab.model, self.layers)
        features = columns_of(lab, cut, places, layers, self.batch)
        features[f"SIFT {self.radius * side:.3g}"] = sift_of(cut, places, [self.radius * side])[0]
        order = _by_distance(asked, len(distances))
        right, conflicts = {}, 0
        for name in lab.track(list(features), "classifiers of keypoints"):
            variants = [features[name][rows] for rows in order]
            said = answers(variants[0], asked, [asked.kind] * len(variants), folds, elsewhere=variants)
            right[name] = np.array([each == asked.kind for each in said], dtype=float)
            same = [(variant == variants[0]).all(axis=1) for variant in variants]
            conflicts += sum(
                int((unchanged & (each != said[0])).sum()) for unchanged, each in zip(same, said, strict=True)
            )
        accuracy = {name: (values @ weights / weights.sum()).tolist() for name, values in right.items()}
        names = [layer.name for layer in layers]
        best = max(names, key=lambda name: accuracy[name][0])
        stride = float(max(grid_of(lab.model, layers[names.index(best)]).stride))
        below = [k for k, distance in enumerate(distances) if distance < stride]

        def interval(values: np.ndarray) -> list[float]:
            return list(cluster_interval(values, asked.image, rng, weights=weights))

        trend = None
        if len(below) > 1:
            slopes = np.polynomial.polynomial.polyfit(distances[: len(below)], right[best][below], 1)[1]
            trend = slopes.round(12)
        return Result({}, {
            "images": len(np.unique(asked.image)), "points": len(asked.kind), "classes": len(asked.classes),
            "offsets": distances, "layers": names, "spaces": list(features), "accuracy": accuracy,
            "intervals": {name: [interval(each) for each in values] for name, values in right.items()},
            "strides": {layer.name: float(max(grid_of(lab.model, layer).stride)) for layer in layers},
            "best": best, "stride": stride, "below": len(below), "chance": float(asked.chances().mean()),
            "slope": None if trend is None else float(np.average(trend, weights=weights)),
            "falls_below_stride": [0.0, 0.0] if trend is None else interval(-trend),
            "falls": interval(right[best][0] - right[best][-1]), "folds": self.folds,
            "conflicts": conflicts,
        })  # fmt: skip

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(width=5.2, height=3.0)
        axes = picture.subplots()
        colors = [*style.by_depth(len(stats["layers"])), style.COLOURS[4]]
        for shift, (name, color) in enumerate(zip(stats["spaces"], colors, strict=True)):
            x = np.array(stats["offsets"]) + (shift - len(colors) / 2) * 0.006 * stats["offsets"][-1]
            values, (low, high) = 100 * np.array(stats["accuracy"][name]), 100 * np.array(stats["intervals"][name]).T
            label = f"{name}, stride {stats['strides'][name]:g}" if name in stats["strides"] else f"{name} (radius)"
            axes.errorbar(x, values, [np.maximum(values - low, 0), np.maximum(high - values, 0)], fmt="o-", color=color,
                          markersize=3, linewidth=1, elinewidth=0.6, label=label)  # fmt: skip
        axes.axhline(100 * stats["chance"], color=style.COLOURS[6], linestyle="dashed", linewidth=0.9,
                     label="always the most frequent")  # fmt: skip
        axes.axvline(stats["stride"], color=style.COLOURS[6], linestyle="dotted", linewidth=0.9)
        axes.annotate(f"stride of {stats['best']}", (stats["stride"], 1), xycoords=("data", "axes fraction"),
                      xytext=(3, -2), textcoords="offset points", va="top", fontsize=7)  # fmt: skip
        axes.set(xlabel="distance from the keypoint, pixels", ylabel="right keypoint, %\nmean over classes")
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{name} {', '.join(format(value, '.0%') for value in stats['accuracy'][name])}" for name in stats["spaces"]
        )
        where = ", ".join(f"{distance:.3g}" for distance in stats["offsets"])
        return (
            f"How often the keypoint is told rightly from the feature at a distance of {where} pixels from it: {told}. "
            f"{stats['points']} keypoints of {stats['images']} images; {stats['chance']:.0%} by chance."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, best = self.name(), stats["accuracy"][stats["best"]]
        few = "" if stats["images"] >= ENOUGH else f"{stats['images']} images are too few to tell"
        short = "" if stats["below"] > 1 else f"no distance is below the stride of {stats['stride']:g} pixels"
        measured = {"at_the_keypoint": best[0], "last_below_the_stride": best[stats["below"] - 1]}
        if stats["slope"] is not None:
            measured["slope_per_pixel"] = stats["slope"]
        return [
            identity(
                f"{name}.same_column", "Where the nearest column of a layer stays the same, so does the answer.",
                stats["conflicts"] == 0, {"other_answers": stats["conflicts"]},
            ),
            tendency(
                f"{name}.falls_below_stride",
                f"`{stats['best']}` knows its place more finely than its stride of {stats['stride']:g} pixels: already "
                "within the stride, accuracy falls with the distance.",
                measured, stats["falls_below_stride"], source="long2014", undecided=few or short,
            ),
            tendency(
                f"{name}.falls",
                f"At {stats['offsets'][-1]:.3g} pixels from the keypoint `{stats['best']}` says less than at it.",
                {"at_the_keypoint": best[0], "farthest": best[-1]}, stats["falls"], source="", undecided=few,
            ),
        ]  # fmt: skip


def _by_distance(asked: KeypointSet, count: int) -> list[np.ndarray]:
    """For each distance the rows of its features: those of an object follow each other, distance after distance."""
    sizes = np.bincount(asked.thing, minlength=int(asked.thing.max()) + 1)
    starts = np.concatenate([[0], np.cumsum(sizes * count)[:-1]])
    within = np.concatenate([np.arange(size) for size in sizes])
    return [starts[asked.thing] + k * sizes[asked.thing] + within for k in range(count)]
