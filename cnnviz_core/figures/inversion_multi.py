"""Several images of one code, and how much they differ (Mahendran and Vedaldi, figure 7)."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.code_distance import mean_distance
from cnnviz_core.methods.inversion import code_at, invert
from cnnviz_core.methods.natural_prior import Frame, frame, stretched
from cnnviz_core.methods.spread_of_images import disagreement
from cnnviz_core.network import Layer, Model

ENOUGH = 3  # images from which on a difference is judged


@dataclass(frozen=True)
class InversionMulti(Figure):
    """Images found for one code from different noise, and over several images how much they differ by layer."""

    layers: list[str] | None
    layers_chosen: int
    seeds: int
    noise: float
    smoothness: float
    steps: int
    images_measured: int
    photographs: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(2, "seeds", "layers_chosen", "photographs")
        self.check_at_least(1, "steps", "images_measured")
        for setting in ("smoothness", "noise"):
            if not 0 <= getattr(self, setting) < float("inf"):
                raise InputError(
                    f"figure.{self.name()}.{setting}={getattr(self, setting)} must be at least 0 and finite"
                )
        if self.layers is not None and len(self.layers) < 2:
            raise InputError(f"figure.{self.name()}.layers={self.layers} must be two layers or more, to be compared")
        for name in self.layers or ():
            lab.model.layer(name)
        if len(lab.model.finished_layers) < 2:
            return f"{lab.model.name} has one layer only: there is no deeper one to compare it with"
        if len(lab.dataset) < 2:
            return f"{lab.dataset.name} has one image only: there is no other whose code would be at a distance"
        return None

    def _layers(self, model: Model) -> list[Layer]:
        """Those of the setting, in the order of the network, or some from a quarter of the depth on."""
        if self.layers:
            return [model.layer(name) for name in self.layers]
        every = model.finished_layers
        places = np.linspace(len(every) // 4, len(every) - 1, self.layers_chosen).round().astype(int)
        return [every[place] for place in sorted(set(places.tolist()))]

    def compute(self, lab: Lab) -> Result:
        """In single precision, on the CPU: what is shown and claimed does not hang on the last digits."""
        rng, ids = lab.rng(self.name()), lab.spread(self.images_measured)
        model = replace(lab.model, net=copy.deepcopy(lab.model.net).to("cpu"))
        photographs, pixels = lab.pixels(lab.spread(self.photographs)).cpu(), lab.pixels(ids).cpu()
        units = frame(photographs, model.mean)
        noise = torch.from_numpy(rng.standard_normal((len(ids), self.seeds, *pixels.shape[1:]))).float()
        rows: list[dict[str, Any]] = []
        shown = []
        for layer in lab.track(self._layers(model), "inverting codes"):
            found, errors = self._inverted(model, layer, units, pixels, noise)
            with torch.no_grad():
                codes = torch.cat(
                    [model.activations(part, layer.name)[0].flatten(1) for part in torch.split(photographs, 16)]
                )
            unit = mean_distance(codes.numpy()) or 1.0
            rows.append({
                "name": layer.name, "errors": (errors / unit).mean(axis=1).tolist(),
                "differences": [disagreement(each.double().numpy()) for each in found],
            })  # fmt: skip
            shown.append(np.stack([stretched(image) for image in found[0]]))
        first, last = rows[0], rows[-1]
        growth = np.array(last["differences"]) - np.array(first["differences"])
        room = 1 - np.array(last["errors"])
        return Result(
            {"original": np.asarray((pixels[0] * 255).round().byte()), "images": np.stack(shown)},
            {
                "index": int(ids[0]), "images": len(ids), "layers": rows,
                "growth": float(growth.mean()), "growth_interval": list(mean_interval(growth, rng)),
                "room": float(room.mean()), "room_interval": list(mean_interval(room, rng)),
            },
        )  # fmt: skip

    def _inverted(
        self, model: Model, layer: Layer, units: Frame, pixels: Tensor, noise: Tensor
    ) -> tuple[Tensor, np.ndarray]:
        """Images (images, seeds, 3, h, w), and how far their codes are from those asked for (images, seeds)."""
        code = code_at(model, layer.name, units)
        with torch.no_grad():
            targets = code(units.images(pixels))
        many = targets.repeat_interleave(self.seeds, dim=0)
        found = invert(
            code, many, self.noise * noise.flatten(0, 1), smoothness=torch.full((len(many),), float(self.smoothness)),
            steps=self.steps,
        )  # fmt: skip
        lengths = many.double().flatten(1).norm(dim=1).numpy()
        errors = np.sqrt(found.errors) * np.where(lengths > 0, lengths, 1.0)
        return found.images.view(noise.shape), errors.reshape(len(pixels), self.seeds)

    def draw(self, result: Result) -> Picture:
        rows, arrays = result.stats["layers"], result.arrays
        columns = min(arrays["images"].shape[1], 6) + 1
        side = min(style.WIDTH / columns, 1.1)
        picture = style.picture(height=len(rows) * (side + 0.25) + 1.9)
        upper, lower = picture.subfigures(2, 1, height_ratios=[len(rows) * (side + 0.25), 1.9], squeeze=False)[:, 0]
        panels = upper.subplots(len(rows), columns, squeeze=False)
        for k, row in enumerate(rows):
            style.show_image(panels[k, 0], arrays["original"], "" if k else "original")
            panels[k, 0].set_ylabel(style.short(row["name"], 16))
            for seed in range(columns - 1):
                style.show_image(panels[k, seed + 1], arrays["images"][k, seed], "" if k else f"noise {seed + 1}")
        left, right = lower.subplots(1, 2)
        _dots(left, rows, "differences", "difference of the images")
        _dots(right, rows, "errors", "distance of the codes")
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{row['name']}: images differ by {np.mean(row['differences']):.2f}, codes by {np.mean(row['errors']):.2f}"
            for row in stats["layers"]
        )
        return (
            f"For {len(stats['layers'])} layers an image and several images found for its code from different noise; "
            f"below, how much the images found differ, and how far their codes are from the one asked for. {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, rows = self.name(), stats["layers"]
        few = f"{stats['images']} images are too few to tell" if stats["images"] < ENOUGH else ""
        return [
            tendency(
                f"{name}.grows",
                f"Images found for one code differ more for {rows[-1]['name']} than for {rows[0]['name']}.",
                {"growth": stats["growth"], "images": stats["images"]},
                stats["growth_interval"],
                source="mahendran2015 sec. 5.2",
                undecided=few,
            ),
            tendency(
                f"{name}.still_the_code",
                f"And yet their codes at {rows[-1]['name']} are nearer to the one asked for than those of two "
                "different images are to each other.",
                {"room": stats["room"], "images": stats["images"]},
                stats["room_interval"],
                source="mahendran2015 sec. 5.2",
                undecided=few,
            ),
        ]


def _dots(axes: Axes, rows: Sequence[Stats], what: str, label: str) -> None:
    """A dot for each image, and a line through their means."""
    places = np.arange(len(rows))
    for k in range(len(rows[0][what])):
        axes.plot(places, [row[what][k] for row in rows], "o", color=style.COLOURS[5], markersize=3)
    axes.plot(places, [np.mean(row[what]) for row in rows], color=style.COLOURS[0])
    axes.axhline(1, color=style.COLOURS[6], linewidth=0.8, linestyle=":")
    axes.set_xticks(places, [style.short(row["name"], 12) for row in rows])
    axes.set(ylabel=label, ylim=(0, None))
    axes.grid(axis="y")
