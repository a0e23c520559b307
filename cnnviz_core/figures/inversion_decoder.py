"""Codes inverted in one pass, by a network that was taught to (Dosovitskiy and Brox 2016)."""

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
from cnnviz_core.methods.decoder import teach, untaught
from cnnviz_core.methods.inversion import invert
from cnnviz_core.methods.natural_prior import frame, smoothness
from cnnviz_core.network import Layer, Model

ENOUGH = 6  # images from which on a difference is judged
LEAST = 4  # images: two to teach and two to measure
SHOWN = 2  # images in the picture
MEMORY = 200_000_000  # values' bytes of the codes of one layer: where they are large, fewer images are taught
CHUNK = 32  # images for which the network is run at once


@dataclass(frozen=True)
class InversionDecoder(Figure):
    """Reconstructions of images that were not taught, from codes of some layers, beside optimised ones."""

    layers: list[str] | None
    images: int
    images_measured: int
    images_optimised: int
    width: int
    rate: float
    batch: int
    work: float
    passes: int
    steps: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "width", "batch", "passes", "steps")
        self.check_at_least(2, "images_measured", "images_optimised")
        self.check_at_least(LEAST, "images")
        self.check_share("rate")
        self.check_at_least(0, "work")
        for name in self.layers or ():
            if not _decodable(lab.model.layer(name)):
                return f"layer {name} of {lab.model.name} gives tokens, neither maps nor one vector"
        if len(lab.dataset) < LEAST:
            return (
                f"{lab.dataset.name} has {len(lab.dataset)} images; a decoder takes {LEAST} or more, some to be taught "
                "and others to be tested with"
            )
        return None

    def _layers(self, model: Model) -> list[Layer]:
        """The layers of the setting, or else the first non-linearity, the last maps, the codes and the logits."""
        if self.layers:
            return [model.layer(name) for name in self.layers]
        every = [layer for layer in model.layers.values() if _decodable(layer)]
        early = next((layer for layer in every if layer.activation or layer.kind == "block"), every[0])
        chosen = [every[0] if not early.spatial else early, model.last_maps, model.layer(model.codes_layer), every[-1]]
        named = {layer.name: layer for layer in chosen if layer is not None and _decodable(layer)}
        names = list(model.layers)
        return sorted(named.values(), key=lambda layer: names.index(layer.name) if layer.name in names else -1)

    def compute(self, lab: Lab) -> Result:
        rng = lab.rng(self.name())
        ids = rng.permutation(lab.spread(self.images)).tolist()
        held = min(self.images_measured, len(ids) // 2)
        tested, taught = ids[:held], ids[held:]
        pixels = lab.pixels(tested)
        rows: list[dict[str, Any]] = []
        pictures = []
        for layer in lab.track(self._layers(lab.model), "teaching decoders"):
            row, decoded, optimised = self._one(lab, layer, taught, pixels, rng)
            rows.append(row)
            pictures.append([decoded[:SHOWN], optimised[:SHOWN]])
        return Result(
            {"images": _eight_bit(pixels[:SHOWN]), "made": np.array(pictures)},
            {
                "taught": len(taught),
                "measured": held,
                "optimised": min(self.images_optimised, held),
                "both": len(set(tested) & set(taught)),
                "shown": [lab.dataset.ids[i] for i in tested[:SHOWN]],
                "steps": self.steps,
                "layers": rows,
            },
        )

    def _one(
        self, lab: Lab, layer: Layer, taught: Sequence[int], pixels: Tensor, rng: np.random.Generator
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
        few = max(min(len(taught), int(MEMORY // (4 * np.prod(layer.shape)))), 2)
        known = lab.pixels(taught[:few])
        codes, targets = _codes(lab.model, layer, known), _codes(lab.model, layer, pixels)
        decoder = untaught(codes, known, rng, width=self.width)
        each = 3 * decoder.operations(tuple(codes.shape[1:])) * min(self.batch, few)
        steps = min(int(self.work * 1e9 / each), self.passes * max(few // self.batch, 1))
        lesson = teach(decoder, codes, known, rng, rate=self.rate, batch=self.batch, steps=steps)
        first = slice(min(self.images_optimised, len(pixels)))
        optimised = self._optimised(lab, layer, pixels[first], targets[first], rng)
        found = {
            "decoded": decoder(targets).clamp(0, 1), "optimised": optimised,
            "shuffled": decoder(targets.roll(1, 0)).clamp(0, 1),
            "mean": decoder.image.expand(pixels.shape).clamp(0, 1),
        }  # fmt: skip
        errors = {
            name: (image - pixels[: len(image)]).double().square().flatten(1).mean(dim=1)
            for name, image in found.items()
        }
        wrong = {
            name: _code_error(lab.model, layer, found[name][first], targets[first]) for name in ("decoded", "optimised")
        }
        row = {
            "name": layer.name, "taught": few, "updates": len(lesson.losses), "passes": lesson.passes,
            "diverged": lesson.diverged, "values": int(np.prod(layer.shape)),
            "pixels": {name: float(error.mean().sqrt()) for name, error in errors.items()},
            "codes": {name: float(error.mean()) for name, error in wrong.items()},
            "better_pixels": _interval(errors["optimised"] - errors["decoded"][first], rng),
            "better_code": _interval(wrong["decoded"] - wrong["optimised"], rng),
            "told_by_code": _interval(errors["shuffled"] - errors["decoded"], rng),
        }  # fmt: skip
        return row, _eight_bit(found["decoded"]), _eight_bit(optimised)

    def _optimised(self, lab: Lab, layer: Layer, pixels: Tensor, targets: Tensor, rng: np.random.Generator) -> Tensor:
        """Images (n, 3, h, w) in [0, 1] that descent gives the same codes."""
        model, names = lab.model, list(lab.model.layers)
        scale = frame(pixels, model.mean)
        place = names.index(layer.name) if layer.name in names else len(names) - 1
        start = torch.from_numpy(rng.standard_normal(tuple(pixels.shape), dtype=np.float32)).to(pixels)
        asked = pixels.new_full((len(pixels),), smoothness(place, len(names)))
        found = invert(
            lambda images: model.activations(scale.pixels(images), layer.name)[0], targets, start,
            smoothness=asked, steps=self.steps,
        )  # fmt: skip
        return scale.pixels(found.images).clamp(0, 1)

    def draw(self, result: Result) -> Picture:
        stats, made, images = result.stats, result.arrays["made"], result.arrays["images"]
        columns, rows = len(stats["layers"]) + 1, 2 * len(images)
        side = style.WIDTH / (columns + 0.6)
        picture = style.picture(height=side * rows + 0.55)
        panels = np.asarray(picture.subplots(rows, columns, squeeze=False))
        for axes in panels.flat:
            style.show_image(axes, np.ones((1, 1)))
        for k, image in enumerate(images):
            style.show_image(panels[2 * k, 0], image, "" if k else "image")
            for which, label in enumerate(("decoded", "optimised")):
                panels[2 * k + which, 1].set_ylabel(label, fontsize=7)
            for column, row in enumerate(stats["layers"]):
                for which in (0, 1):
                    axes = panels[2 * k + which, column + 1]
                    title = f"{style.short(row['name'], 14)}\n{row['values']:,} values" if not k + which else ""
                    style.show_image(axes, made[column, which, k], title)
        return picture

    def alt(self, stats: Stats) -> str:
        numbers = "; ".join(
            f"{row['name']} {row['pixels']['decoded']:.3f} and {row['pixels']['optimised']:.3f}"
            for row in stats["layers"]
        )
        return (
            f"{len(stats['shown'])} images that no decoder was taught, and under the name of each layer what its "
            f"decoder makes of their codes, above what optimisation makes of them. Root of the mean squared error of "
            f"pixels over {stats['measured']} images decoded and {stats['optimised']} optimised: {numbers}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        last, name = stats["layers"][-1], self.name()
        few, fewer = (
            f"{stats[count]} images are too few to tell" if stats[count] < ENOUGH else ""
            for count in ("measured", "optimised")
        )
        if last["diverged"]:
            few = fewer = f"the training of the decoder of {last['name']} diverged"
        source = "dosovitskiy2016 sec. 4"
        return [
            identity(
                f"{name}.held_out", "No image is both taught to a decoder and decoded for a picture or a number.",
                stats["both"] == 0, {"images_in_both": stats["both"]},
            ),
            tendency(
                f"{name}.colors",
                f"The last of these layers (`{last['name']}`) still tells what the image looked like: its decoder is "
                "nearer in pixels with the image's own code than with another's.",
                {"own_code": last["pixels"]["decoded"], "another_code": last["pixels"]["shuffled"],
                 "mean_image": last["pixels"]["mean"]},
                last["told_by_code"], source=source, undecided=few,
            ),
            tendency(
                f"{name}.pixels",
                f"From `{last['name']}` the decoder's image is nearer to the original in pixels than the optimised "
                "one.",
                {"decoded": last["pixels"]["decoded"], "optimised": last["pixels"]["optimised"]},
                last["better_pixels"], source=source, undecided=fewer,
            ),
            tendency(
                f"{name}.code",
                f"The optimised image is nearer in the code of `{last['name']}` than the decoder's.",
                {"decoded": last["codes"]["decoded"], "optimised": last["codes"]["optimised"]},
                last["better_code"], source=source, undecided=fewer,
            ),
        ]  # fmt: skip


def _decodable(layer: Layer) -> bool:
    return layer.spatial or len(layer.shape) == 1 or (len(layer.shape) == 3 and layer.shape[1:] == (1, 1))


@torch.no_grad()
def _codes(model: Model, layer: Layer, pixels: Tensor) -> Tensor:
    parts = (model.activations(pixels[k : k + CHUNK], layer.name)[0].float() for k in range(0, len(pixels), CHUNK))
    return torch.cat([part.contiguous() for part in parts])


def _code_error(model: Model, layer: Layer, images: Tensor, targets: Tensor) -> Tensor:
    """|code - target| / |target| of each image, or where the target is zero the distance itself."""
    lengths = targets.double().flatten(1).norm(dim=1)
    distances = (_codes(model, layer, images) - targets).double().flatten(1).norm(dim=1)
    errors: Tensor = distances / torch.where(lengths > 0, lengths, 1.0)
    return errors


def _interval(values: Tensor, rng: np.random.Generator) -> list[float]:
    return list(mean_interval(values.cpu().numpy(), rng))


def _eight_bit(images: Tensor) -> np.ndarray:
    return np.asarray((images * 255).round().byte().cpu())
