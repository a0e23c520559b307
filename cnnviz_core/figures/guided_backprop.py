"""Guided backpropagation from units of deep layers, beside the patches that excite them (Springenberg et al., 2015)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.concentration import brightest_share
from cnnviz_core.methods.deconvnet import visible
from cnnviz_core.methods.grid import magnified, tiled
from cnnviz_core.methods.likeness import paired_correlations
from cnnviz_core.methods.relu_rules import undefined
from cnnviz_core.methods.survey import Seen, survey
from cnnviz_core.methods.switches import max_poolings
from cnnviz_core.methods.top_units import InFields, Units, drawn_maps, keep_strongest_at, sent_to_fields, top_units
from cnnviz_core.methods.windows import mostly_inside
from cnnviz_core.network import Layer, Model

SIDE, PAD, GAP = 104, 3, 22  # of a drawn tile, between two tiles, and between maps, in pixels
RULES = ("guided", "gradient")
ROUNDING = 1e-6  # of the largest value: graphics processors may convolve by Fourier transforms, which leave traces

_Numbers = dict[str, np.ndarray]


@dataclass(frozen=True)
class GuidedBackprop(Figure):
    """For some maps of deep layers the strongest units, one an image: their guided pictures, and the image patches."""

    layers: list[str] | None
    maps: int
    top: int
    images: int
    maps_measured: int
    brightest: float
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "maps", "top", "images", "batch")
        self.check_at_least(2, "maps_measured")
        self.check_share("brightest")
        for name in self.layers or ():
            if not lab.model.layer(name).spatial:
                return f"layer {name} of {lab.model.name} has no maps"
        layers, blank = self._layers(lab.model), torch.zeros(1, 3, *lab.model.size)
        if not layers:
            return undefined(lab.model, blank, "guided") or f"{lab.model.name} has no layer of maps that ends in a ReLU"
        return undefined(lambda x: lab.model.activations(x, layers[-1].name)[0], blank, "guided")

    def _layers(self, model: Model) -> list[Layer]:
        """The layers of the setting, or else the last of the rectified maps and the one at three fifths of the way."""
        if self.layers:
            return [model.layer(name) for name in self.layers]
        maps = model.rectified_maps
        return [maps[place] for place in sorted({round(0.6 * (len(maps) - 1)), len(maps) - 1})] if maps else []

    def compute(self, lab: Lab) -> Result:
        model, layers, rng = lab.model, self._layers(lab.model), lab.rng(self.name())
        ids = lab.spread(self.images)
        arrays: dict[str, np.ndarray] = {}
        found = []
        surveys = self._survey(lab, layers, ids)
        for k, layer in enumerate(lab.track(layers, "guided backpropagation")):
            chosen = drawn_maps(surveys[k], self.top, max(self.maps, self.maps_measured), rng)
            units = top_units(surveys[k], chosen, min(self.top, len(ids)))
            sent = self._sent(lab, model, layer, units, ids)
            top = units.images.shape[1]
            count = self.maps * top
            arrays[f"patches{k}"] = _eight_bit(sent.patches[:count].transpose(0, 2, 3, 1))
            arrays[f"guided{k}"] = _eight_bit(visible(sent.projections["guided"][:count]))
            found.append({
                "name": layer.name,
                "field": None if layer.receptive_field is None else list(layer.receptive_field.size),
                "maps": layer.shape[0],
                "drawn": chosen[: self.maps],
                "outside": sent.stray,
                **{rule: _by_map(brightest_share(sent.projections[rule], self.brightest), top) for rule in RULES},
                **self._randomised(lab, layer, units, ids, sent, rng),
            })  # fmt: skip
        return Result(
            arrays,
            {
                "images": len(ids),
                "top": min(self.top, len(ids)),
                "brightest": self.brightest,
                "layers": found,
                "max_poolings": max_poolings(model, torch.zeros(1, 3, *model.size)),
                "concentration": _compared(
                    [layer["guided"] for layer in found], [layer["gradient"] for layer in found], rng
                ),
                "kept": _compared([x["kept_guided"] for x in found], [x["kept_gradient"] for x in found], rng),
            },
        )

    def _survey(self, lab: Lab, layers: Sequence[Layer], ids: Sequence[int]) -> list[Seen]:
        """What the layers did on the images; each unit considered sees little beyond the border."""
        names = [layer.name for layer in layers]
        inside = [
            mostly_inside(layer.receptive_field, (layer.shape[1], layer.shape[2]), lab.model.size) for layer in layers
        ]
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        batches = (lab.pixels(chunk) for chunk in lab.track(chunks, f"maps of {lab.model.name}"))
        return survey(lab.model, batches, names, inside=inside, positions=1)

    def _sent(
        self, lab: Lab, model: Model, layer: Layer, units: Units, ids: Sequence[int], *, strongest: bool = False
    ) -> InFields:
        """By both rules, from these units or from those of the strongest maps at their places."""
        seed = {"seed": keep_strongest_at} if strongest else {}
        return sent_to_fields(
            model, lambda images: lab.pixels([ids[i] for i in images]), layer.name, layer.receptive_field, units,
            rules=RULES, batch=self.batch, **seed,
        )  # fmt: skip

    def _randomised(
        self, lab: Lab, layer: Layer, units: Units, ids: Sequence[int], sent: InFields, rng: np.random.Generator
    ) -> dict[str, Any]:
        """How like pictures of any unit at the same places are when the upper half of the way to it has random weights.

        By rule and map: the correlation of magnitudes in the receptive field, mean over its images.
        """
        before = [other for other in lab.model.rectified_maps if other.name != layer.name]
        names = [other.name for other in lab.model.rectified_maps]
        before = before[: names.index(layer.name)] if layer.name in names else []
        if not before:
            return {"kept_up_to": None, "kept_guided": [], "kept_gradient": []}
        kept = before[(len(before) - 1) // 2]
        random = lab.model.randomised(rng, above=kept)
        other = self._sent(lab, random, layer, units, ids, strongest=True)
        numbers: dict[str, Any] = {"kept_up_to": kept.name}
        for rule in RULES:
            pictures = (np.abs(each.projections[rule]).sum(axis=1, keepdims=True) for each in (sent, other))
            numbers[f"kept_{rule}"] = _by_map(paired_correlations(*pictures), units.images.shape[1])
        return numbers

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        width = stats["top"] * (SIDE + PAD) - PAD
        heights = [len(layer["drawn"]) * (2 * SIDE + 2 * PAD + GAP) for layer in stats["layers"]]
        picture = style.picture(height=max(0.9 * style.WIDTH * sum(heights) / max(width, 5 * SIDE), 1) + 0.1)
        panels = picture.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
        for k, (axes, layer) in enumerate(zip(panels, stats["layers"], strict=True)):
            _rows(axes, result, k, layer)
        return picture

    def alt(self, stats: Stats) -> str:
        layers = "; ".join(
            f"maps {', '.join(map(str, layer['drawn']))} of {layer['name']} ({_field(layer)})"
            for layer in stats["layers"]
        )
        return (
            f"For each map two rows of {stats['top']}: guided backpropagation from the units that excite it most of "
            f"{stats['images']} images, and below them the image patches: {layers}. Of the energy of the guided "
            f"pictures {stats['concentration']['first']:.0%} lies in the brightest {stats['brightest']:.0%} of the "
            f"pixels, of the gradient's {stats['concentration']['second']:.0%}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        concentration, kept = stats["concentration"], stats["kept"]
        return [
            identity(
                f"{self.name()}.zero_outside",
                "What is sent back is zero outside of the receptive field of the unit.",
                all(layer["outside"] <= ROUNDING for layer in stats["layers"]),
                {
                    "largest_outside": max(layer["outside"] for layer in stats["layers"]),
                    "layers_with_a_field": sum(layer["field"] is not None for layer in stats["layers"]),
                },
            ),
            tendency(
                f"{self.name()}.concentrated",
                "Guided backpropagation puts more of its energy into few pixels than the gradient does.",
                {
                    "guided_in_the_brightest": concentration["first"],
                    "gradient_in_the_brightest": concentration["second"],
                    "share_of_pixels": stats["brightest"],
                    "maps": concentration["maps"],
                },
                concentration["interval"],
                source="springenberg2015",
                undecided=concentration["undecided"],
            ),
            tendency(
                f"{self.name()}.blind_to_upper_weights",
                "When the upper weights are random, guided pictures stay more like what they were than gradients do.",
                {"guided_correlation": kept["first"], "gradient_correlation": kept["second"], "maps": kept["maps"]},
                kept["interval"],
                source="adebayo2018",
                undecided=kept["undecided"],
            ),
        ]


def _by_map(values: np.ndarray, top: int) -> list[float | None]:
    """Means over the images of each map; None where there is a value for none."""
    return [
        float(part[~np.isnan(part)].mean()) if not np.isnan(part).all() else None for part in values.reshape(-1, top)
    ]


def _compared(
    first: Sequence[Sequence[float | None]], second: Sequence[Sequence[float | None]], rng: np.random.Generator
) -> dict[str, Any]:
    """Means of two numbers over the maps of all layers for which there are both, and the interval of the difference."""
    pairs = [
        pair for numbers in zip(first, second, strict=True) for pair in zip(*numbers, strict=True) if None not in pair
    ]
    a, b = np.array(pairs, dtype=float).reshape(-1, 2).T
    enough = len(pairs) >= 2
    return {
        "first": float(a.mean()) if pairs else 0.0,
        "second": float(b.mean()) if pairs else 0.0,
        "maps": len(pairs),
        "interval": list(mean_interval(a - b, rng)) if enough else [0.0, 0.0],
        "undecided": "" if enough else f"it could be measured for {len(pairs)} map{'' if len(pairs) == 1 else 's'}",
    }


def _eight_bit(pictures: np.ndarray) -> np.ndarray:
    return np.asarray((255 * pictures.clip(0, 1)).round().astype(np.uint8))


def _field(layer: dict[str, Any]) -> str:
    return "sees all" if layer["field"] is None else f"{layer['field'][0]} × {layer['field'][1]} px"


def _rows(axes: Axes, result: Result, k: int, layer: dict[str, Any]) -> None:
    """The maps of one layer: a row of guided pictures, and below it the patches."""
    top, blocks = result.stats["top"], []
    for m, channel in enumerate(layer["drawn"]):
        part = slice(m * top, (m + 1) * top)
        pictures = np.concatenate([result.arrays[f"guided{k}"][part], result.arrays[f"patches{k}"][part]]) / 255
        block = tiled(magnified(pictures, SIDE), columns=top, pad=PAD)
        axes.text(0, len(block) * m + GAP * m - 4, f"map {channel}", fontsize=6, ha="left", va="bottom")
        blocks.append(np.pad(block, ((0, GAP), (0, 0), (0, 0)), constant_values=1))
    style.show_image(axes, np.concatenate(blocks)[:-GAP])
    axes.set_ylabel(f"{style.short(layer['name'], 14)}\n{_field(layer)}", fontsize=7)
