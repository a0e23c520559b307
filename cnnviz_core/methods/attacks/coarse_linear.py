"""A linear classifier of an image's colors on a coarse grid, as a classifier of the image's own pixels."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from cnnviz_core.methods.attacks.fast_gradient_sign import Classifier
from cnnviz_core.methods.softmax_regression import Linear


def on_pixels(linear: Linear, side: int) -> Classifier:
    """Its scores of images of any size, of which it sees the mean colors of side x side parts.

    They can be differentiated by the pixels: all pixels of a part have the same slope.
    """
    weights, biases = torch.from_numpy(linear.weights), torch.from_numpy(linear.biases)

    def scores(pixels: Tensor) -> Tensor:
        seen = F.adaptive_avg_pool2d(pixels.double(), side).flatten(1)
        return seen @ weights.to(seen).T + biases.to(seen)

    return scores


def coarse_signs(pixels: Float[Tensor, "n 3 h w"], side: int, rng: np.random.Generator) -> Float[Tensor, "n 3 h w"]:
    """Random signs, the same for all pixels of a part: what the classifier sees of them is not averaged away."""
    drawn = torch.from_numpy(rng.integers(0, 2, (len(pixels), 3, side, side)) * 2 - 1).to(pixels)
    return F.interpolate(drawn, tuple(pixels.shape[2:]), mode="nearest")
