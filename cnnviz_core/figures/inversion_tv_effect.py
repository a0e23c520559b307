"""What asking for smoothness does to the image found for a code (Mahendran and Vedaldi, figures 2 and 8)."""

import copy
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
from cnnviz_core.methods.inversion import code_at, invert
from cnnviz_core.methods.natural_prior import Frame, frame, stretched, total_variation
from cnnviz_core.methods.spread_of_images import spikiness
from cnnviz_core.network import Layer, Model

ENOUGH = 3  # images from which on a difference is judged
BETAS = (2, 1)
LEAST = 1e-12  # added before a logarithm, for images of one color


@dataclass(frozen=True)
class InversionTvEffect(Figure):
    """One code inverted with the two kinds of smoothness at several strengths, and how the images vary."""

    layer: str | None
    smoothness: list[float]
    steps: int
    images_measured: int
    photographs: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "steps", "images_measured", "photographs")
        values = self.smoothness
        if len(values) < 2 or sorted(set(values)) != list(values) or not 0 < values[0] <= values[-1] < float("inf"):
            raise InputError(
                f"figure.{self.name()}.smoothness={values} must be two numbers or more above 0, in rising order"
            )
        self._layer(lab.model)
        return None

    def _layer(self, model: Model) -> Layer:
        if self.layer is not None:
            return model.layer(self.layer)
        maps = [layer for layer in model.finished_layers if layer.spatial]
        pools = [layer for layer in maps if layer.kind == "pool"]
        return [*pools, *maps, *model.finished_layers][0]

    def compute(self, lab: Lab) -> Result:
        """In single precision, on the CPU: what is shown and claimed does not hang on the last digits."""
        rng, ids = lab.rng(self.name()), lab.spread(self.images_measured)
        model = replace(lab.model, net=copy.deepcopy(lab.model.net).to("cpu"))
        photographs, pixels = lab.pixels(lab.spread(self.photographs)).cpu(), lab.pixels(ids).cpu()
        units, layer = frame(photographs, model.mean), self._layer(model)
        costs = [float(total_variation(units.images(photographs), beta).mean()) for beta in BETAS]
        factors = {beta: costs[0] / cost if cost else 1.0 for beta, cost in zip(BETAS, costs, strict=True)}
        noise = torch.from_numpy(rng.standard_normal(pixels.shape)).float()
        curves: list[dict[str, Any]] = []
        shown = []
        for beta in lab.track(BETAS, "inverting with each kind of smoothness"):
            found, errors = self._inverted(model, layer, units, pixels, noise, beta, factors[beta])
            shown.append(np.stack([stretched(images[0]) for images in found]))
            curves.append({
                "beta": beta, "factor": factors[beta],
                "variation": [total_variation(images, beta).tolist() for images in found],
                "spikiness": [[spikiness(image.double().numpy()) for image in images] for images in found],
                "errors": errors.tolist(),
            })  # fmt: skip
        variation, spiky = np.array(curves[0]["variation"]), [np.array(each["spikiness"]) for each in curves]
        middle = len(self.smoothness) // 2
        falls = np.log((variation[0] + LEAST) / (variation[-1] + LEAST))
        spikes = np.log((spiky[1][middle] + LEAST) / (spiky[0][middle] + LEAST))
        return Result(
            {"original": np.asarray((pixels[0] * 255).round().byte()), "images": np.stack(shown)},
            {
                "index": int(ids[0]), "images": len(ids), "layer": layer.name, "kind": layer.kind,
                "smoothness": list(self.smoothness), "middle": self.smoothness[middle], "curves": curves,
                "falling": float((np.diff(variation, axis=0) < 0).mean()),
                "fall": float(falls.mean()), "fall_interval": list(mean_interval(falls, rng)),
                "spikes": float(spikes.mean()), "spikes_interval": list(mean_interval(spikes, rng)),
            },
        )  # fmt: skip

    def _inverted(
        self, model: Model, layer: Layer, units: Frame, pixels: Tensor, noise: Tensor, beta: int, factor: float
    ) -> tuple[Tensor, np.ndarray]:
        """Images (strengths, images, 3, h, w) and the errors of their codes (strengths, images)."""
        code, times = code_at(model, layer.name, units), len(self.smoothness)
        with torch.no_grad():
            targets = code(units.images(pixels))
        strengths = factor * torch.tensor(self.smoothness, dtype=torch.float32).repeat_interleave(len(pixels))
        found = invert(
            code, targets.repeat(times, *[1] * (targets.ndim - 1)), noise.repeat(times, 1, 1, 1),
            smoothness=strengths, beta=float(beta), steps=self.steps,
        )  # fmt: skip
        return found.images.view(times, *pixels.shape), found.errors.reshape(times, len(pixels))

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        columns = len(stats["smoothness"]) + 1
        side = min(style.WIDTH / columns, 1.3)
        heights = [2 * (side + 0.25), 1.9]
        picture = style.picture(height=sum(heights))
        upper, lower = picture.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
        panels = upper.subplots(2, columns, squeeze=False)
        for k, each in enumerate(stats["curves"]):
            style.show_image(panels[k, 0], arrays["original"], "" if k else "original")
            panels[k, 0].set_ylabel(f"β = {each['beta']}")
            for column, strength in enumerate(stats["smoothness"]):
                style.show_image(
                    panels[k, column + 1], arrays["images"][k, column], f"λ {strength * each['factor']:.3g}"
                )
        left, middle, right = lower.subplots(1, 3)
        _curve(left, stats, "errors", "error of the code")
        _curve(middle, stats, "variation", "variation, mean |∇z|^β")
        _curve(right, stats, "spikiness", "kurtosis of differences")
        left.legend()
        return picture

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"beta {each['beta']}: variation from {np.mean(each['variation'][0]):.3g} to "
            f"{np.mean(each['variation'][-1]):.3g}, kurtosis of differences from {np.mean(each['spikiness'][0]):.3g} "
            f"to {np.mean(each['spikiness'][-1]):.3g}"
            for each in stats["curves"]
        )
        return (
            f"An image, and what is found for its code at {stats['layer']} with two kinds of smoothness at "
            f"{len(stats['smoothness'])} strengths; below, error, variation and spikes against the strength. {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name = self.name()
        few = f"{stats['images']} images are too few to tell" if stats["images"] < ENOUGH else ""
        pooled = "" if stats["kind"] == "pool" else f"{stats['layer']} is no pooling layer, of which this is said"
        return [
            tendency(
                f"{name}.smoother",
                "The more strongly smoothness is asked for, the less the image found varies.",
                {"log_ratio": stats["fall"], "steps_that_fall": stats["falling"]},
                stats["fall_interval"],
                source="mahendran2015 sec. 5.2",
                undecided=few,
            ),
            tendency(
                f"{name}.spikes",
                "At a pooling layer images found with $\\beta = 1$ are spikier than those found with $\\beta = 2$.",
                {"log_ratio": stats["spikes"], "smoothness": stats["middle"]},
                stats["spikes_interval"],
                source="mahendran2015 sec. 3",
                undecided=few or pooled,
            ),
        ]


def _curve(axes: Axes, stats: Stats, what: str, label: str) -> None:
    for each, marker in zip(stats["curves"], "os", strict=True):
        means = np.array(each[what]).mean(axis=1)
        color = style.COLOURS[BETAS.index(each["beta"])]
        axes.plot(stats["smoothness"], means, marker=marker, markersize=3.5, color=color, label=f"β = {each['beta']}")
    style.log_scale(axes, "x")
    if np.min([np.mean(each[what], axis=1) for each in stats["curves"]]) > 0:
        style.log_scale(axes, "y")
    axes.set(xlabel="λ (β = 2)", ylabel=label)
    axes.grid()
