"""What excites maps of several layers, and what of it the deconvnet finds (Zeiler and Fergus, figure 2)."""

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
from cnnviz_core.methods.bootstrap import difference_interval, mean_interval
from cnnviz_core.methods.deconvnet import visible
from cnnviz_core.methods.grid import magnified, square_columns, tiled
from cnnviz_core.methods.label_entropy import label_entropy
from cnnviz_core.methods.likeness import coarse, variation, with_their_kind
from cnnviz_core.methods.relu_rules import undefined
from cnnviz_core.methods.survey import Seen, survey
from cnnviz_core.methods.top_units import InFields, Units, drawn_maps, sent_to_fields, top_units
from cnnviz_core.methods.windows import mostly_inside
from cnnviz_core.network import Layer, Model

SIDE, PAD, GAP = 64, 2, 20  # of a drawn tile, between two tiles, and between maps, in pixels
FRAME = 0.8  # gray around tiles: some patches are white
RULE = "deconvnet"
ROUNDING = 1e-6  # of the largest value: graphics processors may convolve by Fourier transforms, which leave traces


@dataclass(frozen=True)
class DeconvnetTop9(Figure):
    """Per layer some maps at random: the units that images excite most, projected, beside the image patches."""

    layers: list[str] | None
    layers_chosen: int
    maps: int
    top: int
    images: int
    maps_measured: int
    control_images: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "layers_chosen", "maps", "batch")
        self.check_at_least(2, "top", "images", "maps_measured", "control_images")
        for name in self.layers or ():
            if not lab.model.layer(name).spatial:
                return f"layer {name} of {lab.model.name} has no maps"
        layers, blank = self._layers(lab.model), torch.zeros(1, 3, *lab.model.size)
        if not layers:
            return undefined(lab.model, blank, RULE) or f"{lab.model.name} has no layer of maps that ends in a ReLU"
        if (reason := undefined(lambda x: lab.model.activations(x, layers[-1].name)[0], blank, RULE)) is not None:
            return reason
        if len(lab.dataset) < 2:
            return f"{lab.dataset.name} has one image only: there is no other to compare it with"
        return None

    def _layers(self, model: Model) -> list[Layer]:
        """The layers of the setting, or else rectified maps before the classifier, evenly spaced."""
        if self.layers:
            return [model.layer(name) for name in self.layers]
        maps = model.rectified_maps
        places = np.linspace(0, len(maps) - 1, min(self.layers_chosen, len(maps))).round().astype(int)
        return [maps[place] for place in dict.fromkeys(places)]

    def compute(self, lab: Lab) -> Result:
        layers, rng = self._layers(lab.model), lab.rng(self.name())
        ids = lab.spread(self.images)
        arrays: dict[str, np.ndarray] = {}
        found = []
        surveys = self._survey(lab, layers, ids)
        for k, layer in enumerate(lab.track(layers, "projections")):
            seen = surveys[k]
            chosen = drawn_maps(seen, self.top, max(self.maps, self.maps_measured), rng)
            units = top_units(seen, chosen, min(self.top, len(ids)))
            sent = self._fields(lab, layer, units, ids)
            count = self.maps * units.images.shape[1]
            arrays[f"patches{k}"] = _eight_bit(sent.patches[:count].transpose(0, 2, 3, 1))
            arrays[f"projections{k}"] = _eight_bit(visible(sent.projections[RULE][:count]))
            found.append({
                "name": layer.name,
                "field": None if layer.receptive_field is None else list(layer.receptive_field.size),
                "maps": layer.shape[0],
                "dead": int((seen.peaks.max(axis=0) <= 0).sum()),
                "drawn": chosen[: self.maps],
                "outside": sent.stray,
                **self._measured(sent, units),
                **_labels(lab.dataset.labels[ids], seen, units.images.shape[1], rng),
            })  # fmt: skip
        return Result(
            arrays,
            {
                "images": len(ids),
                "top": min(self.top, len(ids)),
                "layers": found,
                "control": self._control(lab, layers[-1], rng),
                **_summary(found, min(self.top, len(ids)), rng),
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

    def _fields(self, lab: Lab, layer: Layer, units: Units, ids: Sequence[int]) -> InFields:
        return sent_to_fields(
            lab.model, lambda images: lab.pixels([ids[i] for i in images]), layer.name, layer.receptive_field, units,
            rules=[RULE], batch=self.batch,
        )  # fmt: skip

    def _measured(self, seen: InFields, units: Units) -> dict[str, Any]:
        """By map measured: how much its patches and its projections vary, and how many are most like one of its own."""
        maps, top = units.images.shape
        maps = min(maps, self.maps_measured)
        kinds = np.repeat(np.arange(maps), top)
        numbers: dict[str, Any] = {"measured": maps}
        for name, pictures in (("patches", seen.patches), ("projections", seen.projections[RULE])):
            small = coarse(pictures[: maps * top])
            numbers[f"variation_{name}"] = [variation(small[kinds == kind]) for kind in range(maps)]
            numbers[f"own_{name}"] = with_their_kind(small, kinds).tolist()
        return numbers

    def _control(self, lab: Lab, layer: Layer, rng: np.random.Generator) -> dict[str, Any]:
        """The same numbers for one layer of the same network with random weights."""
        random = lab.with_model(lab.model.randomised(rng))
        ids = lab.spread(self.control_images)
        (seen,) = self._survey(random, [layer], ids)
        units = top_units(seen, drawn_maps(seen, self.top, self.maps_measured, rng), min(self.top, len(ids)))
        found = self._measured(self._fields(random, layer, units, ids), units)
        means = {f"mean_{key}": float(np.mean(found[key])) for key in found if key != "measured"}
        return {"images": len(ids), **found, **means}

    def draw(self, result: Result) -> Picture:
        layers = result.stats["layers"]
        block = _block(result.stats["top"])
        most = max(len(layer["drawn"]) for layer in layers)
        width = most * (2 * block[1] + 2 * PAD + GAP) - GAP
        picture = style.picture(height=0.92 * style.WIDTH * len(layers) * (block[0] + 26) / width + 0.1)
        panels = picture.subplots(len(layers), 1, squeeze=False)[:, 0]
        for k, (axes, layer) in enumerate(zip(panels, layers, strict=True)):
            _row(axes, result, k, layer)
            axes.set_xlim(-0.5, width - 0.5)
        return picture

    def alt(self, stats: Stats) -> str:
        layers = "; ".join(
            f"{layer['name']} ({_field(layer)}): maps {', '.join(map(str, layer['drawn']))}; one minus the mean "
            f"correlation is {np.mean(layer['variation_patches']):.2f} for patches and "
            f"{np.mean(layer['variation_projections']):.2f} for projections"
            for layer in stats["layers"]
        )
        return (
            f"A row for each of {len(stats['layers'])} layers, and in it for each map drawn at random {stats['top']} "
            f"projections to the pixels by the deconvnet, and the {stats['top']} image patches that they come from, "
            f"in the same order, those that excite the map most of {stats['images']} images. {layers}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        first, last, control = stats["layers"][0], stats["layers"][-1], stats["control"]
        return [
            identity(
                f"{self.name()}.zero_outside",
                "A projection is zero outside of the receptive field of its unit.",
                all(layer["outside"] <= ROUNDING for layer in stats["layers"]),
                {
                    "largest_outside": max(layer["outside"] for layer in stats["layers"]),
                    "layers_with_a_field": sum(layer["field"] is not None for layer in stats["layers"]),
                },
            ),
            tendency(
                f"{self.name()}.patches_vary_more",
                "The patches that excite a map vary more than its projections: one minus the mean correlation of "
                "pairs is larger.",
                {
                    "variation_of_patches": stats["variation_patches"],
                    "variation_of_projections": stats["variation_projections"],
                    "patches_random_weights": control["mean_variation_patches"],
                    "projections_random_weights": control["mean_variation_projections"],
                    "maps": stats["measured"],
                },
                stats["variation_interval"],
                source="zeiler2014 sec. 4",
                undecided=stats["variation_undecided"],
            ),
            tendency(
                f"{self.name()}.grouping",
                "Projections group by map more than patches do: the picture most like one is more often of the same "
                "map.",
                {
                    "projections_with_their_own": stats["own_projections"],
                    "patches_with_their_own": stats["own_patches"],
                    "by_chance": stats["own_by_chance"],
                    "projections_random_weights": control["mean_own_projections"],
                    "patches_random_weights": control["mean_own_patches"],
                },
                stats["own_interval"],
                source="zeiler2014 sec. 4",
                undecided=stats["own_undecided"],
            ),
            tendency(
                f"{self.name()}.invariance_grows",
                f"The patches that excite a map vary more in `{last['name']}` than in `{first['name']}`.",
                {
                    "variation_in_the_first": float(np.mean(first["variation_patches"])),
                    "variation_in_the_last": float(np.mean(last["variation_patches"])),
                    "last_random_weights": control["mean_variation_patches"],
                },
                stats["depth_interval"],
                source="zeiler2014 sec. 4",
                undecided=stats["depth_undecided"],
            ),
            tendency(
                f"{self.name()}.labels_alike",
                f"The images that excite a map of `{last['name']}` most have labels more alike than images at random: "
                "the entropy is lower.",
                {
                    "entropy_in_bits": last["entropy"],
                    "entropy_at_random": last["entropy_random"],
                    "entropy_in_the_first_layer": first["entropy"],
                    "maps": last["maps"] - last["dead"],
                },
                last["entropy_interval"],
                source="zeiler2014 sec. 4",
                undecided=last["entropy_undecided"],
            ),
        ]


def _labels(labels: np.ndarray, seen: Seen, top: int, rng: np.random.Generator) -> dict[str, Any]:
    """Entropy of the labels of the strongest images, mean over all maps that are not dead, and of images at random."""
    alive = np.flatnonzero(seen.peaks.max(axis=0) > 0)
    random = float(label_entropy(np.stack([rng.permutation(labels)[:top] for _ in range(500)])).mean())
    entropies = label_entropy(labels[top_units(seen, alive.tolist(), top).images])
    different, undecided = len(np.unique(labels)), ""
    if different in (1, len(labels)):
        undecided = f"the {len(labels)} images searched have {different} different label{'s' if different > 1 else ''}"
    elif len(alive) < 2:
        undecided = f"of the maps {len(alive)} respond{'s' if len(alive) == 1 else ''} to any image"
    return {
        "entropy": float(entropies.mean()) if len(alive) else random,
        "entropy_random": random,
        "entropy_interval": [0.0, 0.0] if undecided else list(mean_interval(random - entropies, rng)),
        "entropy_undecided": undecided,
    }


def _summary(layers: Sequence[dict[str, Any]], top: int, rng: np.random.Generator) -> dict[str, Any]:
    """Over the maps of all layers but the first, whose projections are multiples of one filter where it is linear."""
    above = layers[1:] or layers
    pooled = {
        f"{number}_{what}": np.concatenate([layer[f"{number}_{what}"] for layer in above])
        for number in ("variation", "own")
        for what in ("patches", "projections")
    }
    enough = len(pooled["own_patches"]) >= 2
    depth = np.array(layers[-1]["variation_patches"]), np.array(layers[0]["variation_patches"])
    few = "" if enough else "there is one map only"
    fewest = min(layer["measured"] for layer in above)
    chances = [(top - 1) / (top * layer["measured"] - 1) for layer in above]
    return {
        **{name: float(values.mean()) for name, values in pooled.items()},
        "measured": len(pooled["own_patches"]),
        "own_by_chance": float(np.mean(chances)),
        "variation_interval": list(mean_interval(pooled["variation_patches"] - pooled["variation_projections"], rng)),
        "variation_undecided": few,
        "own_interval": list(mean_interval(pooled["own_projections"] - pooled["own_patches"], rng)),
        "own_undecided": few if fewest > 1 else "a layer with one map has no other to tell it from",
        "depth_interval": list(difference_interval(*depth, rng)) if min(map(len, depth)) > 1 else [0.0, 0.0],
        "depth_undecided": "there is one layer only" if len(layers) == 1 else few,
    }


def _eight_bit(pictures: np.ndarray) -> np.ndarray:
    return np.asarray((255 * pictures.clip(0, 1)).round().astype(np.uint8))


def _field(layer: dict[str, Any]) -> str:
    return "sees all" if layer["field"] is None else f"{layer['field'][0]} × {layer['field'][1]} px"


def _block(top: int) -> tuple[int, int]:
    """Height and width of the tiles of one map, in pixels."""
    columns = square_columns(top)
    rows = -(-top // columns)
    return rows * (SIDE + PAD) - PAD, columns * (SIDE + PAD) - PAD


def _row(axes: Axes, result: Result, k: int, layer: dict[str, Any]) -> None:
    """The maps of one layer: projections, and right of them the patches."""
    top = result.stats["top"]
    height, width = _block(top)
    step = 2 * width + 2 * PAD + GAP
    whole = np.ones((height, len(layer["drawn"]) * step - GAP, 3))
    for m, channel in enumerate(layer["drawn"]):
        for what, left in (("projections", m * step), ("patches", m * step + width + 2 * PAD)):
            pictures = result.arrays[f"{what}{k}"][m * top : (m + 1) * top] / 255
            tiles = tiled(magnified(pictures, SIDE), columns=square_columns(top), pad=PAD, pad_value=FRAME)
            whole[:, left : left + width] = tiles
            style.box(axes, 0, left, height, left + width, colour=str(FRAME))
            title = f"map {channel}" if what == "projections" else what
            axes.text(left, -3, title, fontsize=6, ha="left", va="bottom")
    style.show_image(axes, whole)
    axes.set_ylabel(f"{style.short(layer['name'], 14)}\n{_field(layer)}", fontsize=7)
