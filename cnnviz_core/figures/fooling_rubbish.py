"""Classifiers are sure of noise too, and one step makes it any class (Goodfellow et al. 2015, appendix A)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from scipy.special import softmax
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.attacks.eight_bit import LEVELS, as_pixels, eight_bit
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size
from cnnviz_core.methods.attacks.rubbish import favorite, rubbish, step_toward
from cnnviz_core.methods.attacks.threats import sign_noise
from cnnviz_core.methods.bootstrap import difference_interval, mean_interval
from cnnviz_core.methods.linear_probe import folds_of
from cnnviz_core.methods.radial_basis import fitted
from cnnviz_core.methods.sampling import spread
from cnnviz_core.methods.softmax_regression import fits
from cnnviz_core.methods.wilson import wilson_interval
from cnnviz_core.network import Model
from cnnviz_core.small_images import small_images, task

INPUTS = {"unclipped": "noise", "saved": "in 8 bits", "real": "images"}
"""What the classifiers are shown, in this order."""
LABELS = {"net": "network", "linear": "linear", "radial": "radial units", "untrained": "random weights"}
ENOUGH = 20  # images of noise from which on a tendency is judged
FEW = 3  # images of noise, moved, from which on a tendency is judged
NAMED = 7  # answers that the histogram names
SLACK = 1e-6  # of a pixel's value
TIE = 1e-4  # of a probability, between an image in a batch and alone


@dataclass(frozen=True)
class FoolingRubbish(Figure):
    """Noise with the net's answers, and moved toward classes; how often classifiers are sure, and of what."""

    images: int
    images_real: int
    sure: float
    controls: int
    control_images: int
    epsilon: float
    images_targeted: int
    classes_targeted: int
    images_rivals: int
    folds: int
    side: int
    decay: float
    shown: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "controls", "control_images", "images_targeted", "classes_targeted")
        self.check_at_least(1, "images_real", "images_rivals", "side", "shown", "batch")
        self.check_at_least(2, "folds")
        name = f"figure.{self.name()}"
        if not 0 < self.sure < 1:
            raise InputError(f"{name}.sure={self.sure} must be a probability between 0 and 1")
        if not 0 < self.epsilon <= LEVELS:
            raise InputError(f"{name}.epsilon={self.epsilon} must be above 0 and at most 255 levels")
        if not self.decay > 0:
            raise InputError(f"{name}.decay={self.decay} must be above 0")
        if len(lab.model.classes) < 2:
            return f"{lab.model.name} has one output: it is as sure of that on every image"
        return None

    def compute(self, lab: Lab) -> Result:
        rng, real = lab.rng(self.name()), lab.spread(self.images_real)
        looks = _looks(lab.pixels(real))
        p, answers, saved = self._asked(lab, lab.model, looks, self.images, rng)
        p["real"] = softmax(lab.logits(real, self.batch).astype(float), axis=1).max(axis=1)
        found = {"net": p, **self._rivals(lab, rng)}
        random = [lab.model.randomised(rng) for _ in range(self.controls)]
        controls = [self._asked(lab, model, looks, self.control_images, rng)[:2] for model in random]
        found["untrained"], theirs = max(controls, key=lambda each: float(_sure(each[0]["saved"], self.sure).mean()))
        shown = saved[: self.shown]
        aimed, targeted = self._targeted(lab, random[0], saved[: self.images_targeted], rng)
        first = [
            {"answer": lab.model.classes[k], "p": float(sure)} for k, sure in zip(answers, p["saved"], strict=True)
        ]
        return Result(
            {"noise": shown.numpy(), "targeted": aimed},
            {
                "images": self.images,
                "mean": [round(float(value * LEVELS), 2) for value in looks[0]],
                "std": [round(float(value * LEVELS), 2) for value in looks[1]],
                "examples": first[: len(shown)],
                "alone": self._alone(lab.model, shown, p["saved"]),
                "rows": {name: {key: self._row(values) for key, values in row.items()} for name, row in found.items()},
                "rivals": "radial" in found,
                "classes": len(lab.model.classes),
                "answers": _histogram(lab, answers, _sure(p["saved"], self.sure)),
                "commonest": {**_commonest(lab, answers), "untrained": _commonest(lab, theirs)["share"]},
                "targeted": targeted,
                "differences": self._differences(found, rng),
            },
        )

    def _asked(
        self, lab: Lab, model: Model, looks: tuple[np.ndarray, np.ndarray], count: int, rng: np.random.Generator
    ) -> tuple[dict[str, np.ndarray], np.ndarray, Tensor]:
        """How sure it is of noise, as it is and saved; what it takes the saved noise for, and some of that."""
        sure: dict[str, list[Tensor]] = {"unclipped": [], "saved": []}
        answers, kept = [], []
        for start in lab.track(range(0, count, self.batch), f"noise for {model.name}"):
            noise = rubbish(min(self.batch, count - start), *looks, model.size, rng).to(lab.device)
            saved = eight_bit(noise, noise.clamp(0, 1))
            if start < max(self.shown, self.images_targeted):
                kept.append(saved.cpu())
            with torch.no_grad():
                sure["unclipped"].append(_probabilities(model, noise).amax(dim=1))
                p, said = _probabilities(model, as_pixels(saved)).max(dim=1)
            sure["saved"].append(p)
            answers.append(said)
        found = {key: torch.cat(parts).numpy() for key, parts in sure.items()}
        return found, torch.cat(answers).numpy(), torch.cat(kept)

    def _rivals(self, lab: Lab, rng: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
        """What the linear classifier and the radial units say of noise in their own size; none without training."""
        asked = task(lab, self.images_rivals, self.folds)
        if asked is None:
            return {}
        labels, kinds = asked.groups, len(asked.names)
        x = small_images(lab, asked.ids, self.side, self.batch).astype(float)
        test = folds_of(labels, self.folds, rng) == 0
        linear = fits(x[~test], labels[~test], kinds, [self.decay])[0]
        radial = fitted(x[~test], labels[~test], kinds)
        looks = _looks(torch.from_numpy(x.reshape(len(x), 3, self.side, self.side)))
        noise = rubbish(self.images, *looks, (self.side, self.side), rng)
        inputs = {
            "unclipped": noise.flatten(1).numpy().astype(float),
            "saved": as_pixels(eight_bit(noise, noise.clamp(0, 1))).flatten(1).numpy().astype(float),
            "real": x[test],
        }
        return {
            "linear": {key: softmax(linear.scores(rows), axis=1).max(axis=1) for key, rows in inputs.items()},
            "radial": {key: radial.probabilities(rows).max(axis=1) for key, rows in inputs.items()},
        }

    def _targeted(
        self, lab: Lab, untrained: Model, saved: Tensor, rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Noise, one step toward each of some classes: how often it is taken for them surely, and examples."""
        among = sorted(set(lab.outputs or range(len(lab.model.classes))))
        classes = spread(among, min(self.classes_targeted, len(among)))
        pixels = as_pixels(saved).to(lab.device)
        p, answers, moved = self._steps(lab, lab.model, pixels, classes, "steps toward classes")
        random = as_pixels(eight_bit(sign_noise(pixels, self.epsilon / LEVELS, rng), pixels))
        with torch.no_grad():
            by_chance = _probabilities(lab.model, random)[:, classes].numpy() > self.sure
        few = pixels[: max(len(pixels) // 2, 1)]
        control = self._steps(lab, untrained, few, classes, "steps with random weights")[0] > self.sure
        reached, named = p > self.sure, answers == np.array(classes)  # (n, classes)
        lead = reached.mean(axis=1) - by_chance.mean(axis=1)
        shown = spread(range(len(classes)), min(self.shown, len(classes)))
        examples = [(c, int(p[:, c].argmax())) for c in shown]
        return torch.stack([moved[c][k] for c, k in examples]).numpy(), {
            "images": len(pixels),
            "classes": [
                {"class": lab.model.classes[label], "share": float(reached[:, c].mean()),
                 "interval": list(wilson_interval(int(reached[:, c].sum()), len(pixels))),
                 "named": float(named[:, c].mean())}
                for c, label in enumerate(classes)
            ],
            "examples": [{"class": lab.model.classes[classes[c]], "p": float(p[k, c])} for c, k in examples],
            "share": float(reached.mean()),
            "interval": list(mean_interval(reached.mean(axis=1), rng)),
            "named": float(named.mean()),
            "random": float(by_chance.mean()),
            "untrained": float(control.mean()),
            "lead": list(mean_interval(lead, rng)),
            "farthest": LEVELS
            * max(float(perturbation_size(as_pixels(images), pixels.cpu()).max()) for images in moved),
        }  # fmt: skip

    def _steps(
        self, lab: Lab, model: Model, pixels: Tensor, classes: list[int], text: str
    ) -> tuple[np.ndarray, np.ndarray, list[Tensor]]:
        """After a step toward each class its probability, the answers, both (n, classes), and the saved images."""
        p, answers, moved = [], [], []
        for label in lab.track(classes, text):
            targets = torch.full((len(pixels),), label)
            images = step_toward(model, pixels, targets, self.epsilon / LEVELS)
            saved = eight_bit(images, pixels, epsilon=self.epsilon / LEVELS)
            with torch.no_grad():
                said = _probabilities(model, as_pixels(saved))
            p.append(said[:, label])
            answers.append(said.argmax(dim=1))
            moved.append(saved.cpu())
        return torch.stack(p, dim=1).numpy(), torch.stack(answers, dim=1).numpy(), moved

    def _alone(self, model: Model, saved: Tensor, told: np.ndarray) -> float:
        """The largest difference of a probability from what the network says when shown the saved image alone."""
        with torch.no_grad():
            again = [float(_probabilities(model, as_pixels(image[None])).max()) for image in saved]
        return float(np.abs(np.array(again) - told[: len(saved)]).max())

    def _row(self, p: np.ndarray) -> dict[str, Any]:
        hits = p > self.sure
        return {
            "share": float(hits.mean()),
            "interval": list(wilson_interval(int(hits.sum()), len(p))),
            "confidence": float(p[hits].mean()) if hits.any() else None,
            "images": len(p),
        }

    def _differences(self, found: Mapping[str, Mapping[str, np.ndarray]], rng: np.random.Generator) -> dict[str, Any]:
        """How much more often the first is sure of its input than the second."""
        pairs = {
            "learned": (("net", "saved"), ("untrained", "saved")),
            "net": (("net", "unclipped"), ("radial", "unclipped")),
            "linear": (("linear", "unclipped"), ("radial", "unclipped")),
            "radial_tells": (("radial", "real"), ("radial", "unclipped")),
        }
        told = {}
        for key, pair in pairs.items():
            if all(name in found for name, _ in pair):
                first, second = (_sure(found[name][what], self.sure).astype(float) for name, what in pair)
                told[key] = list(difference_interval(first, second, rng))
        return told

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        columns = max(len(arrays["noise"]), len(arrays["targeted"]))
        picture = style.picture(height=4.6)
        upper, lower = np.asarray(picture.subfigures(2, 1, height_ratios=[2.4, 2.2]))
        panels = upper.subplots(2, columns, squeeze=False)
        for row, (key, told, what) in enumerate(
            (("noise", stats["examples"], "answer"), ("targeted", stats["targeted"]["examples"], "class"))
        ):
            for axes in panels[row, len(told) :]:
                axes.set_visible(False)
            for axes, image, example in zip(panels[row], arrays[key], told, strict=False):
                style.show_image(axes, image, f"{style.short(example[what], 14)}\np = {example['p']:.2g}")
        panels[0, 0].set_ylabel("noise, and\nits answer", fontsize=7)
        panels[1, 0].set_ylabel("one step,\nand its goal", fontsize=7)
        shares, answers, goals = lower.subplots(1, 3, width_ratios=[1.2, 1, 1])
        _draw_shares(shares, stats["rows"], self.sure)
        _draw_answers(answers, stats)
        _draw_goals(goals, stats["targeted"])
        return picture

    def alt(self, stats: Stats) -> str:
        shares = "; ".join(
            f"{LABELS[name]}: " + ", ".join(f"{INPUTS[key]} {row[key]['share']:.0%}" for key in INPUTS if key in row)
            for name, row in stats["rows"].items()
        )
        commonest, targeted = stats["answers"][0], stats["targeted"]
        return (
            f"Images of noise and what the network takes them for. Shares of inputs with a probability above "
            f"{self.sure:g}: {shares}. The commonest answer to noise is {commonest['class']} "
            f"({commonest['count']} of {stats['images']}). After one step toward a class noise is surely taken for it "
            f"in {targeted['share']:.0%} of the cases, after a random step in {targeted['random']:.0%}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        targeted = stats["targeted"]
        return [
            identity(
                f"{self.name()}.size",
                "No value of a moved image, as it is saved, differs from the noise by more than the size of the step.",
                targeted["farthest"] <= self.epsilon + SLACK * LEVELS,
                {"farthest_in_levels": targeted["farthest"]},
            ),
            identity(
                f"{self.name()}.alone",
                "The probabilities above the images of noise are those that the network gives when it is shown the "
                "saved image again, alone.",
                stats["alone"] <= TIE,
                {"largest_difference": stats["alone"]},
            ),
            *self._sureness(stats),
            self._one_class(stats),
            tendency(
                f"{self.name()}.targeted",
                f"One step of {self.epsilon:g} levels along the sign of the gradient makes noise surely a class of our "
                "choice more often than random signs of the same size do.",
                {"share": targeted["share"], "answers": targeted["named"], "random_signs": targeted["random"],
                 "random_weights": targeted["untrained"]},
                targeted["lead"],
                source="goodfellow2015 app. A",
                reference={"success_on_CIFAR10": 0.753},
                undecided=_few(targeted["images"], FEW),
            ),
        ]  # fmt: skip

    def _sureness(self, stats: Stats) -> list[Claim]:
        rows, differences, few = stats["rows"], stats["differences"], _few(stats["images"])
        alike = "there are not two classes or families with enough images to train on"
        if "radial" in rows:
            tells = differences["radial_tells"][0] > 0
            alike = "" if tells else "the radial units are sure of real images no more often than of noise"
        source, reference = "goodfellow2015 app. A", {"radial_units": 0.0, "maxout_network": 0.9835}
        share = {name: row["unclipped"]["share"] for name, row in rows.items()}
        compared = {"radial_units": share.get("radial", 0.0)} if "radial" in rows else {}
        return [
            tendency(
                f"{self.name()}.learned",
                "The network is sure of noise more often than the surest of some networks with random weights.",
                {"share": rows["net"]["saved"]["share"], "random_weights": rows["untrained"]["saved"]["share"]},
                differences["learned"],
                source=source,
                reference={"maxout_network": 0.9835},
                undecided=few or _few(rows["untrained"]["saved"]["images"]),
            ),
            tendency(
                f"{self.name()}.net",
                "The network is sure of noise more often than units with radial basis functions.",
                {"share": share["net"], **compared},
                differences.get("net", [0, 0]),
                source=source,
                reference=reference,
                undecided=few or alike,
            ),
            tendency(
                f"{self.name()}.linear",
                "Softmax regression is sure of noise more often than units with radial basis functions.",
                {"share": share["linear"], **compared} if "linear" in rows else {},
                differences.get("linear", [0, 0]),
                source=source,
                reference={"softmax_regression": 0.598, "radial_units": 0.0},
                undecided=few or alike,
            ),
        ]

    def _one_class(self, stats: Stats) -> Claim:
        commonest = stats["commonest"]
        low, high = commonest["interval"]
        even = 1 / stats["classes"]
        return tendency(
            f"{self.name()}.one_class",
            "The answers are not spread evenly: the commonest of one half of the noise is given to more of the other "
            "half than one class's equal part.",
            {"share": commonest["share"], "equal_part": even, "random_weights": commonest["untrained"]},
            (low - even, high - even),
            source="goodfellow2015 app. A",
            reference={"commonest_of_10": 0.453},
            undecided=_few(stats["images"]),
        )


def _few(images: int, enough: int = ENOUGH) -> str:
    return "" if images >= enough else f"{images} images of noise are too few to tell"


def _probabilities(model: Model, pixels: Tensor) -> Tensor:
    return model(pixels).double().softmax(dim=1).cpu()


def _sure(p: np.ndarray, limit: float) -> np.ndarray:
    return np.asarray(p > limit)


def _looks(pixels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the standard deviation of each color."""
    values = pixels.double().cpu().numpy()
    return values.mean(axis=(0, 2, 3)), values.std(axis=(0, 2, 3))


def _histogram(lab: Lab, answers: np.ndarray, sure: np.ndarray) -> list[dict[str, Any]]:
    """The commonest answers to noise, and how many of each are sure; last all the others together."""
    kinds, counts = np.unique(answers, return_counts=True)
    ranked = kinds[np.argsort(-counts, kind="stable")]
    groups = [(lab.model.classes[kind], answers == kind) for kind in ranked[:NAMED]]
    if len(ranked) > NAMED:
        groups.append((f"{len(ranked) - NAMED} others", np.isin(answers, ranked[NAMED:])))
    return [{"class": name, "count": int(of.sum()), "sure": int((of & sure).sum())} for name, of in groups]


def _commonest(lab: Lab, answers: np.ndarray) -> dict[str, Any]:
    favored, hits, rest = favorite(answers)
    return {
        "class": lab.model.classes[favored],
        "share": hits / max(rest, 1),
        "interval": list(wilson_interval(hits, rest)),
    }


def _draw_shares(axes: Axes, rows: Stats, limit: float) -> None:
    """How often each classifier is sure of each input, with intervals."""
    for k, (key, label) in enumerate(INPUTS.items()):
        told = [(place, row[key]) for place, row in enumerate(rows.values()) if key in row]
        middle = np.array([number["share"] for _, number in told])
        low, high = np.array([number["interval"] for _, number in told]).T
        errors = [np.maximum(middle - low, 0), np.maximum(high - middle, 0)]
        places, colour = [place + 0.27 * (k - 1) for place, _ in told], style.COLOURS[(1, 4, 6)[k]]
        axes.barh(places, middle, 0.25, label=label, color=colour, xerr=errors, error_kw={"elinewidth": 0.8})
    axes.set_yticks(range(len(rows)), [LABELS[name] for name in rows])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.02), xlabel=f"sure: p above {limit:g}")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=6, handlelength=0.8, columnspacing=0.6)


