"""How exactly codes can be had by images that must be smooth (Mahendran and Vedaldi, table 3)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.code_distance import mean_distance, pair_errors
from cnnviz_core.methods.inversion import invert
from cnnviz_core.methods.natural_prior import Frame, frame
from cnnviz_core.methods.sampling import spread
from cnnviz_core.network import Layer, Model

ENOUGH = 6  # images from which on a difference is judged
ROUNDING = 1e-9


@dataclass(frozen=True)
class InversionErrors(Figure):
    """Error of inverted codes for some layers and three strengths of the smoothness, over images."""

    layers: list[str] | None
    layers_chosen: int
    smoothness: list[float]
    images: int
    images_normaliser: int
    steps: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "layers_chosen", "images", "steps")
        self.check_at_least(2, "images_normaliser")
        for name in self.layers or ():
            lab.model.layer(name)
        if len(self.smoothness) < 2 or any(not value >= 0 for value in self.smoothness):
            raise InputError(
                f"figure.{self.name()}.smoothness={self.smoothness} must be two numbers or more, from 0 on"
            )
        if len(lab.dataset) < 2:
            return f"{lab.dataset.name} has one image only: there is no other whose code would be at a distance"
        return None

    def _layers(self, model: Model) -> list[Layer]:
        """The layers of the setting, or else some, evenly spaced from the first to the last."""
        if self.layers:
            return [model.layer(name) for name in self.layers]
        every = list(model.layers.values())
        return [every[k] for k in spread(range(len(every)), min(self.layers_chosen, len(every)))]

    def compute(self, lab: Lab) -> Result:
        rng, model = lab.rng(self.name()), lab.model
        ids, others = lab.spread(self.images), lab.spread(self.images_normaliser)
        pixels, rows, images = lab.pixels(ids), [], []
        scale = frame(pixels, model.mean)
        noise = rng.standard_normal(tuple(pixels.shape), dtype=np.float32)
        start = torch.from_numpy(noise).to(pixels)
        strengths = sorted(self.smoothness)
        for layer in lab.track(self._layers(model), "inverting codes"):
            codes = _codes(lab, layer, others)
            unit = mean_distance(codes)
            pairs = float(pair_errors(codes, unit).mean()) if unit else None
            found, errors = self._inverted(model, layer, pixels, start, scale, strengths)
            images.append(found)
            rows.append({
                "name": layer.name, "unit": unit, "pairs": pairs, **_measured(errors / (unit or 1.0), rng),
            })  # fmt: skip
        return Result(
            {"image": (pixels[0] * 255).round().byte().cpu().numpy(), "inverted": np.stack(images)},
            {
                "image": lab.dataset.ids[ids[0]],
                "images": len(ids),
                "images_normaliser": len(others),
                "strengths": strengths,
                "steps": self.steps,
                "layers": rows,
            },
        )

    def _inverted(
        self, model: Model, layer: Layer, pixels: Tensor, start: Tensor, scale: Frame, strengths: list[float]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The first image (strengths, 3, h, w) in 8 bits, and the distance to each code (strengths, images)."""
        count, times = len(pixels), len(strengths)
        with torch.no_grad():
            (targets,) = model.activations(pixels, layer.name)
        found = invert(
            lambda images: model.activations(scale.pixels(images), layer.name)[0],
            targets.repeat(times, *[1] * (targets.ndim - 1)), start.repeat(times, 1, 1, 1),
            smoothness=pixels.new_tensor(strengths).repeat_interleave(count), steps=self.steps,
        )  # fmt: skip
        lengths = targets.double().flatten(1).norm(dim=1).cpu().numpy()
        distances = np.sqrt(found.errors.reshape(times, count)) * np.where(lengths > 0, lengths, 1.0)
        images = scale.pixels(found.images)[::count].clamp(0, 1) * 255
        return images.round().byte().cpu().numpy(), distances

    def draw(self, result: Result) -> Picture:
        stats, rows = result.stats, result.stats["layers"]
        columns, side = len(stats["strengths"]), 0.85
        picture = style.picture(height=len(rows) * side + 0.75)
        table, right = np.asarray(
            picture.subfigures(1, 2, width_ratios=[style.WIDTH - side * (columns + 1), side * (columns + 1)])
        )
        _table(table.subplots(), stats)
        panels = np.asarray(right.subplots(len(rows), columns + 1, squeeze=False))
        for k, row in enumerate(rows):
            style.show_image(panels[k, 0], result.arrays["image"], "" if k else "image")
            for column, strength in enumerate(stats["strengths"]):
                axes = panels[k, column + 1]
                style.show_image(axes, result.arrays["inverted"][k, column], "" if k else f"λ = {strength:g}")
                axes.set_xlabel(f"{row['first'][column]:.0%}", fontsize=6.5, labelpad=1.5)
        return picture

    def alt(self, stats: Stats) -> str:
        numbers = "; ".join(
            f"{row['name']} " + ", ".join(f"{mean:.0%}" for mean in row["means"]) for row in stats["layers"]
        )
        return (
            f"A table of errors for {len(stats['layers'])} layers and the strengths of smoothness "
            f"{', '.join(format(value, 'g') for value in stats['strengths'])}, means over {stats['images']} images, "
            f"where 100% is the distance of the codes of two different images: {numbers}. Beside it the image "
            f"{stats['image']} and its inversions for each layer and strength."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        rows = stats["layers"]
        first, last = rows[0], rows[-1]
        pairs = [row["pairs"] for row in rows if row["pairs"] is not None]
        lowest = min(row["lowest"] for row in rows)
        few = f"{stats['images']} images are too few to tell" if stats["images"] < ENOUGH else ""
        return [
            identity(
                f"{self.name()}.calibrated",
                "In the units of the table two different images are 1 apart on average, in every layer.",
                all(abs(pair - 1) <= ROUNDING for pair in pairs),
                {"farthest_from_1": max((abs(pair - 1) for pair in pairs), default=0.0)},
            ),
            identity(f"{self.name()}.sign", "No error is below zero.", lowest >= 0, {"lowest": lowest}),
            *(
                tendency(
                    f"{self.name()}.{key}",
                    f"More smoothness costs exactness at the {key} of these layers: the error is larger for the "
                    "largest $\\lambda$ than for the smallest.",
                    {"smallest_lambda": row["means"][0], "largest_lambda": row["means"][-1]},
                    row["rise"],
                    source="mahendran2015 table 3",
                    undecided=few or _same(row),
                )
                for key, row in (("first", first), ("last", last))
            ),
            tendency(
                f"{self.name()}.found",
                "The image found has the code of the last of these layers more nearly than another image would.",
                {"error": min(last["means"])},
                last["below_another"],
                source="mahendran2015 table 3",
                undecided=few or _same(last),
            ),
        ]


def _same(row: Stats) -> str:
    """Why errors mean nothing where all images have one code, or nothing."""
    return "" if row["unit"] else f"all images have the same code in {row['name']}"


def _codes(lab: Lab, layer: Layer, ids: list[int]) -> np.ndarray:
    """(n, d) of these images, one at a time: maps of many are large."""
    with torch.no_grad():
        parts = [lab.model.activations(lab.pixels([i]), layer.name)[0].float().flatten(1).cpu() for i in ids]
    return torch.cat(parts).numpy()


def _measured(errors: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Of errors (strengths, images)."""
    best = errors[errors.mean(axis=1).argmin()]
    return {
        "means": errors.mean(axis=1).tolist(),
        "spreads": errors.std(axis=1).tolist(),
        "first": errors[:, 0].tolist(),
        "lowest": float(errors.min()),
        "rise": list(mean_interval(errors[-1] - errors[0], rng)),
        "below_another": list(mean_interval(1 - best, rng)),
    }


def _table(axes: Any, stats: Stats) -> None:
    means = np.array([row["means"] for row in stats["layers"]])
    high = max(float(means.max()), 1e-9)
    axes.imshow(means, cmap=style.SEQUENTIAL, vmin=0, vmax=high, aspect="auto")
    for k, row in enumerate(stats["layers"]):
        for column, (mean, deviation) in enumerate(zip(row["means"], row["spreads"], strict=True)):
            color = "white" if mean < 0.6 * high else "black"
            axes.text(column, k, f"{mean:.0%}\n± {100 * deviation:.0f}", color=color, ha="center", va="center")
    axes.set_xticks(range(means.shape[1]), [f"λ = {value:g}" for value in stats["strengths"]])
    axes.set_yticks(range(len(means)), [style.short(row["name"], 12) for row in stats["layers"]])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"error, mean ± deviation of {stats['images']} images", fontsize=7)
