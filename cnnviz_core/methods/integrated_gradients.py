"""The score's change from a baseline to an image, shared out among the pixels.

Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks, 2017, section 3.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.saliency import Classifier, class_gradients


def integrated_gradients(
    model: Classifier,
    pixels: Float[Tensor, "n 3 h w"],
    outputs: Int[Tensor, " n"],
    *,
    baseline: Float[Tensor, "3"],
    steps: int,
) -> Float[Tensor, "n 3 h w"]:
    """(x - b) times the mean of the gradient along the straight line from the baseline b to the image x.

    The baseline is an image of one color. Their sum over an image is the difference of the scores of x and b, as far
    as `steps` points (of the Gauss-Legendre rule) give the integral: see `incompleteness`.
    """
    start = baseline.to(pixels)[:, None, None].expand_as(pixels)
    places, weights = np.polynomial.legendre.leggauss(steps)
    total = torch.zeros_like(pixels)
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        point = start + float(place) * (pixels - start)
        total += float(weight) * class_gradients(model, point, outputs)["gradient"].to(pixels)
    return (pixels - start) * total


@torch.no_grad()
def incompleteness(
    model: Classifier,
    pixels: Float[Tensor, "n 3 h w"],
    outputs: Int[Tensor, " n"],
    attributions: Float[Tensor, "n 3 h w"],
    *,
    baseline: Float[Tensor, "3"],
) -> Float[Tensor, " n"]:
    """How far the sum of the attributions is from the difference of the scores, as a share of that difference."""
    start = baseline.to(pixels)[:, None, None].expand_as(pixels)
    gain = (model(pixels) - model(start)).double().gather(1, outputs[:, None].to(pixels.device))[:, 0]
    return (attributions.double().sum(dim=(1, 2, 3)) - gain).abs() / gain.abs().clamp(min=1e-30)