def _draw_answers(axes: Axes, stats: Stats) -> None:
    """How often the network gives each answer to noise, and how often surely."""
    told = stats["answers"]
    places = range(len(told))
    axes.barh(places, [row["count"] / stats["images"] for row in told], color="#d0d0d0", label="all")
    axes.barh(places, [row["sure"] / stats["images"] for row in told], color=style.COLOURS[4], label="sure")
    axes.set_yticks(places, [style.short(row["class"], 14) for row in told])
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.02), xlabel="answers to noise (8 bits)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=6, handlelength=0.8, columnspacing=0.6)


def _draw_goals(axes: Axes, targeted: Stats) -> None:
    """How often one step toward each class succeeds."""
    told = targeted["classes"]
    middle = np.array([row["share"] for row in told])
    low, high = np.array([row["interval"] for row in told]).T
    axes.errorbar(middle, range(len(told)), xerr=[np.maximum(middle - low, 0), np.maximum(high - middle, 0)], fmt="o",
                  color=style.COLOURS[0], markersize=3.5, elinewidth=0.8, label="sure")  # fmt: skip
    axes.plot([row["named"] for row in told], range(len(told)), "o", color=style.COLOURS[0], markersize=6,
              fillstyle="none", label="answer")  # fmt: skip
    axes.axvline(targeted["random"], color=style.COLOURS[6], linestyle="dashed", linewidth=0.8)
    axes.set_yticks(range(len(told)), [style.short(row["class"], 14) for row in told])
    axes.invert_yaxis()
    axes.set(xlim=(-0.05, 1.06), xlabel="after a step toward it")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=6, handlelength=0.8, columnspacing=0.6)
