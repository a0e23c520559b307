"""The methods that give every pixel a share in a class score, by name, from as few passes as can be."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.deconvnet import class_projections
from cnnviz_core.methods.gradcam import at_pixels, gradcam
from cnnviz_core.methods.integrated_gradients import integrated_gradients
from cnnviz_core.methods.relu_rules import RULES
from cnnviz_core.methods.saliency import class_gradients
from cnnviz_core.methods.smoothgrad import smoothgrad
from cnnviz_core.methods.total_activation import Answering

TITLES: Mapping[str, str] = {
    "gradient": "gradient",
    "deconvnet": "deconvnet",
    "guided": "guided backprop",
    "gradient_x_input": "gradient × input",
    "smoothgrad": "SmoothGrad",
    "integrated_gradients": "integrated gradients",
    "gradcam": "Grad-CAM",
    "guided_gradcam": "guided Grad-CAM",
}
"""Their names, in the order in which they are shown, and how they are called."""

PRODUCTS = ("gradient_x_input", "integrated_gradients")
"""Those that multiply by the pixels: the values of a pixel's three colors add up to the pixel's share in the score."""


@dataclass(frozen=True)
class Constants:
    """What the methods leave open."""

    baseline: Float[Tensor, "3"]  # color that says nothing: the mean color, which the network gets as zero
    layer: str | None  # layer of maps for Grad-CAM; None: there is none
    averaged: str | None  # layer of whose maps the score is an average over places; None: there is none
    samples: int  # noisy copies of SmoothGrad
    noise: float  # their standard deviation, as a share of the range of the image's pixels
    steps: int  # points of integrated gradients


def possible(names: Sequence[str], *, ruled: bool, maps: bool) -> list[str]:
    """Those of the methods that a network can have: with the other rules of the ReLU, and with a layer of maps."""
    needs_rules, needs_maps = ("deconvnet", "guided", "guided_gradcam"), ("gradcam", "guided_gradcam")
    return [name for name in names if (ruled or name not in needs_rules) and (maps or name not in needs_maps)]


def attributions(
    model: Answering,
    pixels: Float[Tensor, "n 3 h w"],
    outputs: Int[Tensor, " n"],
    names: Collection[str],
    constants: Constants,
    rng: np.random.Generator,
) -> dict[str, Float[Tensor, "n colors h w"]]:
    """What each of the named methods gives, signed: three colors, one for Grad-CAM.

    The rules share a forward pass, and what is made of their results takes no pass of its own; only a score that is an
    average has its deconvnet alone, from the place that adds most to it (see `class_projections`). Raises
    UndefinedRule where a rule of the ReLU has no definition for the network.
    """
    sources = {"gradient_x_input": "gradient", "guided_gradcam": "guided"}
    wanted = {sources.get(name, name) for name in names} | ({"gradcam"} if "guided_gradcam" in names else set())
    found: dict[str, Tensor] = {}
    if "deconvnet" in wanted and constants.averaged is not None:
        found["deconvnet"] = class_projections(model, pixels, outputs, constants.averaged)
    if rules := [rule for rule in RULES if rule in wanted and rule not in found]:
        found |= class_gradients(model, pixels, outputs, rules)
    if "gradient_x_input" in names:
        found["gradient_x_input"] = (pixels - constants.baseline.to(pixels)[:, None, None]) * found["gradient"]
    if "smoothgrad" in names:
        found["smoothgrad"] = smoothgrad(
            model, pixels, outputs, noise=constants.noise, samples=constants.samples, rng=rng
        )
    if "integrated_gradients" in names:
        found["integrated_gradients"] = integrated_gradients(
            model, pixels, outputs, baseline=constants.baseline, steps=constants.steps
        )
    if "gradcam" in wanted:
        assert constants.layer is not None
        maps = gradcam(model, pixels, outputs, constants.layer)
        found["gradcam"] = at_pixels(maps.to(pixels), (pixels.shape[2], pixels.shape[3]))[:, None]
    if "guided_gradcam" in names:
        found["guided_gradcam"] = found["guided"] * found["gradcam"]
    return {name: found[name] for name in TITLES if name in names}


def magnitude(name: str, attribution: Float[Tensor, "n colors h w"]) -> Float[Tensor, "n h w"]:
    """One value from 0 up for each pixel: how much the method says that it matters.

    The largest magnitude over the colors, as for a saliency map; of the products the magnitude of their sum.
    """
    return attribution.sum(dim=1).abs() if name in PRODUCTS else attribution.abs().amax(dim=1)
