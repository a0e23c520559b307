"""Eight methods side by side, and how alike their maps are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.attributions import TITLES, Constants, attributions, magnitude, possible
from cnnviz_core.methods.blind_maps import edges
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.gradcam import at_pixels, gradcam
from cnnviz_core.methods.map_agreement import agreement, agreements, empty, evenness, unit_ranks
from cnnviz_core.methods.relu_rules import undefined
from cnnviz_core.methods.saliency import class_gradients

Maps = Mapping[str, np.ndarray]

BRIGHTEST = 0.99  # quantile of a map's own pixels that is white
ROUNDING = 1e-4  # relative, of sums over all pixels in single precision
EDGES = "edges (Sobel)"


@dataclass(frozen=True)
class AttributionMethods(Figure):
    """A row of maps for each image, and below a matrix of their mean rank correlations."""

    images: list[int] | None
    count: int
    search: int
    images_measured: int
    noise: float
    samples: int
    integration: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("images", lab)
        self.check_at_least(1, "count", "search", "images_measured", "samples", "integration", "batch")
        self.check_share("noise")
        return None

    def compute(self, lab: Lab) -> Result:
        rng, layer = lab.rng(self.name()), lab.model.last_maps
        shown = self.images or lab.examples(self.count, self.search)
        why = undefined(lab.model, lab.pixels(shown[:1]), "guided")
        names = possible(list(TITLES), ruled=why is None, maps=layer is not None)
        constants = Constants(
            baseline=torch.tensor(lab.model.mean), layer=None if layer is None else layer.name,
            averaged=None if lab.model.averaged is None else lab.model.averaged.name,
            samples=self.samples, noise=self.noise, steps=self.integration,
        )  # fmt: skip
        ids = [*shown, *(i for i in lab.spread(self.images_measured) if i not in shown)]
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        parts, checks = [], []
        for chunk in lab.track(chunks, "eight methods"):
            part, check = _measured(lab, chunk, names, constants, rng)
            parts.append(part)
            checks.append(check)
        maps = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        outputs, kinds = maps.pop("outputs"), [*names, EDGES]
        told = [unit_ranks(maps[name]) for name in kinds]
        alike, blank = agreements(told), {name: empty(flat) for name, flat in zip(names, told, strict=False)}
        return Result(
            {
                "images": (lab.pixels(shown) * 255).round().byte().cpu().numpy(),
                "maps": np.stack([maps[name][: len(shown)] for name in names]).astype(np.float32),
                "alike": alike,
            },
            {
                "images": [{"index": int(i), "class": lab.model.classes[outputs[k]]} for k, i in enumerate(shown)],
                "measured": len(ids),
                "methods": list(names),
                "titles": {name: TITLES[name] for name in names},
                "kinds": kinds,
                "undefined": why,
                "layer": None if layer is None else layer.name,
                "brightest": BRIGHTEST,
                "empty": {name: int(flags.sum()) for name, flags in blank.items()},
                "alike": _pairs(names, alike),
                "edges": {
                    name: _number(agreement(flat, told[-1])[~blank[name]], rng)
                    for name, flat in zip(names, told, strict=False)
                },
                "even": {name: _number(evenness(maps[name])[~blank[name]], rng) for name in names},
                "smoother": _number(evenness(maps["smoothgrad"]) - evenness(maps["gradient"]), rng),
                "passes": _passes(names, self.samples, self.integration),
                **_sums(maps, rng),
                "checks": {key: float(max(check[key] for check in checks)) for key in checks[0]},
            },
        )

    def draw(self, result: Result) -> Picture:
        stats, maps = result.stats, result.arrays["maps"]
        rows, columns = len(stats["images"]), len(stats["methods"]) + 1
        cell = style.WIDTH / columns
        heights = min(cell, 1.0) * rows + 0.35, 0.2 * len(stats["kinds"]) + 1.15
        picture = style.picture(height=sum(heights))
        above, below = np.asarray(picture.subfigures(2, 1, height_ratios=heights))
        panels = above.subplots(rows, columns, squeeze=False, gridspec_kw={"wspace": 0.02, "hspace": 0.02})
        for row, image in enumerate(result.arrays["images"]):
            style.show_image(panels[row, 0], image)
            for axes, name, values in zip(panels[row, 1:], stats["methods"], maps[:, row], strict=True):
                high = max(float(np.quantile(values, BRIGHTEST)), 1e-30)
                style.heat(axes, values, low=0, high=high, map=style.GREY, bar=False)
                if not values.any():
                    axes.text(0.5, 0.5, "empty", color="white", fontsize=6.5, ha="center", transform=axes.transAxes)
                if row == 0:
                    axes.set_title(_two_lines(TITLES[name]), fontsize=6.5)
            panels[row, 0].set_ylabel(style.short(stats["images"][row]["class"], 14), fontsize=6.5)
        left, right = below.subplots(1, 2, width_ratios=[1.25, 1])
        _matrix(left, result.arrays["alike"], stats["kinds"])
        _bars(right, stats)
        return picture

    def alt(self, stats: Stats) -> str:
        titles = [TITLES[name] for name in stats["methods"]]
        shown = ", ".join(image["class"] for image in stats["images"])
        near, far = stats["alike"]["nearest"], stats["alike"]["farthest"]
        pairs = (
            f" Most alike are {near['first']} and {near['second']} ({near['correlation']:.2f}), least "
            f"{far['first']} and {far['second']} ({far['correlation']:.2f})."
            if near is not None
            else ""
        )
        return (
            f"{len(stats['images'])} images ({shown}), each beside its maps by {len(titles)} methods: "
            f"{', '.join(titles)}. Below, a matrix of the mean rank correlation between the maps of the methods and "
            f"the edges of the image over {stats['measured']} images, and how alike neighboring pixels are.{pairs}"
        )

    def claims(self, stats: Stats) -> list[Claim]:
        checks = stats["checks"]
        claims = [
            identity(
                f"{self.name()}.product_sums",
                "The values of gradient × input add up to the derivative of the score along the way from the "
                "baseline to the image.",
                checks["product"] <= ROUNDING,
                {"largest_difference": checks["product"]},
            )
        ]
        if "gradcam" in stats["methods"]:
            text = "A Grad-CAM map has no negative value."
            claims.append(identity(f"{self.name()}.gradcam_sign", text, checks["negative"] <= 0,
                                   {"smallest": -checks["negative"]}))  # fmt: skip
        if "guided_gradcam" in stats["methods"]:
            text = "Guided Grad-CAM is guided backpropagation times Grad-CAM, pixel by pixel."
            claims.append(identity(f"{self.name()}.guided_product", text, checks["guided_product"] <= ROUNDING,
                                   {"largest_difference": checks["guided_product"]}))  # fmt: skip
        few = "" if stats["measured"] > 2 else f"{stats['measured']} images are too few to tell"
        even = stats["even"]
        return [
            *claims,
            tendency(
                f"{self.name()}.smoother",
                "SmoothGrad's map is less noisy than the gradient's: its neighboring pixels are more alike.",
                {"smoothgrad": even["smoothgrad"]["mean"], "gradient": even["gradient"]["mean"]},
                stats["smoother"]["interval"],
                source="smilkov2017",
                undecided=few,
            ),
            tendency(
                f"{self.name()}.complete",
                "The values of integrated gradients add up to the gain in score from the baseline to the image, and "
                "those of gradient × input do not: they miss it by more.",
                {"integrated_gradients": stats["missed"]["integrated_gradients"]["mean"],
                 "gradient_x_input": stats["missed"]["gradient_x_input"]["mean"]},
                stats["missed_more"]["interval"],
                source="sundararajan2017 sec. 3",
                undecided=few,
            ),
        ]  # fmt: skip


def _measured(
    lab: Lab, ids: Sequence[int], names: Sequence[str], constants: Constants, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Of some images the magnitudes by method, their edges and outputs, what two methods add up to, and checks."""
    pixels = lab.pixels(ids)
    grey = constants.baseline.to(pixels)[:, None, None].expand_as(pixels)
    with torch.no_grad():
        clean, empty = (lab.model(each).double() for each in (pixels, grey))
    outputs = clean.argmax(dim=1)
    found = attributions(lab.model, pixels, outputs, names, constants, rng)
    gain = (clean - empty).gather(1, outputs[:, None])[:, 0]
    part = {name: magnitude(name, found[name]).double().cpu().numpy() for name in names}
    for name in ("gradient_x_input", "integrated_gradients"):
        part[f"sum_{name}"] = found[name].double().sum(dim=(1, 2, 3)).cpu().numpy()
    part |= {"gain": gain.cpu().numpy(), "outputs": outputs.cpu().numpy()}
    part[EDGES] = edges(pixels.double().cpu().numpy())
    return part, _checks(lab, pixels, outputs, found, constants)


