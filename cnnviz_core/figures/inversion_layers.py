"""One image made again from its code at each layer of a network (Mahendran and Vedaldi, figure 6)."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.inversion import Inversion, code_at, invert
from cnnviz_core.methods.natural_prior import SMOOTHNESS, Frame, frame, smoothness, stretched
from cnnviz_core.network import Layer, Model

COLUMNS = 6


@dataclass(frozen=True)
class InversionLayers(Figure):
    """The image, what each layer's code gives back of it, and how far the codes came to agree."""

    image: int | None
    search: int
    layers: list[str] | None
    most: int
    smoothness: float | None
    bound: float
    rate: float
    steps: int
    tolerance: float
    photographs: int
    noise: float

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "search", "most", "steps", "photographs")
        self.check_at_least(0, "smoothness", "bound", "tolerance", "noise")
        self.check_images("image", lab)
        for setting in ("smoothness", "bound", "rate", "noise"):
            value = getattr(self, setting)
            if value is not None and not np.isfinite(value):
                raise InputError(f"figure.{self.name()}.{setting}={value} must be a finite number")
        if self.rate <= 0:
            raise InputError(f"figure.{self.name()}.rate={self.rate} must be above 0")
        self._layers(lab.model)
        return None

    def _layers(self, model: Model) -> list[Layer]:
        if self.layers:
            return [model.layer(name) for name in self.layers]
        finished = model.finished_layers
        places = np.linspace(0, len(finished) - 1, min(self.most, len(finished))).round().astype(int)
        return [finished[place] for place in places]

    def compute(self, lab: Lab) -> Result:
        """In single precision, on the CPU: what is shown and claimed does not hang on the last digits."""
        rng = lab.rng(self.name())
        model = replace(lab.model, net=copy.deepcopy(lab.model.net).to("cpu"))
        (index,) = [self.image] if self.image is not None else lab.examples(1, self.search)
        units = frame(lab.pixels(lab.spread(self.photographs)).cpu(), model.mean)
        pixels = lab.pixels([index]).cpu()
        noise = self.noise * torch.from_numpy(rng.standard_normal(pixels.shape)).float()
        answer = int(model(pixels).argmax())
        layers, told, made, curves = self._layers(model), [], [], []
        for layer in lab.track(layers, "inverting layers"):
            lam = self._smoothness(model, layer)
            found, untouched = self._inverted(model, layer, units, pixels, noise, lam)
            image = units.pixels(found.images)
            told.append(_told(layer, lam, found, untouched) | _likeness(model, image, pixels, answer))
            made.append(stretched(image[0]))
            curves.append(np.pad(found.values[:, 0], (0, self.steps + 1 - len(found.values)), mode="edge"))
        return Result(
            {
                "original": np.asarray((pixels[0] * 255).round().byte()),
                "images": np.stack(made),
                "curves": np.stack(curves),
            },
            {"index": int(index), "answer": model.classes[answer], "contrast": units.contrast, "layers": told},
        )  # fmt: skip

    def _smoothness(self, model: Model, layer: Layer) -> float:
        """The given one, or the paper's by the place among the model's layers; inside of blocks, that of the middle."""
        if self.smoothness is not None:
            return self.smoothness
        ordered = list(model.layers)
        return smoothness(ordered.index(layer.name), len(ordered)) if layer.name in ordered else SMOOTHNESS[1]

    def _inverted(
        self, model: Model, layer: Layer, units: Frame, pixels: Tensor, noise: Tensor, lam: float
    ) -> tuple[Inversion, float]:
        """What the descent from noise gives, and the objective of the original where nothing is asked of images."""
        code, original = code_at(model, layer.name, units), units.images(pixels)
        with torch.no_grad():
            target = code(original)
        if not target.isfinite().all():
            raise InputError(f"model {model.name} gives a code at {layer.name} that is not finite")
        try:
            found = invert(
                code, target, noise, smoothness=torch.tensor([float(lam)]), steps=self.steps, bound=self.bound,
                rate=self.rate, tolerance=self.tolerance,
            )  # fmt: skip
        except FloatingPointError as error:
            raise InputError(
                f"figure.{self.name()}.smoothness={lam} or bound={self.bound} is too large for {model.name} at "
                f"{layer.name}: {error}"
            ) from error
        exact = invert(code, target, original, smoothness=torch.zeros(1), steps=0, bound=0.0)
        return found, float(exact.values[0, 0])

    def draw(self, result: Result) -> Picture:
        told, arrays = result.stats["layers"], result.arrays
        rows = -(-(len(told) + 1) // COLUMNS)
        heights = [rows * (style.WIDTH / COLUMNS + 0.36), 2.0]
        picture = style.picture(height=sum(heights))
        upper, lower = picture.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
        panels = upper.subplots(rows, COLUMNS, squeeze=False).flat
        style.show_image(panels[0], arrays["original"], "original\n ")
        for k, axes in enumerate(panels[1:]):
            if k < len(told):
                title = f"{style.short(told[k]['name'], 17)}\nλ {told[k]['smoothness']:g}, error {told[k]['error']:.2g}"
                style.show_image(axes, arrays["images"][k], title)
            else:
                axes.set_axis_off()
        _curves(lower.subplots(), arrays["curves"], told)
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{each['name']}: error {each['error']:.2g}, correlation with the original {each['correlation']:.2f}"
            for each in stats["layers"]
        )
        return (
            f"An image of {stats['answer']} and {len(stats['layers'])} images made from its codes, in the order of the "
            f"layers; below, the objective of each falls with the steps. {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name = self.name()
        rise = max(each["largest_rise"] for each in stats["layers"])
        untouched = max(each["untouched"] for each in stats["layers"])
        return [
            identity(
                f"{name}.never_rises",
                "The objective never rises, at any step of the descent at any layer.",
                rise <= 0,
                {"largest_rise": rise},
            ),
            identity(
                f"{name}.original",
                "Begun at the original, with nothing asked of the image, every descent is at zero and stays there.",
                untouched == 0,
                {"largest_objective": untouched},
            ),
        ]


def _told(layer: Layer, lam: float, found: Inversion, untouched: float) -> dict[str, Any]:
    return {
        "name": layer.name, "smoothness": lam, "error": float(found.errors[0]), "steps": int(found.steps[0]),
        "objective": float(found.values[-1, 0]), "start": float(found.values[0, 0]),
        "largest_rise": float(np.diff(found.values[:, 0]).max(initial=0)), "untouched": untouched,
    }  # fmt: skip


@torch.no_grad()
def _likeness(model: Model, image: Tensor, original: Tensor, answer: int) -> dict[str, Any]:
    """How alike the pixels are, up to brightness and contrast, and whether the network gives the same answer."""
    pair = torch.stack([image[0].flatten(), original[0].flatten()]).double()
    pair = pair - pair.mean(dim=1, keepdim=True)
    length = float(pair.norm(dim=1).prod())
    return {
        "correlation": float(pair.prod(dim=0).sum()) / length if length else 0.0,
        "same_answer": bool(int(model(image).argmax()) == answer),
    }


def _curves(axes: Axes, curves: np.ndarray, told: Sequence[Stats]) -> None:
    for curve, each, color in zip(curves, told, style.by_depth(len(told)), strict=True):
        axes.plot(curve[: each["steps"] + 1], color=color, label=style.short(each["name"], 16))
    axes.set(xlabel="steps", ylabel="objective", xlim=(0, max(curves.shape[1] - 1, 1)))
    if (curves > 0).all():
        style.log_scale(axes, "y")
    axes.grid()
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), ncols=2, handlelength=1, columnspacing=0.8, fontsize=6)
