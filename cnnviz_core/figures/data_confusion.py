"""How often the model is right, in which classes, what it takes for what, and the mistakes of which it is surest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.calibration import by_sureness
from cnnviz_core.methods.confusion import (
    by_chance,
    confused_pairs,
    confusion_counts,
    places,
    similar_order,
    within_by_chance,
)
from cnnviz_core.methods.wilson import wilson_interval

ENOUGH = 10  # mistakes from which on their families are compared with chance
ACROSS = 6  # images side by side in the strip of mistakes


@dataclass(frozen=True)
class DataConfusion(Figure):
    """Accuracy by class, the confusion matrix or the most confused pairs, and the surest mistakes."""

    images: int
    matrix: int
    pairs: int
    mistakes: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "matrix", "pairs", "mistakes", "batch")
        if lab.targets is None:
            return (
                f"the classes of {lab.dataset.name} are not among the outputs of {lab.model.name}; where they mean the "
                "same, dataset.classes=FILE (index,wnid,name) says so"
            )
        return None

    def compute(self, lab: Lab) -> Result:
        assert lab.targets is not None
        assert lab.outputs is not None
        rng, ids = lab.rng(self.name()), np.array(lab.spread(self.images))
        labels, targets = lab.dataset.labels[ids], lab.targets[ids]
        logits = lab.logits(ids.tolist(), self.batch)
        place, outputs = places(logits, targets), logits.argmax(axis=1)
        class_of = {output: label for label, output in reversed(list(enumerate(lab.outputs)))}
        answers = np.array([class_of.get(output, -1) for output in outputs.tolist()])
        answers = np.where(place == 0, labels, answers)
        counts = confusion_counts(labels, answers, classes=len(lab.dataset.class_names))
        sure = torch.from_numpy(logits).double().softmax(1).numpy()
        worst, pairs = self._surest_mistakes(sure, outputs, place), self._pairs(lab, targets, outputs, sure)
        chance = by_chance(targets, outputs)
        return Result(
            {"counts": counts, "order": np.array(_order(lab, counts)), "images": _pixels(lab, ids[worst])},
            {
                "images": len(ids),
                "all_images": len(lab.dataset),
                "outputs": logits.shape[1],
                "right": int((place == 0).sum()),
                **_accuracies(place, logits.shape[1]),
                "chance": float(chance.mean()),
                "above_chance": list(mean_interval((place == 0) - chance, rng)),
                "adds_up": bool(
                    (counts.sum(axis=1) == np.bincount(labels, minlength=len(counts))).all()
                    and np.trace(counts) == (outputs == targets).sum()
                ),
                "classes": _by_class(lab, counts),
                "by_sureness": [list(entry) for entry in by_sureness(place == 0, sure.max(axis=1))],
                "pairs": pairs,
                "repeated": any(pair["count"] > 1 for pair in pairs),
                "mistakes": [
                    {
                        "index": int(ids[k]),
                        "true": lab.dataset.class_names[labels[k]],
                        "predicted": _answer(lab, int(outputs[k])),
                        "probability": float(sure[k, outputs[k]]),
                        "of_true": float(sure[k, targets[k]]),
                    }
                    for k in worst
                ],
                "families": _within_families(lab, labels, answers, rng),
            },
        )

    def _surest_mistakes(self, sure: np.ndarray, outputs: np.ndarray, place: np.ndarray) -> list[int]:
        """The mistakes with the highest probability of the wrong answer, the surest first."""
        wrong = np.flatnonzero(place > 0)
        ranked = wrong[np.argsort(-sure[wrong, outputs[wrong]], kind="stable")].tolist()
        return [int(k) for k in ranked[: self.mistakes]]

    def _pairs(self, lab: Lab, targets: np.ndarray, outputs: np.ndarray, sure: np.ndarray) -> list[dict[str, Any]]:
        """The most frequent pairs of right and wrong answer."""
        found = confused_pairs(targets, outputs, sure[np.arange(len(outputs)), outputs])[: self.pairs]
        return [
            {"true": _answer(lab, right), "predicted": _answer(lab, wrong), "count": count,
             "of": int((targets == right).sum())}
            for right, wrong, count in found
        ]  # fmt: skip

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        strips = -(-len(stats["mistakes"]) // ACROSS)
        small = len(stats["classes"]) <= self.matrix
        heights = [4.2 if small else 2.4, *([1.42 * strips] if strips else [])]
        picture = style.picture(height=sum(heights))
        upper, *lower = picture.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        if small:
            rows = [len(stats["classes"]), len(stats["pairs"]) or 1]
            panels = upper.subplot_mosaic("ab;ac", width_ratios=[1.75, 1], height_ratios=rows)
            _matrix(panels["a"], arrays, stats["classes"])
            panels["a"].set_title(f"{stats['top1']:.1%} of {stats['images']} images right", pad=18)
            _class_bars(panels["b"], stats["classes"])
            _pair_bars(panels["c"], stats["pairs"])
        else:
            left, right = upper.subplots(1, 2)
            _pair_bars(left, stats["pairs"]) if stats["repeated"] else _reliability(left, stats["by_sureness"])
            _place_curve(right, stats["within_first"])
        for strip in lower:
            _strip(strip.subplots(strips, ACROSS, squeeze=False).ravel(), arrays["images"], stats["mistakes"])
        return picture

    def alt(self, stats: Stats) -> str:
        low, high = stats["top1_interval"]
        pairs = ", ".join(f"{pair['true']} as {pair['predicted']} ({pair['count']})" for pair in stats["pairs"][:5])
        return (
            f"Of {stats['images']} images {stats['top1']:.1%} are classified rightly (95% interval {low:.1%} to "
            f"{high:.1%}). The most frequent mistakes: {pairs or 'none'}. Below, the {len(stats['mistakes'])} mistakes "
            "of which the model is surest, each with the right class, the answer and its probability."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        return [
            identity(
                f"{self.name()}.adds_up",
                "The rows of the confusion matrix add up to the images of each class, and its diagonal to the right "
                "answers.",
                stats["adds_up"],
                {"images": stats["images"], "right": stats["right"]},
            ),
            tendency(
                f"{self.name()}.above_chance",
                "The model is right more often than the same answers would be in random order.",
                {"accuracy": stats["top1"], "by_chance": stats["chance"]},
                stats["above_chance"],
                source="",
            ),
            _within_claim(f"{self.name()}.within_family", stats["families"]),
        ]


def _within_claim(name: str, families: Stats) -> Claim:
    text = (
        "A wrong answer is of the family of the right class more often than by chance, that is, than if it were drawn "
        "from all answers that the model gives."
    )
    if not families["known"]:
        reason = "the data set does not say which classes belong together, or has one family only"
    else:
        reason = "" if families["mistakes"] >= ENOUGH else f"there are fewer than {ENOUGH} mistakes"
    if reason:
        return Claim(name, text, "tendency", None, {}, undecided=reason)
    numbers = {"within_family": families["within"], "by_chance": families["chance"]}
    return tendency(name, text, numbers, families["interval"], source="")


def _accuracies(place: np.ndarray, outputs: int) -> dict[str, Any]:
    """Share of the images whose right answer is the first, and among the first k, with Wilson's interval.

    The first five say something only where there are more than ten.
    """
    found: dict[str, Any] = {"within_first": [float((place < k).mean()) for k in range(1, min(outputs, 20) + 1)]}
    for k in (1, 5):
        hits, told = int((place < k).sum()), k == 1 or outputs > 10
        found[f"top{k}"] = hits / len(place) if told else None
        found[f"top{k}_interval"] = list(wilson_interval(hits, len(place))) if told else None
    return found


def _order(lab: Lab, counts: np.ndarray) -> list[int]:
    """The classes family by family, else so that confused ones stand together; many are left as they are."""
    classes = len(counts)
    if lab.dataset.families is not None:
        names = list(dict.fromkeys(lab.dataset.families))
        return sorted(range(classes), key=lambda label: names.index(lab.dataset.families[label]))  # type: ignore[index]
    mistakes = counts[:, :-1] * (1 - np.eye(classes, dtype=int))
    return similar_order(mistakes) if classes <= 64 else list(range(classes))


def _by_class(lab: Lab, counts: np.ndarray) -> list[dict[str, Any]]:
    data, found = lab.dataset, []
    for label, row in enumerate(counts):
        right, images = int(row[label]), int(row.sum())
        low, high = wilson_interval(right, images)
        found.append({
            "name": data.class_names[label], "family": None if data.families is None else data.families[label],
            "images": images, "right": right, "accuracy": right / images if images else None, "low": low, "high": high,
        })  # fmt: skip
    return found


def _within_families(lab: Lab, labels: np.ndarray, answers: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Share of the mistakes that stay in the family, and that share by chance."""
    families = lab.dataset.families
    if families is None or len(set(families)) < 2:
        return {"known": False, "mistakes": int((labels != answers).sum())}
    names = list(dict.fromkeys(families))
    within, chance = within_by_chance(labels, answers, np.array([names.index(family) for family in families]))
    found: dict[str, Any] = {"known": True, "mistakes": len(within), "count": len(names)}
    if len(within):
        found |= {"within": float(within.mean()), "chance": float(chance.mean())}
        found["interval"] = list(mean_interval(within - chance, rng))
    return found


