"""What robust means: the average and the worst case of several ways of changing an image, each in three strengths."""

import math
from collections.abc import Iterator
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
from cnnviz_core.methods.attacks import threats
from cnnviz_core.methods.attacks.eight_bit import as_pixels
from cnnviz_core.methods.attacks.first_success import first_success, fools
from cnnviz_core.methods.attacks.victims import FEWEST, Victims, thinned, victims
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.wilson import wilson_interval
from cnnviz_core.network import Model

THREATS = ("inf", "two", "square", "shift", "turn", "light", "blur")
TITLES = {"inf": "each value", "two": "total length", "square": "gray square", "shift": "shift", "turn": "turn",
          "light": "light, contrast", "blur": "blur"}  # fmt: skip
UNITS = {"inf": "{:g} of 255", "two": "length {:g}", "square": "{:.0%} of side", "shift": "{:.0%} of side",
         "turn": "{:g}°", "light": "{:.0%}", "blur": "σ {:.1%}"}  # fmt: skip
STRENGTHS = ("small", "medium", "large")
LEVELS = 255
TRIED = 2  # times as many images are looked at as are changed, since some are misclassified at once
ENOUGH = 6  # images from which on something is claimed


@dataclass(frozen=True)
class FoolingPatchOrNoise(Figure):
    """Rows of threats with an example each, and the error of the average and of the worst change of every image."""

    images_measured: int
    inf: list[float]
    two: list[float]
    square: list[float]
    shift: list[float]
    turn: list[float]
    light: list[float]
    blur: list[float]
    draws: int
    places: int
    steps: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images_measured", "draws", "steps", "batch")
        self.check_at_least(2, "places")
        for threat in THREATS:
            values, most = getattr(self, threat), {"inf": 255, "two": math.inf, "turn": 180}.get(threat, 1)
            rising = len(values) == len(STRENGTHS) and 0 < values[0] < values[1] < values[2] <= most
            if not rising:
                top = "" if math.isinf(most) else f" and at most {most:g}"
                raise InputError(
                    f"figure.{self.name()}.{threat}={values} must be three rising numbers above 0{top}: "
                    "small, medium, large"
                )
        return None

    def compute(self, lab: Lab) -> Result:
        rng, model, ids = lab.rng(self.name()), lab.model, lab.spread(TRIED * self.images_measured)
        targets = None if lab.targets is None else lab.targets[ids]
        other = next((one for one in model.siblings if bool(one.hardened) != bool(model.hardened)), None)
        networks = [model, *([] if other is None else [other])]
        answers = [lab.with_model(network).logits(ids, self.batch) for network in networks]
        chosen = thinned(_shared(answers, targets), self.images_measured)
        kept, labels = [ids[k] for k in chosen.kept], torch.from_numpy(chosen.labels)
        parts = [slice(start, start + self.batch) for start in range(0, len(kept), self.batch)]
        seed = int(rng.integers(2**63))
        found: list[np.ndarray] = []
        for part in lab.track([part for part in parts for _ in networks], "kinds of change"):
            network = networks[len(found) % len(networks)]
            draw = np.random.default_rng([seed, part.start])  # the same noise for both networks
            found.append(self._errors(network, lab.pixels(kept[part]), labels[part], draw))
        errors = [
            np.concatenate(found[k :: len(networks)], axis=-1) for k in range(len(networks))
        ]  # each (2, threats, strengths, n)
        first = lab.pixels(kept[:1])
        examples = [self._example(model, first, labels[:1], threat, rng) for threat in THREATS]
        arrays = {"images": (torch.cat([first, *examples]) * LEVELS).round().byte().cpu().numpy()}
        return Result(arrays, {
            "images": len(kept), "excluded": chosen.excluded, "label": chosen.kind,
            "networks": [network.name for network in networks],
            "names": {threat: [UNITS[threat].format(value) for value in getattr(self, threat)] for threat in THREATS},
            "errors": [
                {threat: {kind: [_number(row, rng) for row in found[c, t]] for c, kind in enumerate(("mean", "worst"))}
                 for t, threat in enumerate(THREATS)}
                for found in errors
            ],
            "gaps": {threat: _gap((errors[0][1] - errors[0][0])[t].mean(axis=0), rng)
                     for t, threat in enumerate(THREATS)},
            "wrong_way": float((errors[0][0] - errors[0][1]).max()),
            **(_carried(errors, model, rng) if other is not None else {}),
        })  # fmt: skip

    def _errors(self, model: Model, pixels: Tensor, labels: Tensor, rng: np.random.Generator) -> np.ndarray:
        """(2, threats, strengths, n): the share of the changes of each image that fool, and whether any of them does.

        What a strength allows contains what a smaller one does.
        """
        rows = np.zeros((2, len(THREATS), len(STRENGTHS), len(pixels)))
        for t, threat in enumerate(THREATS):
            worst = np.zeros(len(pixels), dtype=bool)
            for s in range(len(STRENGTHS)):
                fooled = np.stack(
                    [_fooled(model, images, labels) for images in self._changes(model, pixels, threat, s, rng)]
                )
                worst |= fooled.any(axis=0)
                if threat in ("inf", "two") and not worst.all():
                    left = np.flatnonzero(~worst)
                    worst[left] = self._attacked(model, pixels[left], labels[left], threat, s)[1].numpy()
                rows[:, t, s] = fooled.mean(axis=0), worst
        return rows

    def _changes(
        self, model: Model, pixels: Tensor, threat: str, strength: int, rng: np.random.Generator
    ) -> Iterator[Tensor]:
        """Images around each, over which the average is taken."""
        size, short = getattr(self, threat)[strength], min(pixels.shape[2:])
        if threat == "inf":
            return (threats.sign_noise(pixels, size / LEVELS, rng) for _ in range(self.draws))
        if threat == "two":
            return (threats.gaussian_noise(pixels, size, rng) for _ in range(self.draws))
        if threat == "square":
            side = max(round(size * short), 1)
            return threats.squares(pixels, side, torch.tensor(model.mean), self.places)
        if threat == "shift":
            return threats.shifts(pixels, max(round(size * short), 1), self.places)
        if threat == "turn":
            return threats.turns(pixels, size, 2 * self.places - 1)
        if threat == "light":
            return threats.lights(pixels, size, self.places)
        return threats.blurs(pixels, size * short, self.places)

    def _attacked(
        self, model: Model, pixels: Tensor, labels: Tensor, threat: str, strength: int
    ) -> tuple[Tensor, Tensor]:
        """The saved images of many steps up the gradient, and whether they fool."""
        norm, size = (math.inf, self.inf[strength] / LEVELS) if threat == "inf" else (2, self.two[strength])
        return first_success(model, pixels, labels, norm=norm, epsilon=size, steps=self.steps)

    def _example(self, model: Model, pixels: Tensor, labels: Tensor, threat: str, rng: np.random.Generator) -> Tensor:
        """A change within the largest strength that fools, or the last one tried."""
        if threat in ("inf", "two"):
            return as_pixels(self._attacked(model, pixels, labels, threat, 2)[0])
        for images in self._changes(model, pixels, threat, 2, rng):
            if _fooled(model, images, labels)[0]:
                break
        return images

    def draw(self, result: Result) -> Picture:
        stats, rows = result.stats, len(THREATS)
        picture = style.picture(height=5.2)
        grid = picture.add_gridspec(rows, 4, width_ratios=[0.55, 1, 1, 1], hspace=0.08, wspace=0.06)
        for t, threat in enumerate(THREATS):
            axes = picture.add_subplot(grid[t, 0])
            style.show_image(axes, result.arrays["images"][t + 1])
            axes.set_ylabel(TITLES[threat], rotation=0, ha="right", va="center", fontsize=7)
            for s, strength in enumerate(STRENGTHS):
                panel = picture.add_subplot(grid[t, s + 1])
                _pairs(panel, stats, threat, s)
                panel.set_xticks([0, 0.5, 1], ["0", "0.5", "1"] if t == rows - 1 else [])
                if t == 0:
                    panel.set_title(strength)
                if t == rows - 1:
                    panel.set_xlabel("error")
        handles, labels = panel.get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside lower center", ncols=4)
        return picture

    def alt(self, stats: Stats) -> str:
        parts = [
            f"{TITLES[threat]} ({stats['names'][threat][1]}) {row['mean'][1]['mean']:.2f} on average and "
            f"{row['worst'][1]['mean']:.2f} in the worst case"
            for threat, row in stats["errors"][0].items()
        ]
        return (
            f"Error of {' and of '.join(stats['networks'])} on {stats['images']} images for {len(THREATS)} kinds of "
            f"change, in three strengths, with an example each. Medium strength, {stats['networks'][0]}: "
            f"{'; '.join(parts)}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        few = "" if stats["images"] >= ENOUGH else f"{stats['images']} images are too few to tell"
        said = [
            tendency(
                f"{self.name()}.worst_{threat}",
                f"{TITLES[threat][0].upper()}{TITLES[threat][1:]}: the worst change of each image fools more often "
                "than the average one (over the three strengths).",
                {"difference": stats["gaps"][threat]["mean"]}, stats["gaps"][threat]["interval"],
                source="engstrom2019" if threat in ("shift", "turn") else "", undecided=few,
            )
            for threat in THREATS
        ]  # fmt: skip
        text = "The worst case of a set of changes is at least as bad as their average, for every image."
        worst = identity(
            f"{self.name()}.worst_is_worst", text, stats["wrong_way"] <= 0, {"largest_excess": stats["wrong_way"]}
        )
        if "carried" not in stats:
            return [worst, *said]
        carried = stats["carried"]
        return [worst, *said, tendency(
            f"{self.name()}.does_not_carry",
            "What adversarial training wins against changes of each value is more than what it wins against shifts and "
            "turns, in the worst case.",
            {"won_each_value": carried["values"], "won_shift_and_turn": carried["moves"]}, carried["interval"],
            source="engstrom2019", undecided=few,
        )]  # fmt: skip


def _shared(answers: list[np.ndarray], targets: np.ndarray | None) -> Victims:
    """Images that all of the networks classify rightly, so that none begins with errors; else those of the first."""
    first = victims(answers[0], targets)
    if first.kind == "predicted":
        targets = first.labels
    agreed = np.all([found.argmax(axis=1) == targets for found in answers], axis=0)
    if agreed.sum() < FEWEST or targets is None:
        return first
    kept = np.flatnonzero(agreed)
    return Victims(kept.tolist(), targets[kept], first.kind, len(agreed) - len(kept))


def _carried(errors: list[np.ndarray], model: Model, rng: np.random.Generator) -> dict[str, Any]:
    """What training on attacks wins, in the worst case, in the norm of its attacks and against moves."""
    plain, hardened = errors[::-1] if model.hardened else errors
    won = (plain - hardened)[1].mean(axis=1)  # (threats, n)
    values = won[THREATS.index("inf")]
    moves = (won[THREATS.index("shift")] + won[THREATS.index("turn")]) / 2
    interval = list(mean_interval(values - moves, rng))
    return {"carried": {"values": float(values.mean()), "moves": float(moves.mean()), "interval": interval}}


def _fooled(model: Model, images: Tensor, labels: Tensor) -> np.ndarray:
    """Whether the images, saved in 8 bits, are not given their label."""
    return np.asarray(fools(model, (images * LEVELS).round() / LEVELS, labels).cpu().numpy())


def _gap(row: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    return {"mean": float(row.mean()), "interval": list(mean_interval(row, rng))}


def _number(row: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """The mean over the images and its interval: Wilson's where each is fooled always or never."""
    if set(np.unique(row)) <= {0.0, 1.0}:
        return {"mean": float(row.mean()), "interval": list(wilson_interval(int(row.sum()), len(row)))}
    return _gap(row, rng)


def _pairs(axes: Axes, stats: Stats, threat: str, strength: int) -> None:
    """Dots of the average and of the worst case, with intervals; a line of each network."""
    for n, name in enumerate(stats["networks"]):
        ends = [stats["errors"][n][threat][kind][strength] for kind in ("mean", "worst")]
        for row, (kind, face, end) in enumerate(
            zip(("average", "worst"), ("white", style.COLOURS[1 - n]), ends, strict=True)
        ):
            place = n + 0.34 * (row - 0.5)
            low, high = end["interval"]
            errors = [[max(end["mean"] - low, 0)], [max(high - end["mean"], 0)]]
            axes.errorbar([end["mean"]], [place], xerr=errors, fmt="o", markersize=4, color=style.COLOURS[1 - n],
                          markerfacecolor=face, elinewidth=0.8, label=f"{style.short(name, 14)}, {kind}")  # fmt: skip
    axes.set(xlim=(-0.05, 1.05), ylim=(len(stats["networks"]) - 0.3, -1.0), yticks=[])
    axes.text(0.02, 0.98, stats["names"][threat][strength], transform=axes.transAxes, fontsize=6, va="top")
    axes.grid(axis="x")
