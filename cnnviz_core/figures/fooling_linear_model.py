"""Linear classifiers are fooled by small changes too, and how small is known exactly (Goodfellow et al., section 3)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy.special import expit

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.linear_attack import (
    TOY_IMAGE,
    TOY_WEIGHTS,
    disagreements,
    roughness,
    smallest_changes,
    two_class_margins,
)
from cnnviz_core.methods.linear_examples import easiest_examples, errors_by_size
from cnnviz_core.methods.linear_probe import folds_of
from cnnviz_core.methods.sampling import spread
from cnnviz_core.methods.softmax_regression import Linear, fits
from cnnviz_core.methods.wilson import share_told, wilson_interval
from cnnviz_core.small_images import small_images, task

ENOUGH = 20  # images from which on a tendency is judged
LEVELS = 255
STEPS = 17  # epsilons of the curve
ROUNDING = 1e-9  # relative, of sums in double precision
BATCH = 64


@dataclass(frozen=True)
class FoolingLinearModel(Figure):
    """Templates with weak and strong decay, images that fool, the error by epsilon, and all of it by weight decay."""

    images: int
    folds: int
    side: int
    decays: list[float]
    decay: float
    epsilon: float
    searches: int
    templates: int
    count: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "searches", "templates", "count")
        self.check_at_least(2, "images", "folds", "side")
        self.check_share("epsilon")
        name = f"figure.{self.name()}"
        if len(self.decays) < 2 or min(self.decays) <= 0 or sorted(self.decays, reverse=True) != self.decays:
            raise InputError(f"{name}.decays={self.decays} must be two numbers above 0 or more, from large to small")
        if self.decay not in self.decays:
            raise InputError(f"{name}.decay={self.decay} must be one of {name}.decays={self.decays}")
        if task(lab, self.images, self.folds) is None:
            return (
                f"a linear classifier is trained on some images of a class and tested on others; {lab.dataset.name} "
                f"does not have two classes or families with at least {self.folds} of the images"
            )
        return None

    def compute(self, lab: Lab) -> Result:
        asked, rng = task(lab, self.images, self.folds), lab.rng(self.name())
        assert asked is not None
        ids, groups, names, what = asked.ids, asked.groups, asked.names, asked.what
        pixels = small_images(lab, ids, self.side, BATCH).astype(float)
        test = folds_of(groups, self.folds, rng) == 0
        linears = fits(pixels[~test], groups[~test], len(names), self.decays)
        mild, place = linears[self.decays.index(self.decay)], self.decays.index(self.decay)
        x, labels = pixels[test], groups[test]
        needed = [smallest_changes(linear, x, labels)[0] for linear in linears]
        right = [linear.answers(x) == labels for linear in linears]
        rough = [np.nan_to_num(roughness(linear.weights, self.side)) for linear in linears]
        shown = spread(range(len(names)), min(self.templates, len(names)))
        examples = easiest_examples(mild, x, labels, self.count)
        wrong = errors_by_size(mild, x, labels, np.linspace(0, self.epsilon, STEPS), rng)
        both = right[0] & right[place]
        return Result(
            {
                "mild": self._pictures(mild.weights[shown]),
                "strong": self._pictures(linears[0].weights[shown]),
                "images": self._pictures([each.image for each in examples]),
                "signs": self._pictures([each.signs for each in examples]),
                "fooled": self._pictures([each.fooled for each in examples]),
            },
            {
                "images": len(x),
                "trained_on": int((~test).sum()),
                "groups": len(names),
                "what": what,
                "side": self.side,
                "shown": [names[k] for k in shown],
                "examples": [
                    {"class": names[e.label], "answer": names[e.answer], "levels": e.levels, "moved": e.moved}
                    for e in examples
                ],
                "decay": self.decay,
                "strongest": self.decays[0],
                "rows": [_row(*each, rng) for each in zip(self.decays, linears, right, needed, rough, strict=True)],
                "curve": self._curve(wrong, rng),
                "smallest_wrong": disagreements(mild, x, labels),
                "pair": self._pair(pixels, groups, test, names, rng),
                "toy": _toy(),
                "both": int(both.sum()),
                "smoother": _interval(rough[place] - rough[0], rng),
                "harder": _interval(_finite((needed[0] - needed[place])[both] * LEVELS), rng),
                "less_accurate": _interval(right[place].astype(float) - right[0], rng),
            },
        )

    def _pictures(self, flat: Any) -> np.ndarray:
        return np.array(flat).reshape(-1, 3, self.side, self.side)

    def _curve(self, wrong: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
        """The error by epsilon: at worst, along the sign of the gradient, along random signs."""
        return {
            "levels": (np.linspace(0, self.epsilon, STEPS) * LEVELS).tolist(),
            **{name: errors.mean(axis=1).tolist() for name, errors in wrong.items()},
            "last": {name: share_told(errors[-1]) for name, errors in wrong.items()},
            "difference": _interval(wrong["gradient"][-1].astype(float) - wrong["random"][-1], rng),
        }

    def _pair(
        self, pixels: np.ndarray, groups: np.ndarray, test: np.ndarray, names: list[str], rng: np.random.Generator
    ) -> dict[str, Any]:
        """Logistic regression of two classes: the worst change against its formula, and against random ones."""
        first, second = np.argsort(-np.bincount(groups), kind="stable")[:2]
        chosen = np.isin(groups, [first, second])
        labels = (groups == first).astype(int)
        linear = fits(pixels[chosen & ~test], labels[chosen & ~test], 2, [self.decay])[0]
        x, own = pixels[chosen & test], labels[chosen & test]
        found = two_class_margins(linear, x, own, self.epsilon, self.searches, rng)
        return {"classes": [names[first], names[second]], "images": len(x), **found}

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        picture = style.picture(height=5.0)
        upper, lower = np.asarray(picture.subfigures(2, 1, height_ratios=[1.0, 2.0]))
        panels = upper.subplots(2, len(stats["shown"]), squeeze=False)
        for row, key in enumerate(("mild", "strong")):
            for axes, weights, name in zip(panels[row], arrays[key], stats["shown"], strict=True):
                style.show_image(axes, _template(weights), "" if row else style.short(name, 11))
            decay = stats["decay"] if key == "mild" else stats["strongest"]
            panels[row, 0].set_ylabel(f"decay {decay:g}", fontsize=7)
        left, right = np.asarray(lower.subfigures(1, 2, width_ratios=[1.25, 1]))
        _draw_examples(left, stats, arrays)
        above, below = right.subplots(2, 1)
        _draw_curve(above, stats)
        _draw_rows(below, stats["rows"])
        return picture

    def alt(self, stats: Stats) -> str:
        curve, rows = stats["curve"]["last"], stats["rows"]
        told = "; ".join(
            f"decay {row['decay']:g}: accuracy {row['accuracy']:.0%}, {row['levels']:.1f} levels" for row in rows
        )
        examples = ", ".join(
            f"{e['class']} taken for {e['answer']} after {e['levels']} levels" for e in stats["examples"]
        )
        return (
            f"Weight images of {len(stats['shown'])} {_plural(stats)} with decay {stats['decay']:g} and "
            f"{stats['strongest']:g}. Images, the signs that were added and the sums: {examples or 'none'}. "
            f"Error at {stats['curve']['levels'][-1]:.0f} levels of 255: {curve['gradient']['share']:.0%} along the "
            f"sign of the gradient, {curve['worst']['share']:.0%} at worst, {curve['random']['share']:.0%} along "
            f"random signs. Accuracy, and the mean change that fools the rightly classified images: {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, pair, toy = self.name(), stats["pair"], stats["toy"]
        few = "" if stats["images"] >= ENOUGH else f"{stats['images']} images are too few to tell"
        lonely = few or ("" if stats["both"] >= 2 else f"both are right on {stats['both']} images only")
        last, first = stats["rows"][0], next(row for row in stats["rows"] if row["decay"] == stats["decay"])
        decays = f"With a weight decay of {stats['strongest']:g} instead of {stats['decay']:g}"
        lots = "" if stats["decay"] != stats["strongest"] else "only one decay is compared"
        curve = stats["curve"]["last"]
        return [
            identity(
                f"{name}.exact",
                "Moving every pixel by epsilon against the sign of its weight lowers the margin of a two-class linear "
                "classifier by exactly epsilon times the 1-norm of its weights.",
                pair["drop_wrong"] <= ROUNDING,
                {"epsilon_times_norm": pair["formula"], "relative_error": pair["drop_wrong"]},
            ),
            identity(
                f"{name}.never_beaten",
                f"None of {2 * self.searches} random changes of the same size lowers it by more.",
                pair["best_random"] <= 1 + ROUNDING,
                {"best_random_over_worst": pair["best_random"]},
            ),
            identity(
                f"{name}.smallest",
                "With many classes, a thousandth more than the smallest change as computed fools every image, and a "
                "thousandth less, in the worst direction towards any class, fools none.",
                stats["smallest_wrong"] == 0,
                {"images_that_disagree": stats["smallest_wrong"]},
            ),
            identity(
                f"{name}.size",
                "No pixel of a fooled image, as it is saved, differs from the original by more levels than are said.",
                all(each["moved"] <= each["levels"] + 1e-6 for each in stats["examples"]),
                {"examples": len(stats["examples"])},
            ),
            identity(
                f"{name}.toy",
                "Karpathy's ten features: a score of -3 becomes 2 when each moves by one half along its weight.",
                toy["before"] == -3 and toy["after"] == 2,
                toy,
            ),
            tendency(
                f"{name}.fooled",
                f"Changes of {self.epsilon * LEVELS:.3g} levels along the sign of the gradient lead to more errors "
                "than changes of the same size along random signs.",
                {key: curve[key]["share"] for key in ("gradient", "worst", "random")},
                stats["curve"]["difference"],
                source="goodfellow2015 sec. 4",
                reference={"softmax_on_MNIST_at_0.25": 0.999},
                undecided=few,
            ),
            tendency(
                f"{name}.smoother",
                f"{decays} the weight images are smoother.",
                {"roughness": first["roughness"], "roughness_strongest": last["roughness"]},
                stats["smoother"],
                source="karpathy2015",
                undecided=lots or few,
            ),
            tendency(
                f"{name}.harder",
                f"{decays} it takes a larger change to fool the classifier, on images that both classify rightly.",
                {"levels": first["levels"], "levels_strongest": last["levels"]},
                stats["harder"],
                source="karpathy2015",
                undecided=lots or lonely,
            ),
            tendency(
                f"{name}.less_accurate",
                f"{decays} it is less accurate.",
                {"accuracy": first["accuracy"], "accuracy_strongest": last["accuracy"]},
                stats["less_accurate"],
                source="karpathy2015",
                reference={"accuracy": 0.03, "accuracy_strongly_regularized": 0.016},
                undecided=lots or few,
            ),
        ]


def _toy() -> dict[str, float]:
    before, after = (float(TOY_WEIGHTS @ image) for image in (TOY_IMAGE, TOY_IMAGE + 0.5 * np.sign(TOY_WEIGHTS)))
    return {"before": before, "p_before": float(expit(before)), "after": after, "p_after": float(expit(after))}


def _row(
    decay: float, linear: Linear, right: np.ndarray, needed: np.ndarray, rough: np.ndarray, rng: np.random.Generator
) -> dict[str, Any]:
    """What one decay gives; the levels are the mean over the images that are rightly classified."""
    levels = _finite(needed[right & (needed > 0)] * LEVELS)
    return {
        "decay": decay,
        "accuracy": float(right.mean()),
        "accuracy_interval": list(wilson_interval(int(right.sum()), len(right))),
        "norm": float(np.abs(linear.weights).sum(axis=1).mean()),
        "roughness": float(rough.mean()),
        "roughness_interval": _interval(rough, rng),
        "levels": float(levels.mean()) if len(levels) else 0.0,
        "levels_interval": _interval(levels, rng),
    }


def _finite(values: np.ndarray) -> np.ndarray:
    return np.asarray(values[np.isfinite(values)])


def _interval(values: np.ndarray, rng: np.random.Generator) -> list[float]:
    return list(mean_interval(values.astype(float), rng)) if len(values) else [0.0, 0.0]


def _plural(stats: Stats) -> str:
    return "families" if stats["what"] == "family" else "classes"


def _template(weights: np.ndarray) -> np.ndarray:
    """Weights with zero in the middle of the scale."""
    return np.asarray(0.5 + weights / max(2 * np.quantile(np.abs(weights), 0.99), 1e-30))


def _draw_examples(part: Any, stats: Stats, arrays: Any) -> None:
    if not stats["examples"]:
        part.text(0.5, 0.5, "no image of the test part is fooled", ha="center", fontsize=8)
        return
    panels = part.subplots(len(stats["examples"]), 3, squeeze=False)
    for row, example in enumerate(stats["examples"]):
        unit = "level" if example["levels"] == 1 else "levels"
        titles = example["class"], f"signs × {example['levels']} {unit}", example["answer"]
        pictures = arrays["images"][row], 0.5 + arrays["signs"][row] / 2, arrays["fooled"][row]
        for axes, pixels, title in zip(panels[row], pictures, titles, strict=True):
            style.show_image(axes, pixels, style.short(title, 17))


def _draw_curve(axes: Axes, stats: Stats) -> None:
    curve = stats["curve"]
    for k, (key, label) in enumerate(
        {"worst": "worst case", "gradient": "sign of gradient", "random": "random signs"}.items()
    ):
        axes.plot(curve["levels"], curve[key], label=label, color=style.COLOURS[(0, 1, 6)[k]],
                  linestyle="dashed" if key == "worst" else "solid")  # fmt: skip
    axes.set(xlabel="change of each pixel, levels of 255", ylabel="error", ylim=(0, 1.02))
    axes.legend(loc="lower right")


def _draw_rows(axes: Axes, rows: Any) -> None:
    decays, beside = [row["decay"] for row in rows], axes.twinx()
    for place, key, colour in ((axes, "accuracy", style.COLOURS[0]), (beside, "levels", style.COLOURS[1])):
        middle = np.array([row[key] for row in rows])
        low, high = np.array([row[f"{key}_interval"] for row in rows]).T
        errors = [np.maximum(middle - low, 0), np.maximum(high - middle, 0)]
        place.errorbar(decays, middle, yerr=errors, fmt="o-", color=colour, markersize=3.5, elinewidth=0.8)
        place.set_ylim(0, None)
        place.yaxis.label.set_color(colour)
    axes.set(xlabel="weight decay", ylabel="accuracy")
    beside.set_ylabel("levels that fool")
    beside.spines["right"].set_visible(True)
    style.log_scale(axes)
