"""Images made from nothing that a network finds typical of a class, held to a length and held to more."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.class_model import class_model, penalty, raw_score
from cnnviz_core.methods.fourier_image import FourierImages
from cnnviz_core.methods.preferred_images import preferred_images
from cnnviz_core.methods.random_views import Views
from cnnviz_core.methods.saliency import class_gradients
from cnnviz_core.methods.wilson import wilson_interval
from cnnviz_core.network import Model

LEFT = 0.1  # share of the allowed length from which on a climb has left the image of one color
BEYOND = 5  # times the score of a photograph, from which on scores are drawn on a scale that is logarithmic above it
FAINT = 1 / 255  # noise of one gray level, from which the ascent starts where the zero image has no gradient


@dataclass(frozen=True)
class ClassModel(Figure):
    """For each class the image of the highest score within a length, one held to photographs, and the climbs."""

    classes: list[int | str] | None
    count: int
    search: int
    length: float
    tries: int
    steps: int
    rate: float
    falloff: float
    shift: float
    turn: float
    zoom: float
    photographs: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "count", "search", "tries", "steps", "photographs")
        self.check_share("shift", "zoom")
        for setting in ("turn", "falloff"):
            if not 0 <= getattr(self, setting) < float("inf"):
                raise InputError(f"figure.{self.name()}.{setting}={getattr(self, setting)} must be at least 0")
        for setting in ("rate", "length"):
            if not 0 < getattr(self, setting) < float("inf"):
                raise InputError(f"figure.{self.name()}.{setting}={getattr(self, setting)} must be above 0")
        self._given(lab.model)
        return None

    def _given(self, model: Model) -> list[int]:
        """The outputs of the setting `classes`, which may be indices and names."""
        found, names = [], [name.casefold() for name in model.classes]
        for given in self.classes or []:
            place = given if isinstance(given, int) else _place(given.casefold(), names)
            if place is None or place not in range(len(names)):
                hint = "." if isinstance(given, int) else nearest(given, model.classes)
                raise InputError(
                    f"figure.{self.name()}.classes={given} is not an output of model {model.name}, which are "
                    f"0 to {len(names) - 1}, by index or by name{hint}"
                )
            found.append(place)
        return found

    def compute(self, lab: Lab) -> Result:
        """In single precision, on the CPU: what is shown and claimed does not hang on the last digits."""
        rng, outputs = lab.rng(self.name()), self._given(lab.model) or _surest(lab, self.count, self.search)
        model = replace(lab.model, net=copy.deepcopy(lab.model.net).to("cpu"))
        photographs = model.normalise(lab.pixels(lab.spread(self.photographs)).cpu())
        _check_scores(model, photographs)
        length = self.length * (float(photographs.flatten(1).norm(dim=1).mean()) or 1.0)
        targets = torch.tensor(outputs)
        start, faint = _start(model, targets, rng)
        raw, soft = (
            class_model(model.net, targets, start, length=length, tries=self.tries, softmax=softmax)
            for softmax in lab.track([False, True], "class models")
        )
        held = self._held(lab, model, targets, rng)
        made = {"raw": raw.images, "softmax": soft.images, "held": model.normalise(held)}
        scores = {name: _scores(model, images, outputs) for name, images in made.items()}
        logits, lambdas = lab.logits(lab.spread(self.search)), penalty(raw)
        reached = {name: each.images.flatten(1).norm(dim=1).tolist() for name, each in (("raw", raw), ("soft", soft))}
        classes: list[dict[str, Any]] = [
            {
                "name": lab.model.classes[output], "output": output, "photograph": float(logits[:, output].max()),
                "accepted": float(raw.accepted[k]), "penalty": float(lambdas[k]),
                "length": reached["raw"][k] / length, "softmax_length": reached["soft"][k] / length,
                **{key: found[k] for key, found in scores.items()},
            }
            for k, output in enumerate(outputs)
        ]  # fmt: skip
        left = [each for each in classes if min(each["length"], each["softmax_length"]) >= LEFT]
        lead = np.array([each["raw"]["score"] - each["softmax"]["score"] for each in left])
        return Result(
            {"raw": _shown(model, raw.images), "held": _eight_bit(held), "curves": raw.values},
            {
                "classes": classes, "outputs": len(lab.model.classes), "faint": faint, "bound": length,
                "left": sum(each["length"] >= LEFT for each in classes), "compared": len(left),
                "predicted": sum(each["raw"]["predicted"] for each in classes),
                "held_predicted": sum(each["held"]["predicted"] for each in classes),
                "above_photographs": sum(each["raw"]["score"] > each["photograph"] for each in classes),
                "photographs": len(logits), "largest_fall": 0.0 - float(np.diff(raw.values, axis=0).min(initial=0)),
                "lead": float(lead.mean()) if left else 0.0,
                "lead_interval": list(mean_interval(lead, rng)) if left else [0.0, 0.0],
            },
        )  # fmt: skip

    def _held(self, lab: Lab, model: Model, targets: Tensor, rng: np.random.Generator) -> Tensor:
        """Images with pixels in [0, 1] whose raw score is high in every view of them."""
        steps = lab.track(range(self.steps), "class images held to photographs")
        views = Views(shift=self.shift, turn=self.turn, zoom=self.zoom)
        try:
            return preferred_images(
                lambda pixels: raw_score(model(pixels), targets), FourierImages(model.size, self.falloff), views,
                count=len(targets), rate=self.rate, steps=steps, rng=rng,
            )  # fmt: skip
        except FloatingPointError as error:
            raise InputError(
                f"figure.{self.name()}.rate={self.rate} leads {model.name} to a score that is not finite: "
                "a smaller one is needed"
            ) from error

    def draw(self, result: Result) -> Picture:
        classes, arrays = result.stats["classes"], result.arrays
        columns = min(len(classes), 6)
        strips = -(-len(classes) // columns)
        side = style.WIDTH / max(columns, 3)
        heights = [strips * (2 * side + 0.55), 2.1]
        picture = style.picture(height=sum(heights))
        upper, lower = picture.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
        panels = upper.subplots(2 * strips, columns, squeeze=False)
        for axes in panels.flat:
            axes.set_axis_off()
        for k, each in enumerate(classes):
            row, column = 2 * (k // columns), k % columns
            name = style.short(each["name"], 13)
            style.show_image(panels[row, column], arrays["raw"][k], f"{name}\n{_told(each['raw'])}")
            style.show_image(panels[row + 1, column], arrays["held"][k], _told(each["held"]))
        left, right = lower.subplots(1, 2, width_ratios=[1, 1])
        _curves(left, arrays["curves"], classes)
        _dots(right, classes)
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{each['name']}: score {each['raw']['score']:.1f} and {each['held']['score']:.1f}"
            for each in stats["classes"]
        )
        return (
            f"For each of {len(stats['classes'])} classes two images made by gradient ascent on its score: above no "
            "longer than a photograph, below made of waves and the same when moved, turned and scaled. Below them, "
            f"curves that never fall and dots for scores. {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, count = self.name(), len(stats["classes"])
        low, high = wilson_interval(stats["predicted"], count)
        return [
            identity(
                f"{name}.never_falls",
                "From the image where the climb starts the score never falls, for any of the classes.",
                stats["largest_fall"] <= 0,
                {"largest_fall": stats["largest_fall"]},
            ),
            tendency(
                f"{name}.predicted",
                "The network takes the image made for a class for one of that class, more often than by chance.",
                {"predicted": stats["predicted"], "classes": count, "by_chance": 1 / stats["outputs"]},
                [low - 1 / stats["outputs"], high - 1 / stats["outputs"]],
                source="simonyan2014 sec. 2",
            ),
            tendency(
                f"{name}.raw_score",
                "Climbing the raw score reaches a higher score than climbing the probability for as many tries.",
                {"lead": stats["lead"]},
                stats["lead_interval"],
                source="simonyan2014 sec. 2",
                undecided="" if stats["compared"] > 1 else "fewer than two classes of which both climbs left the start",
            ),
        ]


def _place(name: str, names: Sequence[str]) -> int | None:
    """The output of that name, or of the one name that begins with it."""
    if name in names:
        return names.index(name)
    begins = [k for k, known in enumerate(names) if known.startswith(f"{name},")]
    return begins[0] if len(begins) == 1 else None


def _surest(lab: Lab, count: int, search: int) -> list[int]:
    """The outputs that win on the images of which the model is surest; with few of them, others of the model too."""
    ids = lab.examples(count, search)
    won = [int(output) for output in lab.logits(ids).argmax(axis=1)]
    rest = np.linspace(0, len(lab.model.classes) - 1, min(count, len(lab.model.classes))).round()
    return list(dict.fromkeys([*won, *(int(output) for output in rest)]))[:count]


def _start(model: Model, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, bool]:
    """The zero image for each class; faint noise where a score does not change from there on, as without biases."""
    zero = torch.zeros(len(targets), 3, *model.size)
    slopes = class_gradients(model.net, zero, targets)["gradient"]
    if bool((slopes.flatten(1).abs().amax(dim=1) > 0).all()):
        return zero.contiguous(memory_format=torch.channels_last), False
    noise = torch.from_numpy(rng.normal(0, FAINT, zero.shape)).float() / torch.tensor(model.std).view(3, 1, 1)
    return noise.contiguous(memory_format=torch.channels_last), True


def _check_scores(model: Model, photographs: Tensor) -> None:
    """Before any setting can be blamed."""
    zero = torch.zeros(1, 3, *model.size)
    with torch.no_grad():
        finite = model.net(torch.cat([photographs, zero])).isfinite().all()
    if not finite:
        raise InputError(f"model {model.name} gives scores that are not finite, for images of the data set or for gray")


def _scores(model: Model, images: Tensor, outputs: Sequence[int]) -> list[dict[str, Any]]:
    """What the network says of images as it is fed them."""
    with torch.no_grad():
        logits = model.net(images)
    sure = logits.softmax(dim=1)
    return [
        {"score": float(logits[k, output]), "probability": float(sure[k, output]),
         "predicted": bool(logits[k].argmax() == output)}
        for k, output in enumerate(outputs)
    ]  # fmt: skip


def _shown(model: Model, images: Tensor) -> np.ndarray:
    """Pixels in 8 bit: the mean is added at the end, and what is darker than black or lighter than white is cut."""
    mean, std = (torch.tensor(values, dtype=images.dtype).view(3, 1, 1) for values in (model.mean, model.std))
    return _eight_bit(images * std + mean)


def _eight_bit(pixels: Tensor) -> np.ndarray:
    return np.asarray((pixels.clamp(0, 1) * 255).round().byte().cpu().numpy())


def _told(found: Stats) -> str:
    """The score with three digits, or all before the point."""
    score = found["score"]
    return f"S {score:.0f}" if abs(score) >= 99.95 else f"S {score:.3g}"


def _curves(axes: Axes, curves: np.ndarray, classes: Sequence[Stats]) -> None:
    for k, each in enumerate(classes):
        axes.plot(curves[:, k], color=style.COLOURS[k % len(style.COLOURS)], label=style.short(each["name"], 14))
    axes.set(xlabel="tries", ylabel="score S", xlim=(0, max(len(curves) - 1, 1)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _scale(axes, axes.yaxis, curves, classes)
    axes.grid()
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, handlelength=1, columnspacing=0.8, fontsize=6)


def _dots(axes: Axes, classes: Sequence[Stats]) -> None:
    """The score of each class in the images made in three ways, and the highest one of any photograph."""
    places = np.arange(len(classes))
    found = {
        "best photograph": [each["photograph"] for each in classes],
        "probability climbed": [each["softmax"]["score"] for each in classes],
        "raw score climbed": [each["raw"]["score"] for each in classes],
        "second row": [each["held"]["score"] for each in classes],
    }
    for (label, scores), marker, color in zip(found.items(), "|o^s", (1, 5, 0, 2), strict=True):
        axes.plot(
            scores, places, marker, color=style.COLOURS[color], markersize=9 if marker == "|" else 4.5, label=label
        )
    axes.set_yticks(places, [style.short(each["name"], 12) for each in classes])
    axes.set(xlabel="score S", ylim=(len(classes) - 0.4, -0.6))
    _scale(axes, axes.xaxis, np.array(list(found.values())), classes)
    axes.grid()
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, handlelength=1, columnspacing=0.8, fontsize=6)


def _scale(axes: Axes, axis: Axis, scores: np.ndarray, classes: Sequence[Stats]) -> None:
    """Linear; where scores are far above those of photographs, linear up to these and logarithmic beyond."""
    photograph, low, high = max(each["photograph"] for each in classes), min(0.0, scores.min()), scores.max()
    margin = 0.05 * (high - low) or 1.0  # all scores may be 0
    if 0 < BEYOND * photograph < high:
        decade = 10 ** np.ceil(np.log10(photograph))
        (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("symlog", linthresh=decade)
        axis.set_ticks([0, *(decade * 10.0**k for k in range(9) if decade * 10.0**k <= high)])
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
        margin, high = 0.1 * decade, 1.5 * high
    (axes.set_xlim if axis is axes.xaxis else axes.set_ylim)(low - margin, high + margin)