def _checks(
    lab: Lab, pixels: Tensor, outputs: Tensor, found: Mapping[str, Tensor], constants: Constants
) -> dict[str, float]:
    """How far what `attributions` gave is from what the parts give, each computed on its own."""
    gradient = class_gradients(lab.model, pixels, outputs)["gradient"].double()
    away = pixels.double() - constants.baseline.to(pixels).double()[:, None, None]
    terms = (gradient * away).flatten(1)
    gap = (terms.sum(dim=1) - found["gradient_x_input"].double().sum(dim=(1, 2, 3))).abs()
    checks = {"product": float((gap / terms.abs().sum(dim=1).clamp(min=1e-30)).max())}
    if "gradcam" in found:
        checks["negative"] = float(-found["gradcam"].min())
    if "guided_gradcam" in found:
        assert constants.layer is not None
        guided = class_gradients(lab.model, pixels, outputs, ["guided"])["guided"]
        cam = gradcam(lab.model, pixels, outputs, constants.layer).to(pixels)
        product = guided * at_pixels(cam, (pixels.shape[2], pixels.shape[3]))[:, None]
        largest = product.abs().amax().clamp(min=1e-30)
        checks["guided_product"] = float((product - found["guided_gradcam"]).abs().amax() / largest)
    return checks


def _number(values: np.ndarray, rng: np.random.Generator) -> dict[str, Any] | None:
    """Mean and interval, None of nothing."""
    if not len(values):
        return None
    return {"mean": float(values.mean()), "interval": list(mean_interval(values, rng))}


