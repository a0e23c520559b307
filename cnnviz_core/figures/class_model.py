"""Images made from nothing that a network finds typical of a class, with a penalty on contrast and with more."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.class_model import balanced_penalty, class_model, raw_score
from cnnviz_core.methods.fourier_image import FourierImages
from cnnviz_core.methods.preferred_images import preferred_images
from cnnviz_core.methods.random_views import Views
from cnnviz_core.methods.saliency import class_gradients
from cnnviz_core.methods.wilson import wilson_interval
from cnnviz_core.network import Model

FIRST = 0.05  # length of the first step, as a share of that of a typical image
FAINT = 1 / 255  # noise of one gray level, from which the ascent starts where the zero image has no gradient


@dataclass(frozen=True)
class ClassModel(Figure):
    """For each class the image of the highest score less a penalty, one that is held to photographs, and the climbs."""

    classes: list[int | str] | None
    count: int
    search: int
    penalty: float
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
        for setting in ("penalty", "turn", "falloff"):
            if not 0 <= getattr(self, setting) < float("inf"):
                raise InputError(f"figure.{self.name()}.{setting}={getattr(self, setting)} must be at least 0")
        if not 0 < self.rate < float("inf"):
            raise InputError(f"figure.{self.name()}.rate={self.rate} must be above 0")
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
        """All in double precision on the CPU, where the same steps give the same image on every machine."""
        rng, outputs = lab.rng(self.name()), self._given(lab.model) or _surest(lab, self.count, self.search)
        model = replace(lab.model, net=copy.deepcopy(lab.model.net).to("cpu", torch.float64))
        photographs = model.normalise(lab.pixels(lab.spread(self.photographs)))
        with torch.no_grad():
            penalty = self.penalty * balanced_penalty(model.net(photographs), photographs)
        length = float(photographs.flatten(1).norm(dim=1).mean()) or 1.0
        targets = torch.tensor(outputs)
        start, faint = _start(model, targets, rng)
        raw, soft = (
            class_model(
                model.net, targets, start, penalty=penalty, tries=self.tries, first=FIRST * length, softmax=softmax
            )
            for softmax in lab.track([False, True], "class models")
        )
        held = self._held(lab, model, targets, rng)
        made = {"raw": raw.images, "softmax": soft.images, "held": model.normalise(held)}
        scores = {name: _scores(model, images, outputs) for name, images in made.items()}
        logits = lab.logits(lab.spread(self.search))
        classes: list[dict[str, Any]] = [
            {
                "name": lab.model.classes[output], "output": output, "photograph": float(logits[:, output].max()),
                "accepted": float(raw.accepted[k]), "length": float(raw.images[k].norm()) / length,
                **{key: found[k] for key, found in scores.items()},
            }
            for k, output in enumerate(outputs)
        ]  # fmt: skip
        lead = np.array([each["raw"]["score"] - each["softmax"]["score"] for each in classes])
        return Result(
            {"raw": _shown(model, raw.images), "held": _eight_bit(held), "curves": raw.values},
            {
                "classes": classes, "outputs": len(lab.model.classes), "faint": faint, "penalty": penalty,
                "predicted": sum(each["raw"]["predicted"] for each in classes),
                "held_predicted": sum(each["held"]["predicted"] for each in classes),
                "above_photographs": sum(each["raw"]["score"] > each["photograph"] for each in classes),
                "photographs": len(logits), "largest_fall": float(-np.diff(raw.values, axis=0).min(initial=0)),
                "lead": float(lead.mean()), "lead_interval": list(mean_interval(lead, rng)),
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
        picture = style.picture(height=strips * (2 * side + 0.55) + 1.75)
        upper, lower = picture.subfigures(2, 1, height_ratios=[strips * (2 * side + 0.55), 1.75], squeeze=False)[:, 0]
        panels = upper.subplots(2 * strips, columns, squeeze=False)
        for axes in panels.flat:
            axes.set_axis_off()
        for k, each in enumerate(classes):
            row, column = 2 * (k // columns), k % columns
            style.show_image(
                panels[row, column], arrays["raw"][k], f"{style.short(each['name'], 16)}\n{_told(each['raw'])}"
            )
            style.show_image(panels[row + 1, column], arrays["held"][k], _told(each["held"]))
        left, right = lower.subplots(1, 2, width_ratios=[1.5, 1])
        _curves(left, arrays["curves"], [each["name"] for each in classes])
        _bars(right, classes)
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{each['name']}: score {each['raw']['score']:.1f} and {each['held']['score']:.1f}"
            for each in stats["classes"]
        )
        return (
            f"For each of {len(stats['classes'])} classes two images made by gradient ascent on its score: above with "
            "a penalty on contrast only, below made of waves and the same when moved, turned and scaled. Below them, "
            f"curves that never fall and bars of scores. {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, count = self.name(), len(stats["classes"])
        low, high = wilson_interval(stats["predicted"], count)
        return [
            identity(
                f"{name}.never_falls",
                "After the first step the score less the penalty never falls, for any of the classes.",
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
                undecided="" if count > 1 else "one class has no interval",
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
    zero = torch.zeros(len(targets), 3, *model.size, dtype=torch.float64)
    slopes = class_gradients(model.net, zero, targets)["gradient"]
    if bool((slopes.flatten(1).abs().amax(dim=1) > 0).all()):
        return zero.contiguous(memory_format=torch.channels_last), False
    noise = torch.from_numpy(rng.normal(0, FAINT, zero.shape)) / torch.tensor(model.std).view(3, 1, 1)
    return noise.contiguous(memory_format=torch.channels_last), True


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
    return f"S = {found['score']:#.3g}, P = {found['probability']:.2f}".replace(".,", ",")


def _curves(axes: Axes, curves: np.ndarray, names: Sequence[str]) -> None:
    for k, name in enumerate(names):
        axes.plot(curves[:, k], color=style.COLOURS[k % len(style.COLOURS)], label=style.short(name, 14))
    axes.set(xlabel="tries", ylabel="score less penalty", xlim=(0, max(len(curves) - 1, 1)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid()


def _bars(axes: Axes, classes: Sequence[Stats]) -> None:
    """The score of each class by the two objectives, and the highest one of any photograph."""
    places = np.arange(len(classes))
    for shift, key, label, color in ((-0.2, "raw", "raw score climbed", 0), (0.2, "softmax", "probability climbed", 5)):
        axes.barh(
            places + shift, [each[key]["score"] for each in classes], 0.38, color=style.COLOURS[color], label=label
        )
    photographs = [each["photograph"] for each in classes]
    axes.plot(
        photographs, places, "|", color=style.COLOURS[1], markersize=9, markeredgewidth=1.5, label="best photograph"
    )
    axes.set_yticks(places, [style.short(each["name"], 12) for each in classes])
    axes.set(xlabel="score S", ylim=(len(classes) - 0.4, -0.6))
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3, handlelength=1, columnspacing=0.8, fontsize=6)