def _answer(lab: Lab, output: int) -> str:
    """The data set's own name of an output, else the model's."""
    assert lab.outputs is not None
    known = output in lab.outputs
    return lab.dataset.class_names[lab.outputs.index(output)] if known else lab.model.classes[output]


def _pixels(lab: Lab, ids: np.ndarray) -> np.ndarray:
    if not len(ids):
        return np.zeros((0, 3, 1, 1), dtype=np.uint8)
    return np.asarray((lab.pixels(ids.tolist()) * 255).round().byte().cpu().numpy())


def _matrix(axes: Axes, arrays: Mapping[str, np.ndarray], classes: Sequence[Mapping[str, Any]]) -> None:
    """Counts by right class (rows) and answer (columns); colors are shares of the row, the diagonal is left white."""
    order, counts = arrays["order"], arrays["counts"]
    columns = [*order, len(order)] if counts[:, -1].any() else list(order)
    shown = counts[np.ix_(order, columns)]
    shares = 100 * shown / np.maximum(shown.sum(axis=1, keepdims=True), 1)
    mistakes = shares * (1 - np.eye(*shares.shape))
    most = max(mistakes.max(), 1)
    masked = np.where(np.eye(*shares.shape) > 0, np.nan, mistakes)
    style.heat(axes, masked, low=0, high=most, label="mistakes, % of the class")
    names = [style.short(classes[label]["name"], 14) for label in order]
    axes.set_xticks(range(len(columns)), [*names, "other"][: len(columns)], rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.set(xlabel="answer", ylabel="right class")
    for row, column in zip(*np.nonzero(shown), strict=True) if len(order) <= 20 else ():
        bright = row == column or mistakes[row, column] > 0.6 * most
        axes.text(column, row, str(shown[row, column]), ha="center", va="center", fontsize=5.5,
                  color="black" if bright else "white")  # fmt: skip
    _family_lines(axes, [classes[label]["family"] for label in order])


def _family_lines(axes: Axes, families: Sequence[str | None]) -> None:
    """Lines between families, and their names above."""
    starts = [k for k, family in enumerate(families) if k == 0 or family != families[k - 1]]
    for start, end in zip(starts, [*starts[1:], len(families)], strict=True):
        if start:
            axes.axhline(start - 0.5, color="white", linewidth=1)
            axes.axvline(start - 0.5, color="white", linewidth=1)
        if families[start] is not None:
            axes.annotate(style.short(str(families[start]), 14), ((start + end - 1) / 2, -0.5), (0, 4), fontsize=7,
                          textcoords="offset points", ha="center")  # fmt: skip


def _class_bars(axes: Axes, classes: Sequence[Mapping[str, Any]]) -> None:
    ranked = sorted((entry for entry in classes if entry["images"]), key=lambda entry: -entry["accuracy"])
    shares = np.array([[entry["accuracy"], entry["low"], entry["high"]] for entry in ranked]).T * 100
    middle, low, high = shares
    axes.barh(range(len(ranked)), middle, height=0.75, color=style.COLOURS[5])
    axes.errorbar(middle, range(len(ranked)), xerr=np.maximum([middle - low, high - middle], 0), fmt="none",
                  ecolor=style.COLOURS[6], elinewidth=0.7)  # fmt: skip
    axes.set_yticks(range(len(ranked)), [style.short(entry["name"], 14) for entry in ranked])
    axes.set(xlim=(0, 100), ylim=(len(ranked) - 0.4, -0.6))
    axes.set_title("right answers, %")


def _pair_bars(axes: Axes, pairs: Sequence[Mapping[str, Any]]) -> None:
    if not pairs:
        axes.set_axis_off()
        axes.set_title("no mistakes")
        return
    names = [f"{style.short(pair['true'], 16)} → {style.short(pair['predicted'], 16)}" for pair in pairs]
    axes.barh(range(len(pairs)), [pair["count"] for pair in pairs], height=0.75, color=style.COLOURS[1])
    axes.set_yticks(range(len(pairs)), names)
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title("most frequent mistakes, images")


def _reliability(axes: Axes, bins: Sequence[Sequence[float]]) -> None:
    """Share of right answers against the probability of the answer, with Wilson's interval; dashed: as it should be."""
    shares = 100 * np.array([[right / images, *wilson_interval(int(right), int(images))] for _, images, right in bins])
    middle, low, high = shares.T
    errors = np.maximum([middle - low, high - middle], 0)
    axes.plot([0, 1], [0, 100], "--", color=style.COLOURS[6], linewidth=0.7)
    axes.errorbar([sureness for sureness, *_ in bins], middle, yerr=errors, fmt="o-", markersize=3, elinewidth=0.7)
    axes.set(xlabel="probability of the answer", ylabel="right answers, %", xlim=(0, 1), ylim=(0, 100))
    axes.grid()


def _place_curve(axes: Axes, within_first: Sequence[float]) -> None:
    axes.plot(range(1, len(within_first) + 1), 100 * np.array(within_first), "o-", markersize=3)
    axes.set(xlabel="first so many answers", ylabel="right one among them, %", ylim=(0, 100))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")


def _strip(panels: Sequence[Axes], images: np.ndarray, mistakes: Sequence[Mapping[str, Any]]) -> None:
    for axes in panels:
        axes.set_axis_off()
    for axes, image, mistake in zip(panels, images, mistakes, strict=False):
        answer = f"{style.short(mistake['predicted'], 13)} {mistake['probability']:.2f}"
        style.show_image(axes, image)
        axes.set_title(f"{style.short(mistake['true'], 18)}\n→ {answer}", fontsize=7)
