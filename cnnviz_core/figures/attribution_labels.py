"""Which maps change when the network is taught wrong labels (Adebayo et al. 2018, section 4)."""

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.attributions import TITLES, Constants, attributions, magnitude, possible
from cnnviz_core.methods.bootstrap import mean_interval, mean_told
from cnnviz_core.methods.map_agreement import agreement, empty, unit_ranks
from cnnviz_core.methods.memorise import Lesson, memorise, permutation
from cnnviz_core.methods.relu_rules import undefined
from cnnviz_core.network import Model

BRIGHTEST = 0.99  # quantile of a map's own pixels that is white
ENOUGH = 6  # images from which on a method is judged
SHOWN = 2  # images in the picture
PUPILS = {"permuted": "permuted labels", "true": "true labels", "again": "true labels again"}
"""The networks that are taught, in this order, and what."""


@dataclass(frozen=True)
class AttributionLabels(Figure):
    """Maps by three networks with the same first weights: two were taught the true labels, one permuted ones."""

    start: str
    images: int
    images_measured: int
    passes: int
    enough: float
    rate: float
    batch: int
    noise: float
    samples: int
    integration: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images_measured", "passes", "batch", "samples", "integration")
        self.check_at_least(2, "images")
        self.check_share("enough", "noise", "rate")
        if self.start not in ("trained", "random"):
            raise InputError(f"figure.{self.name()}.start={self.start} must be trained or random")
        ids = lab.spread(self.images)
        if len(set(lab.dataset.labels[ids].tolist())) > 1:
            return None
        return f"the {len(ids)} images of {lab.dataset.name} that would be taught share one label; nothing to permute"

    def compute(self, lab: Lab) -> Result:
        rng, model, ids = lab.rng(self.name()), lab.model, lab.spread(self.images)
        labels = lab.dataset.labels[ids]
        permuted = labels[permutation(labels, rng)]
        measured = np.flatnonzero(permuted != labels)[: self.images_measured]
        pixels = lab.pixels(ids)
        why = undefined(model, pixels[:1], "guided")
        names = possible(list(TITLES), ruled=why is None, maps=model.last_maps is not None)
        start = model.randomised(rng, above=model.layer(model.codes_layer) if self.start == "trained" else None)
        noise, maps = int(rng.integers(2**63)), []
        lessons: dict[str, Lesson] = {}
        for pupil in lab.track(list(PUPILS), "teaching labels"):
            wanted = _outputs(lab, permuted if pupil == "permuted" else labels)
            taught, lessons[pupil] = self._taught(start, pixels, wanted, rng, lessons)
            maps.append(self._maps(taught, pixels[measured], wanted[measured], names, noise))
        found, told = np.stack(maps), lab.dataset.class_names  # (pupils, methods, n, h, w)
        shown = measured[:SHOWN]
        return Result(
            {
                "images": (pixels[shown] * 255).round().byte().cpu().numpy(),
                "maps": found[:, :, : len(shown)].astype(np.float32),
            },
            {
                "start": self.start,
                "from": model.codes_layer,
                "taught": len(ids),
                "labels": len(set(labels.tolist())),
                "changed": int((permuted != labels).sum()),
                "same_counts": bool((np.sort(labels) == np.sort(permuted)).all()),
                "measured": len(measured),
                "lessons": {pupil: asdict(lesson) for pupil, lesson in lessons.items()},
                "learned": all(lesson.accuracy >= self.enough for lesson in lessons.values()),
                "examples": [
                    {"index": int(ids[k]), "true": told[labels[k]], "permuted": told[permuted[k]]} for k in shown
                ],
                "methods": list(names),
                "undefined": why,
                "layer": None if model.last_maps is None else model.last_maps.name,
                "rows": _compared(found, names, rng),
            },
        )

    def _taught(
        self, start: Model, pixels: Tensor, labels: np.ndarray, rng: np.random.Generator, before: dict[str, Lesson]
    ) -> tuple[Model, Lesson]:
        """A copy that learned the labels; the first until it knows all, and the others as long as the first did.

        Where the training diverged it is what it was at the start. A pass has two batches or more: in a single one the
        order of the images would change nothing.
        """
        pupil = replace(start, net=copy.deepcopy(start.net))
        lesson = memorise(
            pupil.net, lambda chosen: start.normalise(pixels[chosen]), labels, rng, rate=self.rate,
            batch=min(self.batch, (len(labels) + 1) // 2),
            passes=before["permuted"].passes if before else self.passes, enough=None if before else 1.0,
        )  # fmt: skip
        return (start if lesson.diverged else pupil), lesson

    def _maps(self, model: Model, pixels: Tensor, outputs: np.ndarray, names: Sequence[str], noise: int) -> np.ndarray:
        """The maps (methods, n, h, w) of the labels that this network was taught."""
        constants = Constants(
            baseline=torch.tensor(model.mean), layer=None if model.last_maps is None else model.last_maps.name,
            averaged=None if model.averaged is None else model.averaged.name,
            samples=self.samples, noise=self.noise, steps=self.integration,
        )  # fmt: skip
        rng, parts = np.random.default_rng(noise), []
        for start in range(0, len(pixels), self.batch):
            chunk = slice(start, start + self.batch)
            wanted = torch.from_numpy(outputs[chunk]).to(pixels.device)
            found = attributions(model, pixels[chunk], wanted, names, constants, rng)
            parts.append(np.stack([magnitude(name, found[name]).double().cpu().numpy() for name in names]))
        return np.concatenate(parts, axis=1)

    def draw(self, result: Result) -> Picture:
        stats, maps = result.stats, result.arrays["maps"]
        rows, groups = len(stats["methods"]), len(stats["examples"])
        picture = style.picture(height=0.56 * (rows + 1) + 0.75)
        left, right = np.asarray(picture.subfigures(1, 2, width_ratios=[0.9 + 0.58 * 3 * groups, 2.1]))
        panels = left.subplots(rows + 1, 3 * groups, squeeze=False, gridspec_kw={"wspace": 0.02, "hspace": 0.02})
        for axes in panels[0]:
            axes.set_axis_off()
        for group, example in enumerate(stats["examples"]):
            style.show_image(panels[0, 3 * group + 1], result.arrays["images"][group])
            true, permuted = (style.short(example[key], 11) for key in ("true", "permuted"))
            titles = f"taught:\n{true}", f"again:\n{true}", f"permuted:\n{permuted}"
            for row in range(rows):
                for column, pupil in enumerate((1, 2, 0)):
                    _map(panels[row + 1, 3 * group + column], maps[pupil, row, group], "" if row else titles[column])
        for row, name in enumerate(stats["methods"]):
            label = TITLES[name].replace(" ", "\n", 1)
            panels[row + 1, 0].set_ylabel(label, fontsize=6.5, rotation=0, ha="right", va="center")
        _dots(right.subplots(), stats)
        return picture

    def alt(self, stats: Stats) -> str:
        numbers = "; ".join(
            f"{row['title']} {row['same']['mean']:.2f} and {row['other']['mean']:.2f}"
            for row in stats["rows"].values()
            if "same" in row
        )
        return (
            f"{len(stats['examples'])} images, and a row of maps for each of {len(stats['methods'])} methods by a "
            f"network that was taught the true labels of {stats['taught']} images, by a second one, and by one that "
            f"was taught permuted labels. Dots with intervals show how alike the maps of {stats['measured']} images "
            f"are. Rank correlation with the same and with other labels: {numbers or 'none'}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        text = "The permuted labels are the true ones in another order: each is given to as many images as before."
        changed = {"images_with_another_label": stats["changed"]}
        return [
            identity(f"{self.name()}.same_counts", text, stats["same_counts"] and stats["changed"] > 0, changed),
            *(self._verdict(name, stats) for name in stats["methods"]),
        ]

    def _verdict(self, name: str, stats: Stats) -> Claim:
        row = stats["rows"][name]
        title = row["title"][0].upper() + row["title"][1:]
        text = (
            f"{title}: its maps depend on the labels. Those of two networks that were taught the same labels "
            "are more alike than those of two that were taught different ones."
        )
        why = _untaught(stats, self.enough)
        if not why and row["maps"] < ENOUGH:
            why = f"{row['maps']} images are too few to tell"
            if row["empty"]:
                why = f"for {row['empty']} of the {stats['measured']} images a map is empty"
        if "same" not in row:
            return tendency(f"{self.name()}.{name}", text, {}, [0, 0], source="", undecided=why)
        numbers = {"with_the_same_labels": row["same"]["mean"], "with_other_labels": row["other"]["mean"]}
        return tendency(f"{self.name()}.{name}", text, numbers, row["difference"]["interval"], source="", undecided=why)


def _outputs(lab: Lab, labels: np.ndarray) -> np.ndarray:
    """The output that is to say each label: its class's own, or where the model has none such, one after another.

    What an output meant before does not matter, since its weights are drawn anew.
    """
    outputs = lab.outputs or tuple(range(len(lab.model.classes)))
    return np.array([outputs[label % len(outputs)] for label in labels])


def _untaught(stats: Stats, enough: float) -> str:
    """Why networks that did not learn their labels decide nothing, or nothing."""
    for pupil, lesson in stats["lessons"].items():
        if lesson["diverged"]:
            return f"the training on {PUPILS[pupil]} diverged"
        if lesson["accuracy"] < enough:
            return f"the network did not learn the {PUPILS[pupil]} (accuracy {lesson['accuracy']:.2f})"
    return ""


def _compared(maps: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> dict[str, Any]:
    """Of each method how alike its maps are, by networks with the same labels and with other ones."""
    rows: dict[str, Any] = {}
    others: dict[str, np.ndarray] = {}
    for m, name in enumerate(names):
        permuted, true, again = (unit_ranks(kind[m]) for kind in maps)
        told = ~(empty(permuted) | empty(true) | empty(again))
        rows[name] = {"title": TITLES[name], "maps": int(told.sum()), "empty": int((~told).sum())}
        rows[name]["against_gradient"] = "untested"
        if told.sum() < 2:
            continue
        same = agreement(true, again)
        others[name] = np.where(told, (agreement(true, permuted) + agreement(again, permuted)) / 2, np.nan)
        rows[name] |= {
            "same": mean_told(same[told], rng),
            "other": mean_told(others[name][told], rng),
            "difference": mean_told((same - others[name])[told], rng),
        }
        if "gradient" in others:
            rows[name]["against_gradient"] = _against(others[name] - others["gradient"], rng)
    return rows


def _against(difference: np.ndarray, rng: np.random.Generator) -> str:
    """Whether more outlives other labels than of the gradient's maps: more, not more, unclear, or untested."""
    told = difference[~np.isnan(difference)]
    if len(told) < ENOUGH:
        return "untested"
    low, high = mean_interval(told, rng)
    return "more" if low > 0 else "not more" if high < 0 else "unclear"


def _map(axes: Axes, values: np.ndarray, title: str) -> None:
    high = max(float(np.quantile(values, BRIGHTEST)), 1e-30)
    style.heat(axes, values, low=0, high=high, map=style.GREY, bar=False)
    if not values.any():
        axes.text(0.5, 0.5, "empty", color="white", fontsize=6.5, ha="center", transform=axes.transAxes)
    if title:
        axes.set_title(title, fontsize=6)


def _dots(axes: Axes, stats: Stats) -> None:
    for k, (key, label) in enumerate({"same": "the same labels", "other": "permuted labels"}.items()):
        told = [(place, row[key]) for place, row in enumerate(stats["rows"].values()) if key in row]
        middle = np.array([number["mean"] for _, number in told])
        errors = np.abs(np.array([number["interval"] for _, number in told]).reshape(-1, 2).T - middle)
        axes.errorbar(
            middle, [place + 0.24 * k - 0.12 for place, _ in told], xerr=errors, fmt="o", markersize=3.5,
            elinewidth=0.9, color=style.COLOURS[k], label=label,
        )  # fmt: skip
    axes.set_yticks(range(len(stats["rows"])), [row["title"] for row in stats["rows"].values()], fontsize=6.5)
    axes.set(xlabel="rank correlation", ylim=(len(stats["rows"]) - 0.5, -0.5))
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), fontsize=6.5, title="maps of networks taught",
                title_fontsize=6.5)  # fmt: skip
