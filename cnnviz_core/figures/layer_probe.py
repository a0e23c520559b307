"""How well a linear classifier reads the classes from each layer (Zeiler and Fergus, table 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.linear_probe import folds_of, probed
from cnnviz_core.methods.sampling import spread
from cnnviz_core.methods.wilson import wilson_interval
from cnnviz_core.small_images import small_images, task

ENOUGH = 20  # images from which on a tendency is judged


@dataclass(frozen=True)
class LayerProbe(Figure):
    """The accuracy on images that the probe has not seen, by layer, beside that with shuffled labels."""

    images: int
    layers: int
    folds: int
    side: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "layers", "side", "batch")
        self.check_at_least(2, "images", "folds")
        if task(lab, self.images, self.folds) is None:
            return (
                f"a probe is trained on some images of a class and tested on others; {lab.dataset.name} does not have "
                f"two classes or families with at least {self.folds} of the images"
            )
        return None

    def compute(self, lab: Lab) -> Result:
        asked, rng = task(lab, self.images, self.folds), lab.rng(self.name())
        assert asked is not None
        ids, groups, names, what = asked.ids, asked.groups, asked.names, asked.what
        folds = folds_of(groups, self.folds, rng)
        shuffled = _shuffled(groups, folds, rng)
        spaces = {"pixels": small_images(lab, ids, self.side, self.batch), **self._layers(lab, ids)}
        right, rows, unanswered = {}, {}, 0
        for name in lab.track(list(spaces), "probes"):
            answers, by_chance = probed(spaces[name], [groups, shuffled], folds)
            right[name] = answers == groups
            unanswered += int((answers < 0).sum())
            rows[name] = {
                "width": spaces[name].shape[1],
                **_share(right[name]),
                "shuffled": _share(by_chance == shuffled),
            }
        first, codes = list(spaces)[1], lab.model.codes_layer
        return Result(
            {f"right {name}": values for name, values in right.items()},
            {
                "images": len(ids),
                "what": what,
                "groups": len(names),
                "spaces": list(spaces),
                "first": first,
                "codes": codes,
                "folds": self.folds,
                "largest": float(np.bincount(groups).max() / len(groups)),
                "unanswered": unanswered,
                "unbalanced": _unbalanced(folds, groups, self.folds),
                "rows": rows,
                "own": _own(lab, ids, what),
                "enough": len(ids) >= ENOUGH,
                "rise": _difference(right[codes], right[first], rng),
                "above_pixels": _difference(right[codes], right["pixels"], rng),
            },
        )

    def _layers(self, lab: Lab, ids: np.ndarray) -> dict[str, np.ndarray]:
        """The features of some layers in order, those of the codes last; maps are averaged over their places."""
        codes = lab.sweep().codes
        every = list(lab.model.layers)
        names = [name for name in every[: every.index(lab.model.codes_layer)] if name in codes]
        places = spread(range(len(names)), min(self.layers - 1, len(names)))
        chosen = [*(names[k] for k in places), lab.model.codes_layer]
        return {name: np.asarray(codes[name][ids], dtype=float) for name in chosen}

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(width=4.8, height=3.0)
        axes = picture.subplots()
        _line(axes, [stats["rows"][name] for name in stats["spaces"]], style.COLOURS[0], "probe")
        _line(axes, [stats["rows"][name]["shuffled"] for name in stats["spaces"]], style.COLOURS[6], "labels shuffled")
        if stats["own"] is not None:
            axes.axhline(
                stats["own"]["accuracy"], color=style.COLOURS[1], linestyle="dashed", linewidth=0.9,
                label="the network's own answers",
            )  # fmt: skip
        names = [style.short(name, 16) for name in stats["spaces"]]
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
        what = "families" if stats["what"] == "family" else "classes"
        axes.set(ylabel=f"accuracy, {stats['groups']} {what}", ylim=(0, 1.02))
        axes.grid(axis="y")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return picture

    def alt(self, stats: Stats) -> str:
        told = ", ".join(f"{name} {stats['rows'][name]['accuracy']:.0%}" for name in stats["spaces"])
        chance = stats["rows"][stats["codes"]]["shuffled"]["accuracy"]
        return (
            f"Accuracy of a linear classifier on the features of each layer, on images that it was not trained on: "
            f"{told}; {chance:.0%} on the last with shuffled labels. {stats['images']} images of {stats['groups']} "
            f"{'families' if stats['what'] == 'family' else 'classes'}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, rows = self.name(), stats["rows"]
        few = "" if stats["enough"] else f"{stats['images']} images are too few to tell"
        measured = {key: rows[space]["accuracy"] for key, space in
                    (("first_layer", stats["first"]), ("codes", stats["codes"]), ("pixels", "pixels"))}  # fmt: skip
        measured["codes_with_shuffled_labels"] = rows[stats["codes"]]["shuffled"]["accuracy"]
        only = stats["first"] == stats["codes"]
        return [
            identity(
                f"{name}.held_out",
                f"Every image is answered, by a probe of the other {stats['folds'] - 1} of {stats['folds']} parts, and "
                "no part has more than one image of a class more than another.",
                stats["unanswered"] == 0 and stats["unbalanced"] <= 1,
                {"unanswered": stats["unanswered"], "largest_difference_of_parts": stats["unbalanced"]},
            ),
            tendency(
                f"{name}.rises",
                f"The probe reads the {'families' if stats['what'] == 'family' else 'classes'} better from the last "
                f"layer (`{stats['codes']}`) than from the first measured (`{stats['first']}`).",
                measured,
                stats["rise"],
                source="zeiler2014 table 7",
                reference={"Caltech-101,_layer_1": 0.448, "Caltech-101,_layer_7": 0.855},
                undecided="there is one layer only" if only else few,
            ),
            tendency(
                f"{name}.above_pixels",
                "The probe reads them better from the codes than from the pixels.",
                {key: measured[key] for key in ("codes", "pixels")},
                stats["above_pixels"],
                source="",
                undecided=few,
            ),
        ]


def _shuffled(groups: np.ndarray, folds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The groups in another order, shuffled inside of each fold.

    Over all images the group that has fewer in one part has more in the others, and a probe would do worse than chance.
    """
    found = groups.copy()
    for fold in np.unique(folds):
        found[folds == fold] = rng.permutation(groups[folds == fold])
    return found


