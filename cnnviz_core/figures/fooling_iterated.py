"""One step against many: error by the size of the attack in two norms, and the smallest change found of each image."""

import math
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
from cnnviz_core.methods.attacks.eight_bit import as_pixels, eight_bit
from cnnviz_core.methods.attacks.minimum_norm import minimum_norm, saved_successes
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size
from cnnviz_core.methods.attacks.projected_gradient import inside, projected_gradient, random_start
from cnnviz_core.methods.attacks.threats import gaussian_noise, sign_noise
from cnnviz_core.methods.attacks.victims import Victims, victims
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.network import Model

NORMS = {"inf": math.inf, "two": 2.0}
WAYS = {"noise": "random change", "one": "one step", "many": "many steps"}
LEVELS = 255
SLACK = 1e-4  # levels, of floating point
ENOUGH = 6  # images from which on something is claimed


@dataclass(frozen=True)
class FoolingIterated(Figure):
    """Error against the size of one step and of many, the same as a distribution, and error by the number of steps."""

    images_measured: int
    sizes_inf: list[float]
    sizes_two: list[float]
    steps: int
    search: int
    tries: list[int]
    restarts: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images_measured", "steps", "search", "restarts", "batch")
        for setting, most in (("sizes_inf", 255.0), ("sizes_two", math.inf)):
            sizes = getattr(self, setting)
            if not sizes or not all(math.isfinite(size) and 0 < size <= most for size in sizes):
                allowed = "one or more numbers above 0" + (" and at most 255" if most == 255 else "")
                raise InputError(f"figure.{self.name()}.{setting}={sizes} must be {allowed}: {_unit(setting)}")
        if not self.tries or min(self.tries) < 1:
            raise InputError(f"figure.{self.name()}.tries={self.tries} must be one or more whole numbers of at least 1")
        return None

    def compute(self, lab: Lab) -> Result:
        rng, model, ids = lab.rng(self.name()), lab.model, lab.spread(self.images_measured)
        chosen = victims(lab.logits(ids, self.batch), None if lab.targets is None else lab.targets[ids])
        kept = [ids[k] for k in chosen.kept]
        labels = torch.from_numpy(chosen.labels)
        parts = [slice(start, start + self.batch) for start in range(0, len(kept), self.batch)]
        found = [
            self._attacked(model, lab.pixels(kept[part]), labels[part], rng)
            for part in lab.track(parts, "attacks of many steps")
        ]
        rows = {key: np.concatenate([one[key] for one in found], axis=-1) for key in found[0]}
        return Result(rows, self._stats(rows, chosen, lab, rng))

    def _attacked(self, model: Model, pixels: Tensor, labels: Tensor, rng: np.random.Generator) -> dict[str, Any]:
        """Of each image, last, what fooled: (sizes, n) of each norm and way, (tries, n), and the smallest changes."""
        rows: dict[str, Any] = {}
        for key, norm in NORMS.items():
            for way in WAYS:
                fooled, excess = self._swept(model, pixels, labels, way, norm, self._sizes(key), rng)
                rows[f"{key} {way}"], rows[f"{key} {way} excess"] = fooled, excess
            found, _ = minimum_norm(model, pixels, labels, norm=norm, steps=self.search)
            saved, lengthened = saved_successes(model, found, pixels, labels)
            smallest = perturbation_size(as_pixels(saved).to(pixels), pixels, norm)
            fooled = _fooled(model, as_pixels(saved).to(pixels), labels)
            many = self._sizes(key) + rows[f"{key} many excess"].T
            walked = np.where(rows[f"{key} many"].T > 0, many, np.inf).min(axis=1)
            rows[f"{key} smallest"] = np.minimum(np.where(fooled, smallest, np.inf), walked)
            rows[f"{key} consistent"] = fooled == ~np.isnan(lengthened.numpy())
        middle = self._middle()
        rows["steps"] = np.stack([
            _fooled(model, self._walk(model, pixels, labels, math.inf, middle, steps, None), labels)
            for steps in self.tries
        ])  # fmt: skip
        rows["restarts"] = self._restarted(model, pixels, labels, middle, rng)
        return rows

    def _swept(
        self,
        model: Model,
        pixels: Tensor,
        labels: Tensor,
        way: str,
        norm: float,
        sizes: list[float],
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(sizes, n) whether each size fooled, and by how much more the images were changed than allowed.

        What many steps reached with a smaller size is within a larger one too: only what is left is attacked again.
        """
        fooled, excess = np.zeros((2, len(sizes), len(pixels)))
        done = np.zeros(len(pixels), dtype=bool)
        for k in np.argsort(sizes):
            left = np.flatnonzero(~done)
            if len(left):
                images = self._made(model, pixels[left], labels[left], way, norm, sizes[k], rng)
                fooled[k, left] = _fooled(model, images, labels[left])
                excess[k, left] = perturbation_size(images, pixels[left], norm) - sizes[k]
            if way == "many":
                fooled[k, done] = 1
                done = fooled[k] > 0
        return fooled, excess

    def _made(
        self, model: Model, pixels: Tensor, labels: Tensor, way: str, norm: float, size: float, rng: np.random.Generator
    ) -> Tensor:
        """The images of 8 bits that a change of that size led to."""
        if way == "noise":
            images = (sign_noise if norm == math.inf else gaussian_noise)(pixels, size, rng)
            return as_pixels(eight_bit(inside(images, pixels, size, norm), pixels, epsilon=size, norm=norm)).to(pixels)
        return self._walk(model, pixels, labels, norm, size, 1 if way == "one" else self.steps, None)

    def _walk(
        self, model: Model, pixels: Tensor, labels: Tensor, norm: float, size: float, steps: int, start: Tensor | None
    ) -> Tensor:
        """Steps of 2.5 times the size by their number, as Madry et al. take them; a single one goes all the way."""
        images = projected_gradient(
            model, pixels, labels, norm=norm, epsilon=size, steps=steps, step=size * min(2.5 / steps, 1), start=start
        )
        return as_pixels(eight_bit(images, pixels, epsilon=size, norm=norm)).to(pixels)

    def _restarted(
        self, model: Model, pixels: Tensor, labels: Tensor, size: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Whether any of the walks fooled: from the image itself, and from random starts around it."""
        fooled = _fooled(model, self._walk(model, pixels, labels, math.inf, size, self.steps, None), labels)
        for _ in range(self.restarts if not fooled.all() else 0):
            left = np.flatnonzero(~fooled)
            start = random_start(pixels[left], norm=math.inf, epsilon=size, rng=rng)
            fooled[left] = _fooled(
                model, self._walk(model, pixels[left], labels[left], math.inf, size, self.steps, start), labels[left]
            )
            if fooled.all():
                break
        return fooled

    def _sizes(self, key: str) -> list[float]:
        """In the range of pixels, from 0 to 1."""
        return [size / LEVELS for size in self.sizes_inf] if key == "inf" else list(self.sizes_two)

    def _middle(self) -> float:
        return self._sizes("inf")[(len(self.sizes_inf) - 1) // 2]

    def _stats(self, rows: dict[str, Any], chosen: Victims, lab: Lab, rng: np.random.Generator) -> dict[str, Any]:
        unit = {"inf": LEVELS, "two": 1}
        gains = {key: (rows[f"{key} many"].mean(0) - rows[f"{key} one"].mean(0)) for key in NORMS}
        attacks = {key: (rows[f"{key} one"].mean(0) - rows[f"{key} noise"].mean(0)) for key in NORMS}
        worst = max(float(rows[f"{key} {way} excess"].max()) for key in NORMS for way in WAYS)
        more = rows["restarts"].astype(float) - rows["inf many"][self._sizes("inf").index(self._middle())]
        return {
            "images": len(chosen.kept),
            "excluded": chosen.excluded,
            "label": chosen.kind,
            "norms": {
                key: {
                    "sizes": [float(size * unit[key]) for size in self._sizes(key)],
                    "errors": {way: [_number(row, rng) for row in rows[f"{key} {way}"]] for way in WAYS},
                    "smallest": _quantiles(rows[f"{key} smallest"] * unit[key], rng),
                    "many_above_one": _number(gains[key], rng),
                    "one_above_noise": _number(attacks[key], rng),
                }
                for key in NORMS
            },
            "middle": self._middle() * LEVELS,
            "tries": [
                {"steps": steps, **_number(row, rng)} for steps, row in zip(self.tries, rows["steps"], strict=True)
            ],
            "restarts": {"starts": self.restarts, **_number(rows["restarts"], rng),
                         "gain": float(more.mean()), "gain_interval": list(mean_interval(more, rng))},
            "excess_levels": worst * LEVELS,
            "consistent": bool(all(rows[f"{key} consistent"].all() for key in NORMS)),
            "values": 3 * lab.model.size[0] * lab.model.size[1],
        }  # fmt: skip

    def draw(self, result: Result) -> Picture:
        picture = style.picture(height=2.5)
        panels = picture.subplots(1, 3, width_ratios=[1, 1, 0.8], sharey=True)
        stats, names = (
            result.stats,
            {"inf": "each value by at most\n(levels of 255)", "two": "Euclidean length\n(pixels from 0 to 1)"},
        )
        for axes, key in zip(panels[:2], NORMS, strict=True):
            _curves(axes, stats["norms"][key], result.arrays[f"{key} smallest"] * (LEVELS if key == "inf" else 1))
            axes.set_xlabel(names[key])
        panels[0].set_ylabel("error")
        panels[0].set_ylim(-0.03, 1.05)
        handles, labels = panels[0].get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside upper center", ncols=4)
        _converged(panels[2], stats)
        return picture

    def alt(self, stats: Stats) -> str:
        parts = []
        for key, words in (("inf", "levels"), ("two", "in length")):
            norm = stats["norms"][key]
            k = (len(norm["sizes"]) - 1) // 2
            parts.append(
                f"at {norm['sizes'][k]:g} {words} the error is {norm['errors']['noise'][k]['mean']:.2f} after a random "
                f"change, {norm['errors']['one'][k]['mean']:.2f} after one step and "
                f"{norm['errors']['many'][k]['mean']:.2f} after many"
            )
        return (
            f"Error on {stats['images']} images against the size of the change, in two norms, for a random change, one "
            f"step and {self.steps} steps, with the distribution of the smallest change found; and error against the "
            f"number of steps. {'; '.join(parts)}.".replace(". at", ". At")
        )

    def claims(self, stats: Stats) -> list[Claim]:
        few = "" if stats["images"] >= ENOUGH else f"{stats['images']} images are too few to tell"
        return [
            identity(
                f"{self.name()}.size",
                "No saved image of 8 bits is farther from the original than the size of its attack.",
                stats["excess_levels"] <= SLACK,
                {"farthest_beyond_in_levels": stats["excess_levels"]},
            ),
            identity(
                f"{self.name()}.saved",
                "Shown again, every image saved as a success is still a success.",
                stats["consistent"],
                {"images": stats["images"]},
            ),
            *(claim for key in NORMS for claim in self._compared(key, stats, few)),
        ]

    def _compared(self, key: str, stats: Stats, few: str) -> list[Claim]:
        norm, words = stats["norms"][key], {"inf": "infinity", "two": "Euclidean"}[key]
        many, noise = norm["many_above_one"], norm["one_above_noise"]
        return [
            tendency(
                f"{self.name()}.many_{key}",
                f"Many small steps fool more often than one large one of the same size in the {words} norm (average "
                "over the sizes).",
                {"difference": many["mean"]}, many["interval"], source="madry2018 sec. 5", undecided=few,
            ),
            tendency(
                f"{self.name()}.direction_{key}",
                f"One step along the gradient fools more often than a random change of the same size in the {words} "
                "norm: it is the direction that does it.",
                {"difference": noise["mean"]}, noise["interval"], source="goodfellow2015 sec. 4", undecided=few,
            ),
        ]  # fmt: skip


def _unit(setting: str) -> str:
    return "levels of 255" if setting == "sizes_inf" else "lengths, with pixels from 0 to 1"


def _fooled(model: Model, images: Tensor, labels: Tensor) -> np.ndarray:
    with torch.no_grad():
        return np.asarray((model(images).argmax(dim=1).cpu() != labels).numpy())


def _number(row: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    return {"mean": float(row.mean()), "interval": list(mean_interval(row.astype(float), rng))}


def _quantiles(smallest: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Median with its bootstrap interval and quartiles; None where so many images were never fooled."""
    drawn = smallest[rng.integers(len(smallest), size=(2000, len(smallest)))]
    medians = np.quantile(drawn, 0.5, axis=1, method="lower")
    low, high = np.quantile(medians, [0.025, 0.975], method="nearest")
    quarters = np.quantile(smallest, [0.25, 0.5, 0.75], method="lower")
    first, median, third, low, high = (float(v) if np.isfinite(v) else None for v in (*quarters, low, high))
    never = int(np.isinf(smallest).sum())
    return {"median": median, "interval": [low, high], "quartiles": [first, third], "never": never}


def _curves(axes: Axes, norm: Stats, smallest: np.ndarray) -> None:
    sizes = norm["sizes"]
    for k, (way, label) in enumerate(WAYS.items()):
        means = np.array([number["mean"] for number in norm["errors"][way]])
        low, high = np.array([number["interval"] for number in norm["errors"][way]]).T
        color = style.COLOURS[(6, 0, 1)[k]]
        axes.errorbar(
            sizes, means, yerr=[np.maximum(means - low, 0), np.maximum(high - means, 0)], fmt=".-", color=color,
            elinewidth=0.8, label=label,
        )  # fmt: skip
    finite = np.sort(smallest[np.isfinite(smallest)])
    right = max(sizes) * 1.1
    steps = np.concatenate([finite[finite <= right], [right]])
    heights = np.concatenate([np.arange(1, len(steps)) / len(smallest), [(len(steps) - 1) / len(smallest)]])
    axes.step(steps, heights, where="post", color="black", linewidth=0.9, label="smallest change found")
    style.log_scale(axes)
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.set_xlim(min(sizes) / 1.15, right)
    axes.grid(axis="y")


def _converged(axes: Axes, stats: Stats) -> None:
    steps = [row["steps"] for row in stats["tries"]]
    means = np.array([row["mean"] for row in stats["tries"]])
    low, high = np.array([row["interval"] for row in stats["tries"]]).T
    errors = [np.maximum(means - low, 0), np.maximum(high - means, 0)]
    axes.errorbar(steps, means, yerr=errors, fmt=".-", color=style.COLOURS[1], elinewidth=0.8)
    restarts = stats["restarts"]
    axes.axhline(restarts["mean"], color=style.COLOURS[1], linewidth=0.8, linestyle=":")
    axes.text(0.97, 0.04, f"dotted: best of {restarts['starts'] + 1} starts", ha="right", transform=axes.transAxes,
              fontsize=6.5)  # fmt: skip
    style.log_scale(axes)
    axes.set_xticks(steps, [str(number) for number in steps])
    axes.set_xticks([], minor=True)
    axes.set_xlabel(f"number of steps\n(each value by at most {stats['middle']:g})")
    axes.grid(axis="y")
