"""Errors and how sure the network is of them, against the size of the change, beside random signs."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from cnnviz_core.methods.attacks.eight_bit import LEVELS
from cnnviz_core.methods.attacks.fast_gradient_sign import gradient_sign, moved
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.wilson import wilson_interval

ROUNDING = 1e-6  # of a pixel's value, in single precision
FEW = 5  # errors from which on it is said how sure the network is of them
WAYS = {"sign": "sign of the gradient", "random": "random signs"}


@dataclass(frozen=True)
class FoolingErrorVsEps(Figure):
    """Error and confidence on errors, for the sign of the gradient and for random signs, with intervals."""

    images: int
    epsilons: list[float]
    compared: float
    clipped: bool
    control_images: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "control_images", "batch")
        for steps in self.epsilons:
            if not 0 <= steps <= LEVELS:
                raise InputError(
                    f"figure.{self.name()}.epsilons={steps} must be from 0 to {LEVELS}, in steps of 1/{LEVELS}"
                )
        if self.compared not in self.epsilons or not self.compared:
            allowed = ", ".join(f"{steps:g}" for steps in self.epsilons if steps)
            raise InputError(f"figure.{self.name()}.compared={self.compared} must be one of epsilons: {allowed}")
        if len(lab.model.classes) < 2:
            return f"{lab.model.name} has one output: there is no other answer to which it could be led"
        return None

    def compute(self, lab: Lab) -> Result:
        rng, ids = lab.rng(self.name()), lab.spread(self.images)
        steps = sorted({0.0, *map(float, self.epsilons)})
        clean = lab.logits(ids, self.batch).argmax(axis=1)
        labels = clean if lab.targets is None else lab.targets[ids]
        found = self._attacked(lab, ids, labels, steps, rng)
        here, intervals = steps.index(float(self.compared)), np.random.default_rng(rng.integers(2**32))
        wrong = {way: found[way][0] != labels for way in WAYS}  # (steps, n)
        lead = wrong["sign"][here].astype(float) - wrong["random"][here]
        sure = found["sign"][1][here][wrong["sign"][here]]
        curves = {way: [_point(wrong[way][k], found[way][1][k], intervals) for k in range(len(steps))] for way in WAYS}
        return Result(
            {"steps": np.array(steps)},
            {
                "images": len(ids), "label": "predicted" if lab.targets is None else "right",
                "clipped": self.clipped, "steps": steps, "compared": self.compared,
                "clean_error": float((clean != labels).mean()),
                "excess": max(float((found[way][2] - np.array(steps)[:, None] / LEVELS).max()) for way in WAYS),
                "curves": curves, "at": {way: curves[way][here] for way in WAYS},
                "lead": float(lead.mean()), "lead_interval": list(mean_interval(lead, intervals)),
                "sure_interval": list(mean_interval(sure, intervals)) if len(sure) >= FEW else None,
                "half": _half(steps, [point["error"] for point in curves["sign"]]),
                "control": self._control(lab, rng),
            },
        )  # fmt: skip

    def _attacked(
        self, lab: Lab, ids: Sequence[int], labels: np.ndarray, steps: Sequence[float], rng: np.random.Generator
    ) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """For each way the answers, their probabilities and the largest changes of a value, (steps, n) each.

        The batches are those of `lab.logits`, so that without a change the answers are the same to the last digit.
        """
        parts: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
        starts = range(0, len(ids), self.batch)
        for start in lab.track(starts, f"attacks on {lab.model.name}"):
            chunk = slice(start, start + self.batch)
            pixels = lab.pixels(ids[chunk])
            drawn = rng.integers(0, 2, tuple(pixels.shape)).astype(np.float32) * 2 - 1
            ways = {
                "sign": gradient_sign(lab.model, pixels, torch.from_numpy(labels[chunk]).long().to(pixels.device)),
                "random": torch.from_numpy(drawn).to(pixels),
            }
            for way, direction in ways.items():
                parts[way].append(np.stack([self._asked(lab, pixels, direction, step) for step in steps], axis=1))
        joined = {way: np.concatenate(parts[way], axis=2) for way in WAYS}  # (3, steps, n)
        return {way: (numbers[0].astype(int), numbers[1], numbers[2]) for way, numbers in joined.items()}

    def _asked(self, lab: Lab, pixels: Tensor, direction: Tensor, steps: float) -> np.ndarray:
        """The answers, their probabilities and the largest changes, (3, n), so many steps along a direction."""
        images = moved(pixels, direction, steps / LEVELS, clipped=self.clipped)
        with torch.no_grad():
            logits = lab.model(images).float()
        answers, p = logits.argmax(dim=1), logits.double().softmax(dim=1).amax(dim=1)
        return np.stack([answers.cpu().numpy(), p.cpu().numpy(), perturbation_size(images, pixels)])

    def _control(self, lab: Lab, rng: np.random.Generator) -> dict[str, float]:
        """How often the network with random weights changes its own answer at `compared`."""
        control, ids = lab.with_model(lab.model.randomised(rng)), lab.spread(self.control_images)
        labels = control.logits(ids, self.batch).argmax(axis=1)
        found = self._attacked(control, ids, labels, [float(self.compared)], rng)
        return {way: float((found[way][0] != labels).mean()) for way in WAYS}

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=2.7)
        left, right = picture.subplots(1, 2, sharex=True)
        for way, colour in zip(WAYS, style.COLOURS, strict=False):
            _curve(left, stats, way, "error", colour)
            _curve(right, stats, way, "confidence", colour)
        left.set_ylabel("error")
        right.set_ylabel("mean confidence on errors")
        right.axhline(1 / 2, color="#d0d0d0", linewidth=0.6)
        picture.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        positive = [step for step in stats["steps"] if step]
        for axes in (left, right):
            axes.set_xscale("symlog", base=2, linthresh=positive[0], linscale=0.5)
            axes.set_xticks(stats["steps"], [f"{step:g}" for step in stats["steps"]])
            axes.set_xticks([], minor=True)
            axes.set_xlim(-positive[0] / 4, positive[-1] * 1.15)
            axes.set_ylim(-0.03, 1.03)
            axes.set_xlabel(f"ε, in steps of 1/{LEVELS}")
        return picture

    def alt(self, stats: Stats) -> str:
        last = {way: stats["curves"][way][-1]["error"] for way in WAYS}
        at = stats["at"]
        return (
            f"Two curves of the error over the size of the change, from {stats['clean_error']:.0%} without a change. "
            f"At {stats['compared']:g}/255 it is {at['sign']['error']:.0%} along the sign of the gradient and "
            f"{at['random']['error']:.0%} with random signs; at {stats['steps'][-1]:g}/255 it is "
            f"{last['sign']:.0%} and {last['random']:.0%}. Beside it the mean confidence on those errors."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        zero = {way: stats["curves"][way][0]["error"] for way in WAYS}
        return [
            identity(
                f"{self.name()}.clean",
                "Without a change the error is exactly that on the images as they are.",
                all(error == stats["clean_error"] for error in zero.values()),
                {"error": zero["sign"], "clean_error": stats["clean_error"]},
            ),
            identity(
                f"{self.name()}.size",
                "No value is changed by more than $\\epsilon$.",
                stats["excess"] <= ROUNDING,
                {"largest_excess": max(stats["excess"], 0.0)},
            ),
            self._beats_random(stats),
            self._sure(stats),
        ]

    def _beats_random(self, stats: Stats) -> Claim:
        return tendency(
            f"{self.name()}.beats_random",
            "The sign of the gradient makes the network err more often than random signs of the same size do.",
            {
                "epsilon_in_255": stats["compared"],
                "error_sign": stats["at"]["sign"]["error"],
                "error_random": stats["at"]["random"]["error"],
                "random_weights_sign": stats["control"]["sign"],
                "random_weights_random": stats["control"]["random"],
                "images": stats["images"],
            },
            stats["lead_interval"],
            source="goodfellow2015 sec. 4",
            reference={"error_maxout_mnist_at_0.25": 0.894, "error_conv_maxout_cifar10_at_0.1": 0.8715},
        )

    def _sure(self, stats: Stats) -> Claim:
        at, interval = stats["at"]["sign"], stats["sure_interval"]
        numbers: dict[str, Any] = {"epsilon_in_255": stats["compared"], "errors": at["errors"]}
        if at["confidence"] is not None:
            numbers["confidence"] = at["confidence"]
        low, high = interval or (0.5, 0.5)
        return tendency(
            f"{self.name()}.sure",
            "The network is sure of the errors to which it is led: the mean confidence on them is above one half.",
            numbers,
            (low - 0.5, high - 0.5),
            source="goodfellow2015 sec. 4",
            reference={"confidence_maxout_mnist_at_0.25": 0.976, "confidence_conv_maxout_cifar10_at_0.1": 0.966},
            undecided="" if interval else f"it makes fewer than {FEW} errors",
        )


def _point(wrong: np.ndarray, sureness: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """The error, and the mean confidence on errors where there are enough, with their intervals."""
    errors = int(wrong.sum())
    enough = errors >= FEW
    return {
        "error": float(wrong.mean()),
        "errors": errors,
        "error_interval": list(wilson_interval(errors, len(wrong))),
        "confidence": float(sureness[wrong].mean()) if enough else None,
        "confidence_interval": list(mean_interval(sureness[wrong], rng)) if enough else None,
    }


def _half(steps: Sequence[float], errors: Sequence[float]) -> float | None:
    """The first change at which at least every other image is misclassified, or None."""
    return next((step for step, error in zip(steps, errors, strict=True) if error >= 0.5), None)


def _curve(axes: Axes, stats: Stats, way: str, what: str, colour: str) -> None:
    """One curve with the band of its intervals, where it has a value."""
    points = [(x, point) for x, point in zip(stats["steps"], stats["curves"][way], strict=True)
              if point[what] is not None]  # fmt: skip
    x = [step for step, _ in points]
    axes.plot(x, [point[what] for _, point in points], color=colour, marker="o", markersize=3, label=WAYS[way])
    low, high = ([point[f"{what}_interval"][end] for _, point in points] for end in (0, 1))
    axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
