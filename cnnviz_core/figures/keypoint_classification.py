"""Whether the feature at a keypoint tells which keypoint it is (Long, Zhang and Darrell, table 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.keypoints import (
    annotated,
    asked_about,
    columns_of,
    cutouts,
    map_layers,
    sift_of,
    too_rare,
    unlocatable,
)
from cnnviz_core.lab import Lab
from cnnviz_core.methods.cluster_bootstrap import cluster_interval
from cnnviz_core.methods.keypoint_types import KeypointSet, answers, class_weights

ENOUGH = 20  # images from which on a tendency is judged


@dataclass(frozen=True)
class KeypointClassification(Figure):
    """Accuracy of linear classifiers of the keypoints of each class, by layer, beside SIFT of several sizes."""

    objects: int
    least: int
    margin: float
    layers: int
    radii: list[float]
    folds: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "objects", "least", "layers", "batch")
        self.check_at_least(2, "folds")
        self.check_at_least(0, "margin")
        self.check_shares("radii")
        return unlocatable(lab) or too_rare(lab, annotated(lab, self.objects, self.least), self.folds)

    def compute(self, lab: Lab) -> Result:
        things, rng = annotated(lab, self.objects, self.least), lab.rng(self.name())
        asked, cut = asked_about(things, self.folds), cutouts(lab, things, self.margin)
        assert asked is not None
        folds = asked.folds(self.folds, rng)
        shuffled, weights = asked.shuffled(folds, rng), class_weights(asked.label)
        places = [each.places[asked.kind[asked.thing == t]] for t, each in enumerate(cut)]
        layers = columns_of(lab, cut, places, map_layers(lab.model, self.layers), self.batch)
        radii = [float(share * min(lab.model.size)) for share in self.radii]
        sifts = dict(zip([f"SIFT {radius:.3g}" for radius in radii], sift_of(cut, places, radii), strict=True))
        spaces = {**layers, **sifts}
        right: dict[str, np.ndarray] = {}
        by_chance: dict[str, np.ndarray] = {}
        for name in lab.track(list(spaces), "classifiers of keypoints"):
            said, said_by_chance = answers(spaces[name], asked, [asked.kind, shuffled], folds)
            right[name] = (said == asked.kind).astype(float)
            by_chance[name] = (said_by_chance == shuffled).astype(float)
        best, sift = (_best(right, list(group), weights) for group in (layers, sifts))
        control = lab.with_model(lab.model.randomised(rng))
        columns = columns_of(control, cut, places, [control.model.layer(best)], self.batch)[best]
        random = np.asarray(answers(columns, asked, [asked.kind], folds)[0] == asked.kind, dtype=float)

        def above(more: np.ndarray, less: np.ndarray) -> list[float]:
            return list(cluster_interval(more - less, asked.image, rng, weights=weights))

        names = list(layers)
        half = max(len(names) // 2, 1)
        deep, shallow = (np.mean([right[name] for name in part], axis=0) for part in (names[-half:], names[:half]))
        worst = min(names[1:] or names, key=lambda name: float(np.average(right[name], weights=weights)))
        rows = {name: {
            "accuracy": float(np.average(right[name], weights=weights)),
            "interval": list(cluster_interval(right[name], asked.image, rng, weights=weights)),
            "shuffled": float(np.average(by_chance[name], weights=weights)),
            "classes": [float(right[name][asked.label == label].mean()) for label in asked.classes],
        } for name in spaces}  # fmt: skip
        return Result({}, {
            "objects": len(things), "images": len(np.unique(asked.image)), "points": len(asked.kind),
            "classes": [lab.dataset.class_names[label] for label in asked.classes],
            "kinds": [asked.kinds(label) for label in asked.classes], "chances": asked.chances().tolist(),
            "chance": float(asked.chances().mean()), "layers": names, "spaces": list(spaces), "rows": rows,
            "radii": radii, "best": best, "sift": sift, "first": names[0], "worst_of_others": worst,
            "folds": self.folds, "both_sides": _both_sides(asked, folds),
            "random": float(np.average(random, weights=weights)),
            "first_worst": above(right[worst], right[names[0]]), "deep_above_shallow": above(deep, shallow),
            "above_sift": above(right[best], right[sift]), "above_random": above(right[best], random),
            "above_shuffled": above(right[best], by_chance[best]),
        })  # fmt: skip

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=2.6 + 0.16 * len(stats["classes"]))
        heights = [2.4, 0.35 + 0.16 * len(stats["classes"])]
        upper, lower = picture.subplots(2, 1, height_ratios=heights)
        _lines(upper, stats)
        _table(lower, stats)
        return picture

    def alt(self, stats: Stats) -> str:
        told = ", ".join(f"{name} {stats['rows'][name]['accuracy']:.0%}" for name in stats["spaces"])
        return (
            f"How often a linear classifier says rightly which keypoint of its class is at a place, mean over "
            f"{len(stats['classes'])} classes: {told}; {stats['rows'][stats['best']]['shuffled']:.0%} with shuffled "
            f"labels on the best layer, {stats['random']:.0%} with random weights, {stats['chance']:.0%} for always "
            f"answering the most frequent one. {stats['points']} keypoints of {stats['images']} images."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, rows, many = self.name(), stats["rows"], len(stats["layers"]) > 1
        few = "" if stats["images"] >= ENOUGH else f"{stats['images']} images are too few to tell"
        best, first, sift = (rows[stats[key]]["accuracy"] for key in ("best", "first", "sift"))
        only = few or ("" if many else "there is one layer of maps only")
        return [
            identity(
                f"{name}.held_out", "No image has keypoints among those trained on and those asked about.",
                stats["both_sides"] == 0, {"images_on_both_sides": stats["both_sides"]},
            ),
            tendency(
                f"{name}.above_shuffled",
                f"The features of `{stats['best']}` say more about keypoints than with shuffled labels.",
                {"accuracy": best, "with_shuffled_labels": rows[stats["best"]]["shuffled"], "chance": stats["chance"]},
                stats["above_shuffled"], source="", undecided=few,
            ),
            tendency(
                f"{name}.first_worst",
                f"The first layer (`{stats['first']}`) says least: less than the least telling of the others "
                f"(`{stats['worst_of_others']}`).",
                {"first": first, "worst_of_others": rows[stats["worst_of_others"]]["accuracy"]},
                stats["first_worst"], source="long2014 table 3",
                reference={"reported_conv1": 0.20, "reported_conv2": 0.47}, undecided=only,
            ),
            tendency(
                f"{name}.deep_above_shallow", "The deeper half of the layers says more than the shallower half.",
                {layer: rows[layer]["accuracy"] for layer in stats["layers"]},
                stats["deep_above_shallow"], source="long2014 table 3",
                reference={"reported_conv1": 0.20, "reported_conv4": 0.56, "reported_conv5": 0.54}, undecided=only,
            ),
            tendency(
                f"{name}.above_sift", f"The best layer (`{stats['best']}`) says more than the best {stats['sift']}.",
                {"best_layer": best, "best_SIFT": sift}, stats["above_sift"], source="long2014 table 3",
                reference={"reported_conv4": 0.56, "reported_SIFT": 0.51}, undecided=few,
            ),
            tendency(
                f"{name}.above_random", f"`{stats['best']}` says more than it does with random weights.",
                {"trained": best, "random_weights": stats["random"]}, stats["above_random"], source="",
                undecided=few,
            ),
        ]  # fmt: skip


def _best(right: Mapping[str, np.ndarray], names: Sequence[str], weights: np.ndarray) -> str:
    return max(names, key=lambda name: float(np.average(right[name], weights=weights)))


def _both_sides(asked: KeypointSet, folds: np.ndarray) -> int:
    """Images whose keypoints are in more than one part, and keypoints in none."""
    split = sum(len(np.unique(folds[asked.image == image])) > 1 for image in np.unique(asked.image))
    return int(split + (folds < 0).sum())


def _lines(axes: Axes, stats: Stats) -> None:
    """Means over classes with their intervals."""
    for place, name in enumerate(stats["spaces"]):
        row, layer = stats["rows"][name], name in stats["layers"]
        color = style.COLOURS[0 if layer else 4]
        axes.bar(place, 100 * row["accuracy"], 0.72, color=color)
        axes.plot([place] * 2, [100 * edge for edge in row["interval"]], color="black", linewidth=0.9)
        axes.plot([place - 0.36, place + 0.36], [100 * row["shuffled"]] * 2, color=style.COLOURS[1], linewidth=1.3)
    best = stats["spaces"].index(stats["best"])
    axes.plot(
        [best - 0.36, best + 0.36], [100 * stats["random"]] * 2, color="white", linewidth=1.5, linestyle=(0, (1, 1))
    )
    axes.axhline(100 * stats["chance"], color=style.COLOURS[6], linewidth=0.9, linestyle="dashed")
    axes.set_xticks(range(len(stats["spaces"])), [style.short(name, 14) for name in stats["spaces"]])
    axes.set_ylabel("right keypoint, %\nmean over classes")
    axes.grid(axis="y")
    handles = [
        Patch(color=style.COLOURS[0], label="layer"),
        Patch(color=style.COLOURS[4], label="SIFT, radius"),
        Line2D([], [], color=style.COLOURS[6], linewidth=1.5, linestyle=(0, (1, 1)), label="random weights"),
        Line2D([], [], color=style.COLOURS[1], label="labels shuffled"),
        Line2D([], [], color=style.COLOURS[6], linestyle="dashed", linewidth=0.9, label="always the most frequent"),
    ]
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, columnspacing=1.0)


def _table(axes: Axes, stats: Stats) -> None:
    """The accuracy on each class, in numbers and in color; the best of each class is bold."""
    values = 100 * np.array([stats["rows"][name]["classes"] for name in stats["spaces"]]).T
    style.heat(axes, values, low=0, high=100, bar=False)
    axes.set_aspect("auto")
    for (row, column), value in np.ndenumerate(values):
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=6,
                  color="white" if value < 60 else "black",
                  fontweight="bold" if value == values[row].max() else "normal")  # fmt: skip
    names = [f"{style.short(name, 16)} ({kinds})" for name, kinds in zip(stats["classes"], stats["kinds"], strict=True)]
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(range(len(stats["spaces"])), [style.short(name, 14) for name in stats["spaces"]])
    axes.tick_params(length=0)
    axes.set_title("right keypoint, %, of each class (and how many keypoints it has)")