def _share(right: np.ndarray) -> dict[str, Any]:
    interval = wilson_interval(int(right.sum()), len(right))
    return {"accuracy": float(right.mean()), "interval": list(interval)}


def _difference(more: np.ndarray, less: np.ndarray, rng: np.random.Generator) -> list[float]:
    return list(mean_interval(more.astype(float) - less.astype(float), rng))


def _unbalanced(folds: np.ndarray, groups: np.ndarray, count: int) -> int:
    """The largest difference between folds in their number of images of one group."""
    return max(int(np.ptp(np.bincount(folds[groups == group], minlength=count))) for group in np.unique(groups))


def _own(lab: Lab, ids: np.ndarray, what: str) -> dict[str, Any] | None:
    """The accuracy of the network itself on these images, where it has the classes."""
    if lab.targets is None or what != "class":
        return None
    return _share(np.asarray(lab.sweep().logits[ids]).argmax(axis=1) == lab.targets[ids])


def _line(axes: Any, rows: Sequence[dict[str, Any]], colour: str, label: str) -> None:
    """Dots with intervals, joined from the first layer on."""
    means = [row["accuracy"] for row in rows]
    for place, row in enumerate(rows):
        axes.plot([place] * 2, row["interval"], color=colour)
    axes.plot(range(1, len(rows)), means[1:], "o-", color=colour, markersize=4, linewidth=0.7, label=label)
    axes.plot(0, means[0], "o", color=colour, markersize=4, markerfacecolor="white")
