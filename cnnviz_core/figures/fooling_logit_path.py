"""All logits on a line through an image (Goodfellow, Shlens and Szegedy 2015, figure 4), and along random signs."""

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
from cnnviz_core.methods.attacks.fast_gradient_sign import gradient_sign, moved
from cnnviz_core.methods.attacks.takeover import distances, lasts
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.selection import of_confidence
from cnnviz_core.methods.straight_pieces import polynomial_left, straight_pieces
from cnnviz_core.methods.wilson import wilson_interval

ROUNDING = 1e-4  # relative, of logits of the same image in batches of different sizes
ENOUGH = 6  # images from which on a share is judged
DOUBLINGS = 8  # of the distance, from which on the first wrong answer is looked for, up to `reach`
NAMED = 6  # classes with a color of their own
WAYS = {"sign": "along the sign of the gradient", "random": "along random signs"}


@dataclass(frozen=True)
class FoolingLogitPath(Figure):
    """Logits against epsilon on both sides of zero, with a strip of the images, and what many such paths are like."""

    image: int | None
    search: int
    confidence: float
    reach: float
    points: int
    strip: int
    images_measured: int
    points_measured: int
    pieces: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("image", lab)
        self.check_at_least(1, "search", "images_measured", "pieces", "batch")
        self.check_at_least(2, "strip")
        self.check_share("confidence", "reach")
        for setting in ("points", "points_measured"):
            if (value := getattr(self, setting)) % 2 == 0 or value < 4 * self.pieces - 1:
                raise InputError(
                    f"figure.{self.name()}.{setting}={value} must be odd and at least {4 * self.pieces - 1}, "
                    f"for {self.pieces} pieces"
                )
        if len(lab.model.classes) < 2:
            return f"{lab.model.name} has one output: there is no other answer to which it could be led"
        return None

    def compute(self, lab: Lab) -> Result:
        rng, image = lab.rng(self.name()), self._chosen(lab)
        clean = lab.logits([image])[0].astype(float)
        label = _label(lab, image, clean)
        directions = _directions(lab, image, label, rng)
        at, places = (np.linspace(-self.reach, self.reach, count) for count in (self.points, self.strip))
        paths = {way: self._along(lab, image, direction, at) for way, direction in directions.items()}
        measured = self._measured(lab, self.images_measured, rng)
        randomised, lasting = lab.with_model(lab.model.randomised(rng)), self._lasting(lab, own=lab.targets is None)
        control = self._measured(randomised, -(-self.images_measured // 4), rng)
        middle = np.stack([path[self.points // 2] for path in paths.values()])
        pixels = lab.pixels([image])
        strips = {
            f"{way}_strip": np.stack([_seen(moved(pixels, direction, place)) for place in places])
            for way, direction in directions.items()
        }
        intervals = np.random.default_rng(rng.integers(2**32))
        return Result(
            {"at": at, **{way: path.astype(np.float32) for way, path in paths.items()}, **strips},
            {
                "image": image, "class": lab.model.classes[label], "output": label, "reach": self.reach,
                "label": "predicted" if lab.targets is None else "right", "outputs": len(clean),
                "named": {str(output): lab.model.classes[output] for output in _named(paths["sign"], label)},
                "clean_error": float(np.abs(middle - clean).max() / max(np.abs(clean).max(), 1e-30)),
                "drawn": self._told(at, paths, label), "pieces": self.pieces, "images": len(measured),
                "means": {key: float(np.mean([each[key] for each in measured])) for key in measured[0]},
                "random_weights": {key: float(np.mean([each[key] for each in control])) for key in control[0]},
                "straighter_interval": _interval(measured, "polynomial_left", "lines_left", intervals),
                "lasting": lasting, "random_weights_lasting": self._lasting(randomised, own=True),
            },
        )  # fmt: skip

    def _chosen(self, lab: Lab) -> int:
        if self.image is not None:
            return self.image
        pool = lab.spread(self.search)
        p = torch.from_numpy(lab.logits(pool)).double().softmax(dim=1).numpy()
        targets = None if lab.targets is None else lab.targets[pool]
        return pool[of_confidence(p, targets, level=self.confidence, count=1)[0]]

    def _along(self, lab: Lab, i: int, direction: Tensor, at: np.ndarray) -> np.ndarray:
        """Logits (places, classes) of the image moved so far, not clipped."""
        pixels, found = lab.pixels([i]), []
        for start in range(0, len(at), self.batch):
            lengths = torch.from_numpy(at[start : start + self.batch])
            with torch.no_grad():
                many = pixels.expand(len(lengths), -1, -1, -1)
                images = moved(many, direction.expand_as(many), lengths, clipped=False)
                found.append(lab.model(images).double().cpu().numpy())
        return np.concatenate(found)

    def _measured(self, lab: Lab, count: int, rng: np.random.Generator) -> list[dict[str, float]]:
        """What the paths of so many images are like."""
        at = np.linspace(-self.reach, self.reach, self.points_measured)
        found = []
        for i in lab.track(lab.spread(count), f"paths through {lab.model.name}"):
            label = _label(lab, i, lab.logits([i])[0])
            ways = _directions(lab, i, label, rng).items()
            told = self._told(at, {way: self._along(lab, i, direction, at) for way, direction in ways}, label)
            found.append({key: value for key, value in told.items() if isinstance(value, float)})
        return found

    def _lasting(self, lab: Lab, *, own: bool) -> dict[str, Any]:
        """Of how many images the answer that takes over is the answer twice as far, too; and of how many it is seen.

        Images begin with the right answer, or with whatever the network says where it is to be its `own`.
        """
        at, ids = distances(self.reach, DOUBLINGS), lab.spread(self.images_measured)
        found = []
        for i, logits in zip(ids, lab.logits(ids), strict=True):
            label = int(logits.argmax())
            if own or (lab.targets is not None and label == lab.targets[i]):
                pixels = lab.pixels([i])
                direction = gradient_sign(lab.model, pixels, torch.tensor([label], device=pixels.device))
                found.append(lasts(self._along(lab, i, direction, at).argmax(axis=1), label))
        told = [held for held in found if held is not None]
        interval = list(wilson_interval(sum(told), len(told))) if told else [0.0, 1.0]
        return {"images": len(told), "held": sum(told), "share": sum(told) / max(len(told), 1), "interval": interval}

    def _told(self, at: np.ndarray, paths: dict[str, np.ndarray], label: int) -> dict[str, Any]:
        """How straight the paths of one image are, and how much of them each answer has, as shares."""
        starts, lines, explained = straight_pieces(at, paths["sign"], self.pieces)
        answers = {way: path.argmax(axis=1) for way, path in paths.items()}
        return {
            "breaks": [float((at[k - 1] + at[k]) / 2) for k in starts[1:]],
            "explained": explained,
            "least_explained": min(explained),
            "lines_left": lines,
            "polynomial_left": polynomial_left(at, paths["sign"], 2 * self.pieces - 1),
            "kept": float((answers["sign"] == label).mean()),
            "random_kept": float((answers["random"] == label).mean()),
        }

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        picture = style.picture(height=4.1)
        panels = picture.subplots(2, 2, height_ratios=[3.2, 1], sharey="row", squeeze=False)
        for column, way in enumerate(WAYS):
            upper, lower = panels[:, column]
            _curves(upper, arrays["at"], arrays[way], stats["named"])
            upper.set_title(WAYS[way])
            upper.set_xlabel("ε")
            _strip(lower, arrays[f"{way}_strip"])
        for place in stats["drawn"]["breaks"]:
            panels[0, 0].axvline(place, color="#a0a0a0", linewidth=0.6, linestyle=":")
        panels[0, 0].set_ylabel("logit")
        handles, names = panels[0, 0].get_legend_handles_labels()
        picture.legend(handles, names, loc="outside lower center", ncols=min(len(names), 4))
        return picture

    def alt(self, stats: Stats) -> str:
        drawn = stats["drawn"]
        return (
            f"All {stats['outputs']} logits of an image of {stats['class']} for epsilon from {-stats['reach']:g} to "
            f"{stats['reach']:g}, along the sign of the gradient and along random signs, with a strip of the images. "
            f"Along the sign of the gradient {stats['pieces']} straight pieces explain all but "
            f"{drawn['lines_left']:.1%} of the variance, and the answer is {stats['class']} on {drawn['kept']:.0%} of "
            f"the way; along random signs on {drawn['random_kept']:.0%}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        means, control, lasting = stats["means"], stats["random_weights"], stats["lasting"]
        return [
            identity(
                f"{self.name()}.clean",
                "At $\\epsilon = 0$ the paths pass through the logits of the image as it is.",
                stats["clean_error"] <= ROUNDING,
                {"largest_relative_difference": stats["clean_error"]},
            ),
            tendency(
                f"{self.name()}.piecewise_linear",
                f"The paths are piecewise linear rather than smooth: {stats['pieces']} straight pieces leave less of "
                f"the variance of the logits than polynomials with as many coefficients.",
                {
                    "lines_left": means["lines_left"],
                    "polynomial_left": means["polynomial_left"],
                    "least_explained_in_a_piece": means["least_explained"],
                    "random_weights_lines_left": control["lines_left"],
                    "random_weights_polynomial_left": control["polynomial_left"],
                    "images": stats["images"],
                },
                stats["straighter_interval"],
                source="goodfellow2015 fig. 4",
            ),
            tendency(
                f"{self.name()}.plateau",
                "Wrong answers are stable: for more than half of the images the answer that first takes over on the "
                "way is the answer up to twice as far.",
                {
                    "share": lasting["share"],
                    "images": lasting["images"],
                    "random_weights_share": stats["random_weights_lasting"]["share"],
                    "random_weights_images": stats["random_weights_lasting"]["images"],
                },
                [end - 0.5 for end in lasting["interval"]],
                source="goodfellow2015 fig. 4",
                undecided="" if lasting["images"] >= ENOUGH else f"{lasting['images']} images are too few to tell",
            ),
        ]


def _label(lab: Lab, i: int, logits: np.ndarray) -> int:
    """The right output where that is known, else the predicted one."""
    return int(logits.argmax() if lab.targets is None else lab.targets[i])


def _directions(lab: Lab, i: int, label: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """The signs of the gradient, and random ones, (1, 3, h, w) each."""
    pixels = lab.pixels([i])
    drawn = rng.integers(0, 2, tuple(pixels.shape)).astype(np.float32) * 2 - 1
    outputs = torch.tensor([label], device=pixels.device)
    return {"sign": gradient_sign(lab.model, pixels, outputs), "random": torch.from_numpy(drawn).to(pixels)}


def _named(path: np.ndarray, label: int) -> list[int]:
    """The label, and the classes that are the answer on most of the way, or else come nearest to it."""
    wins = np.bincount(path.argmax(axis=1), minlength=path.shape[1])
    order = np.lexsort((-path.max(axis=0), -wins))
    return [label, *[int(output) for output in order if output != label]][:NAMED]


def _interval(measured: list[dict[str, float]], first: str, second: str, rng: np.random.Generator) -> list[float]:
    """Of the mean difference of two numbers of each image."""
    return list(mean_interval(np.array([each[first] - each[second] for each in measured]), rng))


def _seen(image: Tensor) -> np.ndarray:
    return np.asarray((image[0].clamp(0, 1) * 255).round().byte().cpu().numpy())


def _curves(axes: Axes, at: np.ndarray, path: np.ndarray, named: dict[str, str]) -> None:
    """All logits, those of the named classes in colors and on top."""
    others = [output for output in range(path.shape[1]) if str(output) not in named]
    thin = 0.2 if len(others) > 50 else 0.6
    axes.plot(at, path[:, others], color="#b8b8b8", linewidth=thin, rasterized=len(others) > 50)
    for (output, name), colour in zip(named.items(), style.COLOURS, strict=False):
        axes.plot(at, path[:, int(output)], color=colour, label=style.short(name, 22))
    axes.axvline(0, color="black", linewidth=0.5)
    axes.set_xlim(at[0], at[-1])


def _strip(axes: Axes, images: np.ndarray) -> None:
    """Images side by side, below the places of the path from which they are."""
    gap = np.full((images.shape[1], images.shape[2], max(images.shape[3] // 24, 1)), 255, dtype=np.uint8)
    parts = [part for image in images for part in (image, gap)][:-1]
    style.show_image(axes, np.concatenate(parts, axis=2))
