"""Images made against one classifier fool others that never saw them (Goodfellow et al. 2015, section 8)."""

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
from cnnviz_core.methods.attacks.coarse_linear import coarse_signs, on_pixels
from cnnviz_core.methods.attacks.eight_bit import LEVELS, as_pixels, eight_bit
from cnnviz_core.methods.attacks.fast_gradient_sign import Classifier, gradient_sign, moved
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.linear_probe import folds_of
from cnnviz_core.methods.sampling import spread
from cnnviz_core.methods.softmax_regression import Linear, fits
from cnnviz_core.methods.wilson import share_told
from cnnviz_core.small_images import small_images, task

FEWEST = 2  # images from which on those that all get right are enough
ENOUGH = 10  # images from which on a tendency is judged
SLACK = 1e-4  # levels, of floating point
LINEAR, UNTRAINED = "linear", "random weights"
SIGNS, COARSE = "random signs", "coarse random signs"


@dataclass(frozen=True)
class Attacked:
    """A classifier, and what is an error of it."""

    name: str
    logits: Classifier
    labels: np.ndarray  # (n,) of the images that are attacked


@dataclass(frozen=True)
class FoolingTransfer(Figure):
    """The errors of each classifier on images made against each, and on images changed at random."""

    images: int
    images_measured: int
    epsilon: float
    folds: int
    side: int
    decay: float
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images_measured", "side", "batch")
        self.check_at_least(2, "images", "folds")
        if not 0 < self.epsilon <= LEVELS:
            raise InputError(f"figure.{self.name()}.epsilon={self.epsilon} must be above 0 and at most 255 levels")
        if not self.decay > 0:
            raise InputError(f"figure.{self.name()}.decay={self.decay} must be above 0")
        if len(lab.model.classes) < 2:
            return f"{lab.model.name} has one output: there is no other answer to which it could be led"
        if not lab.model.siblings and task(lab, self.images, self.folds) is None:
            return (
                f"there is no other classifier: {lab.model.name} has no siblings, and {lab.dataset.name} does not have "
                f"two classes or families with at least {self.folds} of the images, to train a linear one"
            )
        return None

    def compute(self, lab: Lab) -> Result:
        rng = lab.rng(self.name())
        linear, ids, groups = self._linear(lab, rng)
        kept, labels, kind = self._chosen(lab, linear, ids, groups)
        nets = [Attacked(net.name, net, labels[k]) for k, net in enumerate((lab.model, *lab.model.siblings))]
        coarse = [] if linear is None else [Attacked(LINEAR, on_pixels(linear, self.side), labels[-1])]
        targets = [*nets, *coarse]
        sources = [*targets, Attacked(UNTRAINED, lab.model.randomised(rng), labels[0])]
        errors, clean, farthest, examples = self._errors(lab, sources, targets, kept, rng)
        names = [*(source.name for source in sources), *_chance(bool(coarse))]
        return Result(
            {"image": (lab.pixels(kept[:1])[0] * LEVELS).round().byte().cpu().numpy(), "signs": examples},
            {
                "images": len(kept),
                "kind": kind,
                "epsilon": self.epsilon,
                "class": lab.model.classes[int(labels[0][0])],
                "sources": names,
                "targets": [target.name for target in targets],
                "siblings": len(nets) - 1,
                "linear": bool(coarse),
                "errors": [[share_told(errors[s, t]) for t in range(len(targets))] for s in range(len(names))],
                "clean_errors": int(clean),
                "farthest": farthest,
                "differences": _differences(errors, names, len(nets), bool(coarse), rng),
            },
        )

    def _linear(self, lab: Lab, rng: np.random.Generator) -> tuple[Linear | None, np.ndarray, np.ndarray]:
        """The linear classifier, and the images that it was not trained on, with their groups."""
        asked = task(lab, self.images, self.folds)
        if asked is None:
            ids = np.array(lab.spread(self.images))
            return None, ids, np.full(len(ids), -1)
        test = folds_of(asked.groups, self.folds, rng) == 0
        pixels = small_images(lab, asked.ids[~test], self.side, self.batch).astype(float)
        trained = fits(pixels, asked.groups[~test], len(asked.names), [self.decay])[0]
        return trained, asked.ids[test], asked.groups[test]

    def _chosen(
        self, lab: Lab, linear: Linear | None, ids: np.ndarray, groups: np.ndarray
    ) -> tuple[list[int], list[np.ndarray], str]:
        """Images that all classifiers get right, and the labels of each classifier.

        Where what is right is not known, or hardly an image is right for all, any images, and each classifier's own
        answers to them as they are.
        """
        nets = (lab.model, *lab.model.siblings)
        if lab.targets is not None:
            places = np.arange(len(ids)) if linear is None else np.flatnonzero(self._seen(lab, linear, ids) == groups)
            places = np.array(spread(places.tolist(), min(2 * self.images_measured, len(places))), dtype=int)
            for net in nets if len(places) else ():
                answers = lab.with_model(net).logits(ids[places].tolist(), self.batch).argmax(axis=1)
                places = places[answers == lab.targets[ids[places]]]
                if not len(places):
                    break
            places = places[: self.images_measured]
            if len(places) >= FEWEST:
                own = [lab.targets[ids[places]]] * len(nets)
                return ids[places].tolist(), own if linear is None else [*own, groups[places]], "right"
        kept = spread(ids.tolist(), min(self.images_measured, len(ids)))
        own = [lab.with_model(net).logits(kept, self.batch).argmax(axis=1) for net in nets]
        return kept, own if linear is None else [*own, self._seen(lab, linear, kept)], "predicted"

    def _seen(self, lab: Lab, linear: Linear, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """What the linear classifier answers to images."""
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        ask = on_pixels(linear, self.side)
        return np.concatenate([ask(lab.pixels(chunk)).argmax(dim=1).cpu().numpy() for chunk in chunks])

    def _errors(
        self, lab: Lab, sources: list[Attacked], targets: list[Attacked], ids: list[int], rng: np.random.Generator
    ) -> tuple[np.ndarray, int, float, np.ndarray]:
        """Whether each target errs, (sources, targets, n); errors without a change; the largest change; first signs."""
        found, examples, clean, farthest = [], np.zeros(0), 0, 0.0
        size = self.epsilon / LEVELS
        for start in lab.track(range(0, len(ids), self.batch), "images made against each classifier"):
            part = slice(start, start + self.batch)
            pixels = lab.pixels(ids[part])
            drawn = torch.from_numpy(rng.integers(0, 2, tuple(pixels.shape)) * 2 - 1).to(pixels)
            ways = [*(gradient_sign(s.logits, pixels, torch.from_numpy(s.labels[part])) for s in sources), drawn]
            if targets[-1].name == LINEAR:
                ways.append(coarse_signs(pixels, self.side, rng))
            saved = [as_pixels(eight_bit(moved(pixels, way, size), pixels, epsilon=size)).to(pixels) for way in ways]
            found.append(np.array([[_wrong(t, images, part) for t in targets] for images in saved]))
            clean += sum(int(_wrong(t, pixels, part).sum()) for t in targets)
            farthest = max(farthest, *(float(perturbation_size(images, pixels).max()) * LEVELS for images in saved))
            if not start:
                examples = torch.stack([way[0] for way in ways]).to(torch.int8).cpu().numpy()
        return np.concatenate(found, axis=2), clean, farthest, examples

    def draw(self, result: Result) -> Picture:
        stats, signs = result.stats, result.arrays["signs"]
        picture = style.picture(height=4.3)
        upper, lower = np.asarray(picture.subfigures(2, 1, height_ratios=[1.0, 2.6]))
        panels = upper.subplots(1, len(signs) + 1, squeeze=False)[0]
        style.show_image(panels[0], result.arrays["image"], style.short(stats["class"], 13))
        for axes, values, name in zip(panels[1:], signs, stats["sources"], strict=True):
            style.show_image(axes, 0.5 + values / 2, _lines(name))
        _draw_errors(lower.subplots(), stats)
        return picture

    def alt(self, stats: Stats) -> str:
        rows = "; ".join(
            f"{source}: " + ", ".join(f"{t} {cell['share']:.0%}" for t, cell in zip(stats["targets"], row, strict=True))
            for source, row in zip(stats["sources"], stats["errors"], strict=True)
        )
        return (
            f"An image and the signs that each source gives for it. Below, errors on {stats['images']} images changed "
            f"by {stats['epsilon']:g} levels of 255, for each source the errors of each classifier: {rows}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        few = "" if stats["images"] >= ENOUGH else f"{stats['images']} images are too few to tell"
        alone = few or ("" if stats["siblings"] else "the model has no siblings here")
        unread = few or ("" if stats["linear"] else "there is no linear classifier: too few images of any two classes")
        said = (
            ("nets", "Images made against one network fool another one of the same plan more often than random signs "
             "do.", alone),
            ("to_linear", "Images made against the network fool the linear classifier more often than random signs "
             "do.", unread),
            ("from_linear", "Images made against the linear classifier fool the network more often than random signs "
             "do that are as coarse.", unread),
            ("learned", "Images made against a trained classifier fool the network more often than those made against "
             "the network with random weights.", few),
            ("own", "A classifier is fooled more often by images made against itself than by those made against "
             "others.", few),
        )  # fmt: skip
        return [
            identity(
                f"{self.name()}.clean",
                "No classifier errs on one of these images before it is changed.",
                stats["clean_errors"] == 0,
                {"errors": stats["clean_errors"]},
            ),
            identity(
                f"{self.name()}.size",
                "No saved image of 8 bits differs from the original by more than the size of the change.",
                stats["farthest"] <= self.epsilon + SLACK,
                {"farthest_in_levels": stats["farthest"]},
            ),
            *(
                tendency(
                    f"{self.name()}.{name}", text, _measured(stats["differences"].get(name)),
                    stats["differences"].get(name, {"interval": [0, 0]})["interval"],
                    source="goodfellow2015 sec. 8", undecided=why,
                )
                for name, text, why in said
            ),
        ]  # fmt: skip


def _measured(difference: Stats | None) -> dict[str, float]:
    return {} if difference is None else {key: difference[key] for key in ("error", "control")}


def _chance(coarse: bool) -> tuple[str, ...]:
    return (SIGNS, COARSE) if coarse else (SIGNS,)


def _wrong(target: Attacked, images: Tensor, part: slice) -> np.ndarray:
    with torch.no_grad():
        answers = target.logits(images).argmax(dim=1).cpu().numpy()
    return np.asarray(answers != target.labels[part])


def _differences(
    errors: np.ndarray, names: list[str], nets: int, linear: bool, rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    """How much more often the targets err on images from one kind of source than from a control, over images."""
    at, trained = {name: k for k, name in enumerate(names)}, nets + linear
    pairs = [(s, t) for s in range(trained) for t in range(trained) if s != t]
    both = [(s, t) for s, t in pairs if s < nets and t < nets]
    wanted = {
        "nets": (both, [(at[SIGNS], t) for _, t in both]),
        "learned": ([(s, 0) for s, t in pairs if t == 0], [(at[UNTRAINED], 0)]),
        "own": ([(t, t) for _, t in pairs], pairs),
    }
    if linear:
        wanted["to_linear"] = [(0, nets)], [(at[SIGNS], nets)]
        wanted["from_linear"] = [(nets, 0)], [(at[COARSE], 0)]
    found = {}
    for key, (first, second) in wanted.items():
        if first:
            ours, theirs = (np.mean([errors[s, t] for s, t in cells], axis=0) for cells in (first, second))
            interval = list(mean_interval(ours - theirs, rng))
            found[key] = {"error": float(ours.mean()), "control": float(theirs.mean()), "interval": interval}
    return found


def _lines(name: str) -> str:
    """A name on two lines."""
    first, _, second = style.short(name, 22).rpartition(" ")
    return f"{first}\n{second}" if first else second


def _draw_errors(axes: Axes, stats: Stats) -> None:
    """The matrix of errors: a row for each source, a column for each classifier, with intervals."""
    shares = np.array([[cell["share"] for cell in row] for row in stats["errors"]])
    drawn = axes.imshow(shares, cmap=style.SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for s, row in enumerate(stats["errors"]):
        for t, cell in enumerate(row):
            low, high = cell["interval"]
            axes.text(t, s, f"{cell['share']:.0%}\n({low:.0%} to {high:.0%})", ha="center", va="center", fontsize=6,
                      color="white" if cell["share"] < 0.6 else "black")  # fmt: skip
    axes.set_yticks(range(len(stats["sources"])), [style.short(name, 22) for name in stats["sources"]])
    axes.set_xticks(range(len(stats["targets"])), [style.short(name, 22) for name in stats["targets"]])
    axes.set(xlabel="shown to", ylabel="made against")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    style.colour_bar(drawn, axes, "error")
