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
from cnnviz_core.methods.attacks.first_success import first_success
from cnnviz_core.methods.attacks.projected_gradient import random_start
from cnnviz_core.methods.attacks.size_curves import many_steps_curve, one_step_curve, random_curve, step_curve
from cnnviz_core.methods.attacks.smallest_changes import quartiles, smallest_saved
from cnnviz_core.methods.attacks.victims import Victims, thinned, victims
from cnnviz_core.methods.bootstrap import mean_interval, mean_told
from cnnviz_core.methods.wilson import wilson_interval
from cnnviz_core.network import Model

NORMS = {"inf": math.inf, "two": 2.0}
WAYS = {"noise": "random change", "one": "one step", "many": "many steps"}
LEVELS = 255
SLACK = 1e-4  # levels, of floating point
TRIED = 2  # times as many images are looked at as are attacked, since some are misclassified at once
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
        rng, model, ids = lab.rng(self.name()), lab.model, lab.spread(TRIED * self.images_measured)
        found = victims(lab.logits(ids, self.batch), None if lab.targets is None else lab.targets[ids])
        chosen = thinned(found, self.images_measured)
        kept = [ids[k] for k in chosen.kept]
        labels = torch.from_numpy(chosen.labels)
        parts = [slice(start, start + self.batch) for start in range(0, len(kept), self.batch)]
        attacked = [
            self._attacked(model, lab.pixels(kept[part]), labels[part], rng)
            for part in lab.track(parts, "attacks of many steps")
        ]
        rows = {key: np.concatenate([one[key] for one in attacked], axis=-1) for key in attacked[0]}
        return Result(rows, self._stats(rows, chosen, lab, rng))

    def _attacked(self, model: Model, pixels: Tensor, labels: Tensor, rng: np.random.Generator) -> dict[str, Any]:
        """Of each image, last, what fooled: (sizes, n) of each norm and way, (tries, n), and the smallest changes."""
        rows: dict[str, Any] = {}
        for key, norm in NORMS.items():
            sizes = self._sizes(key)
            curves = {
                "noise": random_curve(model, pixels, labels, norm, sizes, rng),
                "one": one_step_curve(model, pixels, labels, norm, sizes),
                "many": many_steps_curve(model, pixels, labels, norm, sizes, self.steps),
            }
            for way, (fooled, excess) in curves.items():
                rows[f"{key} {way}"], rows[f"{key} {way} excess"] = fooled, excess
            found, agrees = smallest_saved(model, pixels, labels, norm=norm, steps=self.search)
            fooled, excess = curves["many"]
            walked = np.where(fooled.T, sizes + excess.T, np.inf).min(axis=1)
            rows[f"{key} smallest"], rows[f"{key} consistent"] = np.minimum(found, walked), agrees
        middle = self._middle()
        rows["steps"] = step_curve(model, pixels, labels, math.inf, middle, self.tries)
        reached = rows["inf many"][self._sizes("inf").index(middle)]
        rows["restarts"] = self._restarted(model, pixels, labels, middle, reached, rng)
        return rows

    def _restarted(
        self, model: Model, pixels: Tensor, labels: Tensor, size: float, reached: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Whether many steps fooled from the image itself, or else from any of the random starts around it."""
        fooled = reached.copy()
        for _ in range(self.restarts):
            left = np.flatnonzero(~fooled)
            if not len(left):
                break
            start = random_start(pixels[left], norm=math.inf, epsilon=size, rng=rng)
            _, won = first_success(
                model, pixels[left], labels[left], norm=math.inf, epsilon=size, steps=self.steps, start=start
            )
            fooled[left] = won.numpy()
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
                    "errors": {way: [_share(row) for row in rows[f"{key} {way}"]] for way in WAYS},
                    "smallest": quartiles(rows[f"{key} smallest"] * unit[key], rng),
                    "many_above_one": mean_told(gains[key].astype(float), rng),
                    "one_above_noise": mean_told(attacks[key].astype(float), rng),
                }
                for key in NORMS
            },
            "middle": self._middle() * LEVELS,
            "tries": [
                {"steps": steps, **_share(row)} for steps, row in zip(self.tries, rows["steps"], strict=True)
            ],
            "restarts": {"starts": self.restarts, **_share(rows["restarts"]),
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
                {"difference": many["mean"]}, many["interval"], source="madry2018", undecided=few,
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


def _share(fooled: np.ndarray) -> dict[str, Any]:
    return {"mean": float(fooled.mean()), "interval": list(wilson_interval(int(fooled.sum()), len(fooled)))}


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
