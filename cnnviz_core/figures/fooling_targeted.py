"""Steepest ascent from an image to a class that one chooses, as in the third assignment of CS231n."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.attacks.eight_bit import LEVELS, as_pixels, eight_bit
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size
from cnnviz_core.methods.attacks.targeted_ascent import Ascent, ascend_to
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.wilson import wilson_interval

ENOUGH = 6  # images from which on a tendency is judged
TIE = 1e-3  # relative difference of two logits, below which either may come first in another batch
TIMES = 10  # by which the last column's differences are enlarged


@dataclass(frozen=True)
class FoolingTargeted(Figure):
    """Rows of an image, what it was made into, and the difference, as it is and enlarged."""

    images: list[int] | None
    count: int
    search: int
    target: str | int | None
    rate: float
    steps: int
    images_measured: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("images", lab)
        self.check_at_least(1, "count", "search", "steps", "images_measured", "batch")
        if self.rate <= 0:
            raise InputError(f"figure.{self.name()}.rate={self.rate} must be above 0")
        if len(lab.model.classes) < 2:
            return f"{lab.model.name} has one output: there is no other class to reach"
        wanted = self._wanted(lab)
        for i in self.images or []:
            if wanted is not None and lab.targets is not None and lab.targets[i] == wanted:
                self._refuse(lab, i, wanted, "is of that class")
        return None

    def _wanted(self, lab: Lab) -> int | None:
        """The output that the setting names."""
        classes, target = lab.model.classes, self.target
        if target is None:
            return None
        if isinstance(target, int) and 0 <= target < len(classes):
            return target
        found = [k for k, name in enumerate(classes) if name.casefold() == str(target).casefold()]
        if not found:
            raise InputError(
                f"figure.{self.name()}.target={target} is no class of {lab.model.name}{nearest(str(target), classes)} "
                f"Allowed are the names of its {len(classes)} outputs, and their numbers from 0 on"
            )
        return found[0]

    def _refuse(self, lab: Lab, i: int, wanted: int, why: str) -> None:
        raise InputError(
            f"figure.{self.name()}.target={self.target}: image {i} {why} ({lab.model.classes[wanted]}) as it is; the "
            "target must be another one"
        )

    def compute(self, lab: Lab) -> Result:
        rng = lab.rng(self.name())
        ids = self.images or lab.examples(self.search, self.search)
        shown, targets = self._started(lab, ids, rng, given=self.images is not None)
        shown, targets = (shown, targets) if self.images else (shown[: self.count], targets[: self.count])
        if not shown:
            raise InputError(f"figure.{self.name()}.target={self.target}: each image is, or is taken for, that class")
        pixels = lab.pixels(shown)
        ascent = self._ascent(lab, shown, targets)
        before, after = (_probabilities(lab, images) for images in (pixels, as_pixels(ascent.saved)))
        told = [
            {
                "index": i, "answer": lab.model.classes[int(before[k].argmax())], "p": float(before[k].max()),
                "target": lab.model.classes[targets[k]], "p_target_before": float(before[k, targets[k]]),
                "p_target": float(after[k, targets[k]]), "now": lab.model.classes[int(after[k].argmax())],
                **row,
            }
            for k, (i, row) in enumerate(zip(shown, self._rows(lab, shown, targets, ascent), strict=True))
        ]  # fmt: skip
        return Result(
            {"clean": (pixels * LEVELS).round().byte().cpu().numpy(), "saved": ascent.saved.cpu().numpy()},
            {
                "images": told,
                "target": None if self.target is None else lab.model.classes[targets[0]],
                "limit": self.steps,
                "length": self._length(lab),
                "measured": self._measured(lab, rng),
            },
        )

    def _length(self, lab: Lab) -> float:
        """Of a step, in pixels from 0 to 1."""
        return self.rate * float(np.mean(lab.model.std))

    def _started(
        self, lab: Lab, ids: Sequence[int], rng: np.random.Generator, *, given: bool = False
    ) -> tuple[list[int], list[int]]:
        """The images that are not, and are not taken for, their target as they are; and their targets."""
        logits, wanted = lab.logits(ids), self._wanted(lab)
        among = np.array(sorted(set(lab.outputs or range(logits.shape[1]))))
        kept: list[int] = []
        targets: list[int] = []
        for i, row in zip(ids, logits, strict=True):
            own = None if lab.targets is None else int(lab.targets[i])
            others = among[(among != own) & (among != row.argmax())]
            if wanted is None and not len(others):
                continue
            target = int(others[row[others].argmin()]) if wanted is None else wanted
            if target not in (own, int(row.argmax())):
                kept.append(i)
                targets.append(target)
            elif given:
                self._refuse(lab, i, target, "is taken for that class")
        return kept, targets

    def _ascent(self, lab: Lab, ids: Sequence[int], targets: Sequence[int]) -> Ascent:
        """The ascents of many images, in batches."""
        parts = []
        for start in lab.track(range(0, len(ids), self.batch), f"reaching classes of {lab.model.name}"):
            chunk = slice(start, start + self.batch)
            wanted = torch.tensor(targets[chunk])
            parts.append(ascend_to(lab.model, lab.pixels(ids[chunk]), wanted, rate=self._length(lab), steps=self.steps))
        saved = torch.cat([part.saved for part in parts])
        reached, steps = (np.concatenate([getattr(part, name) for part in parts]) for name in ("reached", "steps"))
        return Ascent(saved, reached, steps)

    def _rows(self, lab: Lab, ids: Sequence[int], targets: Sequence[int], ascent: Ascent) -> list[dict[str, Any]]:
        """Of each image what became of it, asked again of the saved one, alone."""
        rows = []
        for k, i in enumerate(ids):
            image = as_pixels(ascent.saved[k : k + 1])
            with torch.no_grad():
                logits = lab.model(image)[0].double().cpu()
            gap = float(logits.max() - logits[targets[k]])
            length = float(perturbation_size(image, lab.pixels([i]), 2)[0])
            most = int(ascent.steps[k]) * self._length(lab) + 0.5 / LEVELS * image[0].numel() ** 0.5
            rows.append(
                {
                    "reached": bool(ascent.reached[k]),
                    "steps": int(ascent.steps[k]),
                    "length": length,
                    "mean_levels": float((image - lab.pixels([i])).abs().mean()) * LEVELS,
                    "agrees": bool(not ascent.reached[k] or gap <= TIE * (1 + float(logits.abs().max()))),
                    "excess": length - most,
                }
            )
        return rows

    def _measured(self, lab: Lab, rng: np.random.Generator) -> dict[str, Any]:
        """How many of many images reach their class, how far they are moved, and what as long a random change does."""
        ids, targets = self._started(lab, lab.spread(self.images_measured), rng)
        if not ids:
            return {"images": 0}
        ascent = self._ascent(lab, ids, targets)
        rows = self._rows(lab, ids, targets, ascent)
        random = self._random(lab, ids, targets, [row["length"] for row in rows], rng)
        lengths, apart = np.array([row["length"] for row in rows]), _apart(lab.pixels(ids))
        others, control = self._untrained(lab, ids, rng) if len(ids) >= ENOUGH else ([], None)
        reached = ascent.reached
        return {
            "images": len(ids),
            "reached": int(reached.sum()),
            "share": float(reached.mean()),
            "interval": list(wilson_interval(int(reached.sum()), len(ids))),
            "steps": float(np.median(ascent.steps[reached])) if reached.any() else None,
            "stuck": int((~reached & (ascent.steps < self.steps)).sum()),
            "most_steps": int(ascent.steps.max()),
            "length": float(lengths[reached].mean()) if reached.any() else None,
            "levels": float(np.mean([r["mean_levels"] for r in rows if r["reached"]])) if reached.any() else None,
            "apart": float(apart.mean()) if len(ids) > 1 else None,
            "random": float(random.mean()),
            "agree": all(row["agrees"] for row in rows),
            "excess": max(row["excess"] for row in rows),
            "beats_random": list(mean_interval(reached.astype(float) - random, rng)),
            "shorter": list(mean_interval((apart - lengths)[reached], rng))
            if reached.sum() > 1 and len(ids) > 1
            else None,
            "untrained": None
            if control is None
            else {
                "images": len(others),
                "share": float(control.reached.mean()),
                "steps": float(np.median(control.steps)),
            },
        }

    def _untrained(self, lab: Lab, ids: Sequence[int], rng: np.random.Generator) -> tuple[list[int], Ascent | None]:
        """The same with random weights."""
        untrained = lab.with_model(lab.model.randomised(rng))
        others, targets = self._started(untrained, ids, rng)
        return others, self._ascent(untrained, others, targets) if others else None

    def _random(
        self, lab: Lab, ids: Sequence[int], targets: Sequence[int], lengths: Sequence[float], rng: np.random.Generator
    ) -> np.ndarray:
        """Whether each image is taken for its target after a random change of that length."""
        found = []
        for i, target, length in zip(ids, targets, lengths, strict=True):
            pixels = lab.pixels([i])
            noise = torch.from_numpy(rng.standard_normal(tuple(pixels.shape), dtype=np.float32)).to(pixels)
            saved = eight_bit(pixels + length * noise / noise.norm(), pixels)
            found.append(float(_probabilities(lab, as_pixels(saved))[0].argmax() == target))
        return np.array(found)

    def draw(self, result: Result) -> Picture:
        told = result.stats["images"]
        picture = style.picture(height=1.75 * len(told) + 0.1)
        panels = picture.subplots(len(told), 4, squeeze=False)
        for row, image in enumerate(told):
            clean, saved = (result.arrays[name][row].astype(float) / LEVELS for name in ("clean", "saved"))
            unit = "step" if image["steps"] == 1 else "steps"
            ending = "" if image["reached"] else ", not reached"
            titles = (
                f"{style.short(image['answer'], 20)}\np = {image['p']:.2f}",
                f"{style.short(image['now'], 20)}\np = {image['p_target' if image['reached'] else 'p']:.2f}"
                if image["reached"]
                else f"not {style.short(image['target'], 18)}\np = {image['p_target']:.2g}",
                f"difference, {image['steps']} {unit}\nlength {image['length']:.2g}{ending}",
                f"difference × {TIMES}\n{image['mean_levels']:.2g} levels on average",
            )
            pictures = clean, saved, 0.5 + (saved - clean), 0.5 + TIMES * (saved - clean)
            for axes, pixels, title in zip(panels[row], pictures, titles, strict=True):
                style.show_image(axes, pixels, title)
        return picture

    def alt(self, stats: Stats) -> str:
        rows = "; ".join(
            f"{row['answer']} {'made' if row['reached'] else 'not made'} {row['target']} in {row['steps']} steps by a "
            f"change of length {row['length']:.2f}"
            for row in stats["images"]
        )
        measured = stats["measured"]
        many = f" Of {measured['images']} images {measured['reached']} reach their class." if measured["images"] else ""
        return (
            "Rows of an image, what it was made into, and the difference as it is and ten times as large, on gray: "
            f"{rows}.{many}"
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, measured, images = self.name(), stats["measured"], stats["images"]
        few = "" if measured["images"] >= ENOUGH else f"{measured['images']} images are too few to tell"
        short = few or ("" if measured.get("shorter") else "fewer than two images reached their class")
        agree = all(row["agrees"] for row in images) and measured.get("agree", True)
        steps = max([row["steps"] for row in images] + [measured.get("most_steps", 0)])
        excess = max([row["excess"] for row in images] + [measured.get("excess", -1.0)])
        return [
            identity(
                f"{name}.named",
                "Every image that is said to have reached its class is given it when the saved 8-bit image is shown to "
                "the network again, alone.",
                agree,
                {"images": len(images) + measured["images"]},
            ),
            identity(
                f"{name}.steps", f"No ascent made more than {self.steps} steps.", steps <= self.steps, {"most": steps}
            ),
            identity(
                f"{name}.length",
                "No change is longer (L2) than all its steps together, and what rounding to 8 bits can add.",
                excess <= 1e-4,
                {"largest_excess": excess},
            ),
            tendency(
                f"{name}.beats_random",
                "It is the direction that does it: the ascent reaches the class more often than a random change of the "
                "same length.",
                {key: measured[key] for key in ("share", "random")} if measured["images"] else {},
                measured.get("beats_random", [0, 0]),
                source="cs231n assignment 3",
                undecided=few,
            ),
            tendency(
                f"{name}.short",
                "An image is moved less far than to the nearest of the other images.",
                {"length": measured["length"], "to_the_nearest": measured["apart"]} if not short else {},
                measured.get("shorter") or [0, 0],
                source="szegedy2014",
                undecided=short,
            ),
        ]


def _probabilities(lab: Lab, pixels: Tensor) -> Tensor:
    with torch.no_grad():
        return lab.model(pixels).double().softmax(dim=1).cpu()


def _apart(pixels: Tensor) -> np.ndarray:
    """Of each image the distance (L2) to the nearest other one."""
    flat = pixels.flatten(1).double()
    distances = torch.cdist(flat, flat).fill_diagonal_(torch.inf)
    return np.asarray(distances.min(dim=1).values.cpu().numpy())
