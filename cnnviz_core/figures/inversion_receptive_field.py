"""What is left of an image in the central units of a layer alone (Mahendran and Vedaldi, figure 9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.energy_width import energy_width, gradient_energy
from cnnviz_core.methods.inversion import invert
from cnnviz_core.methods.natural_prior import frame, smoothness
from cnnviz_core.methods.sampling import spread
from cnnviz_core.network import Layer, Model

ROUNDING = 1e-6  # of the largest derivative: graphics processors may convolve by Fourier transforms
ENOUGH = 6  # images from which on the width is judged
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class InversionReceptiveField(Figure):
    """Only the n x n units in the middle of each layer are inverted."""

    layers: list[str] | None
    layers_chosen: int
    units: int
    image: int | None
    search: int
    images_measured: int
    steps: int
    share: float

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "layers_chosen", "units", "search", "images_measured", "steps")
        self.check_share("share")
        self.check_images("image", lab)
        for name in self.layers or ():
            if not lab.model.layer(name).spatial:
                return f"layer {name} of {lab.model.name} has no maps, of which some units would be in the middle"
        if not self._layers(lab.model):
            return f"{lab.model.name} has no layer of maps, of which some units would be in the middle"
        return None

    def _layers(self, model: Model) -> list[Layer]:
        """The layers of the setting, or else of maps, evenly spaced."""
        if self.layers:
            return [model.layer(name) for name in self.layers]
        maps = [layer for layer in model.layers.values() if layer.spatial]
        return [maps[k] for k in spread(range(len(maps)), min(self.layers_chosen, len(maps)))]

    def compute(self, lab: Lab) -> Result:
        rng, model = lab.rng(self.name()), lab.model
        index = self.image if self.image is not None else lab.examples(1, self.search)[0]
        shown, pixels = lab.pixels([index]), lab.pixels(lab.spread(self.images_measured))
        found, images, fields = [], [], []
        for layer in lab.track(self._layers(model), "inverting the units in the middle"):
            mask, box = _middle(layer, self.units, model.size)
            signs = mask * torch.from_numpy(rng.choice([-1.0, 1.0], (len(pixels), *layer.shape)))
            energy = gradient_energy(model, layer.name, pixels, signs.to(pixels.device))
            image = self._inverted(lab, layer, shown, mask)
            images.append((image.clamp(0, 1) * 255).round().byte().cpu().numpy())
            fields.append(energy.mean(axis=0))
            found.append({"name": layer.name, "units": int(mask.sum()), **self._measured(energy, box, model.size)})
        ratios = np.array([each["ratios"] for each in found])  # (layers, images)
        told = ratios[:, ~np.isnan(ratios).any(axis=0)]
        for each in found:
            del each["ratios"]
        return Result(
            {
                "image": (shown[0] * 255).round().byte().cpu().numpy(),
                "inverted": np.stack(images),
                "energy": np.stack(fields).astype(np.float32),
            },
            {
                "image": lab.dataset.ids[index],
                "measured": len(pixels),
                "told": told.shape[1],
                "share": self.share,
                "side": min(model.size),
                "layers": found,
                "ratio": float(told.mean()) if told.size else None,
                "below": list(mean_interval(1 - told.mean(axis=0), rng)) if told.shape[1] else [0.0, 0.0],
            },
        )

    def _inverted(self, lab: Lab, layer: Layer, pixels: Tensor, mask: Tensor) -> Tensor:
        """The image (3, h, w), which began at the mean color: where no unit sees, only smoothness changes it."""
        model, names = lab.model, list(lab.model.layers)
        scale = frame(pixels, model.mean)
        with torch.no_grad():
            (targets,) = model.activations(pixels, layer.name)
        place = names.index(layer.name) if layer.name in names else len(names) - 1
        found = invert(
            lambda images: model.activations(scale.pixels(images), layer.name)[0], targets,
            torch.zeros_like(pixels), smoothness=pixels.new_tensor([smoothness(place, len(names))]),
            steps=self.steps, mask=mask[None].to(targets),
        )  # fmt: skip
        return scale.pixels(found.images)[0]

    def _measured(self, energy: np.ndarray, box: Box, size: tuple[int, int]) -> dict[str, Any]:
        """How wide the gradient is, and how wide it would be if it were even over the theoretical field."""
        top, left, bottom, right = box
        even = np.zeros((1, *size))
        even[:, top:bottom, left:right] = 1
        outside = (energy * (1 - even)).max(axis=(1, 2)) / np.maximum(energy.max(axis=(1, 2)), 1e-300)
        centre = (top + bottom - 1) / 2, (left + right - 1) / 2
        widths = energy_width(energy, centre, self.share)
        full = float(energy_width(even, centre, self.share)[0])
        told = widths[~np.isnan(widths)]
        return {
            "box": list(box),
            "theoretical": max(bottom - top, right - left),
            "whole": (bottom - top, right - left) == size,
            "even": full,
            "width": float(told.mean()) if len(told) else None,
            "spread": float(told.std()) if len(told) else None,
            "ratios": (widths / full).tolist(),
            "outside": float(np.sqrt(outside.max())),
        }

    def draw(self, result: Result) -> Picture:
        layers, arrays = result.stats["layers"], result.arrays
        count = len(layers) + 1
        picture = style.picture(height=2 * style.WIDTH / count + 2.1)
        above, below = np.asarray(picture.subfigures(2, 1, height_ratios=[2 * style.WIDTH / count + 0.35, 1.75]))
        panels = np.asarray(above.subplots(2, count, squeeze=False))
        style.show_image(panels[0, 0], arrays["image"], "image")
        panels[1, 0].set_axis_off()
        panels[1, 0].text(0.5, 0.5, "gradient,\nmean over\nimages", ha="center", va="center", fontsize=7)
        for k, layer in enumerate(layers):
            style.show_image(panels[0, k + 1], arrays["inverted"][k], style.short(layer["name"], 12))
            size = np.sqrt(arrays["energy"][k])
            style.heat(panels[1, k + 1], size, low=0, high=float(size.max()) or 1.0, bar=False)
            if not layer["whole"]:
                for axes in panels[:, k + 1]:
                    style.box(axes, *layer["box"])
        _widths(below.subplots(), layers, result.stats)
        return picture

    def alt(self, stats: Stats) -> str:
        rows = "; ".join(
            f"{each['name']} {each['width']:.0f} of {each['even']:.0f}"
            for each in stats["layers"]
            if each["width"] is not None
        )
        return (
            f"The image {stats['image']}; beside it what is left of it in the units in the middle of "
            f"{len(stats['layers'])} layers, and below each where the gradient lies, with the theoretical receptive "
            f"field as a box. Side in pixels of the square that holds {stats['share']:.0%} of the gradient, of what it "
            f"would be if the gradient were even over the field: {rows or 'none'}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        worst = max(each["outside"] for each in stats["layers"])
        few = stats["told"] < ENOUGH
        return [
            identity(
                f"{self.name()}.inside",
                "No pixel outside the theoretical receptive field of the units in the middle changes them: the "
                "derivative there is zero.",
                worst <= ROUNDING,
                {"largest_outside": worst},
            ),
            tendency(
                f"{self.name()}.narrower",
                "What the units in the middle see in effect is narrower than their theoretical receptive field.",
                {} if stats["ratio"] is None else {"width_as_share_of_an_even_one": stats["ratio"]},
                stats["below"],
                source="mahendran2015 fig. 9",
                undecided=f"{stats['told']} images with a gradient are too few to tell" if few else "",
            ),
        ]


def _middle(layer: Layer, units: int, size: tuple[int, int]) -> tuple[Tensor, Box]:
    """Which units (c, h, w) of a layer are in the middle of its maps, and the pixels that they see together."""
    mask, ends = torch.zeros(layer.shape), []
    spans = []
    for length in layer.shape[1:]:
        many = min(units, length)
        spans.append(((length - many) // 2, (length - many) // 2 + many))
    (top, bottom), (left, right) = spans
    mask[:, top:bottom, left:right] = 1
    if layer.receptive_field is None:
        return mask, (0, 0, *size)
    ends = [layer.receptive_field.box(*place, size) for place in ((top, left), (bottom - 1, right - 1))]
    return mask, (ends[0][0], ends[0][1], ends[1][2], ends[1][3])


def _widths(axes: Any, layers: Sequence[Stats], stats: Stats) -> None:
    places = range(len(layers))
    axes.plot(places, [each["theoretical"] for each in layers], "_", markersize=22, color=style.COLOURS[6],
              label="theoretical field")  # fmt: skip
    axes.plot(places, [each["even"] for each in layers], "s", markersize=4, markerfacecolor="none",
              color=style.COLOURS[0], label=f"{stats['share']:.0%} of an even gradient")  # fmt: skip
    told = [(k, each["width"], each["spread"]) for k, each in enumerate(layers) if each["width"] is not None]
    if told:
        at, middle, error = zip(*told, strict=True)
        axes.errorbar(at, middle, error, fmt="o", markersize=4, color=style.COLOURS[1],
                      label=f"{stats['share']:.0%} of the gradient")  # fmt: skip
    axes.set_xticks(places, [style.short(each["name"], 12) for each in layers])
    axes.set(ylabel="side of square (pixels)", xlim=(-0.6, len(layers) - 0.4), ylim=(0, None))
    axes.grid(axis="y")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