def _sums(maps: Maps, rng: np.random.Generator) -> dict[str, Any]:
    """How far the sums are from the gain in score, as a share of the mean size of the gains."""
    size = max(float(np.abs(maps["gain"]).mean()), 1e-30)
    missed = {
        name: np.abs(maps[f"sum_{name}"] - maps["gain"]) / size for name in ("gradient_x_input", "integrated_gradients")
    }
    more = missed["gradient_x_input"] - missed["integrated_gradients"]
    return {"missed": {name: _number(each, rng) for name, each in missed.items()}, "missed_more": _number(more, rng)}


def _pairs(names: Sequence[str], alike: np.ndarray) -> dict[str, Any]:
    """The two methods whose maps are most alike, and the two whose maps are least."""
    pairs = sorted((float(alike[i, j]), i, j) for i in range(len(names)) for j in range(i) if np.isfinite(alike[i, j]))
    if not pairs:
        return {"nearest": None, "farthest": None}
    farthest, nearest = (
        {"first": TITLES[names[j]], "second": TITLES[names[i]], "correlation": value}
        for value, i, j in (pairs[0], pairs[-1])
    )
    return {"nearest": nearest, "farthest": farthest}


def _passes(names: Sequence[str], samples: int, integration: int) -> dict[str, int]:
    """Passes forward and back that one map takes."""
    many = {"smoothgrad": samples, "integrated_gradients": integration, "guided_gradcam": 2}
    return {name: many.get(name, 1) for name in names}


def _two_lines(title: str) -> str:
    return title.replace(" ", "\n", 1)


def _matrix(axes: Axes, alike: np.ndarray, kinds: Sequence[str]) -> None:
    """Mean rank correlations, with their numbers; white is none."""
    titles = [TITLES.get(kind, kind) for kind in kinds]
    drawn = axes.imshow(alike, cmap=style.DIVERGING, vmin=-1, vmax=1)
    style.colour_bar(drawn, axes)
    axes.set_xticks(range(len(titles)), titles, rotation=90)
    axes.set_yticks(range(len(titles)), titles)
    axes.tick_params(length=0, labelsize=6.5)
    axes.set_title("rank correlation between the maps of an image")
    for row, column in np.ndindex(*alike.shape):
        told = f"{alike[row, column]:.2f}".replace("0.", ".") if np.isfinite(alike[row, column]) else ""
        bright = abs(alike[row, column]) > 0.6
        axes.text(column, row, told, ha="center", va="center", fontsize=5.5, color="white" if bright else "black")


def _bars(axes: Axes, stats: Stats) -> None:
    """How alike neighboring pixels are, by method."""
    numbers = [stats["even"][name] for name in stats["methods"]]
    for k, number in enumerate(numbers):
        if number is None:
            continue
        axes.plot(number["interval"], [k, k], color=style.COLOURS[0], linewidth=1)
        axes.plot(number["mean"], k, "o", color=style.COLOURS[0], markersize=3)
    axes.set_yticks(range(len(numbers)), [TITLES[name] for name in stats["methods"]], fontsize=6.5)
    axes.set_ylim(len(numbers) - 0.5, -0.5)
    axes.set_xlim(right=1.02)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.set_title("rank correlation of neighboring pixels")
