"""What is asked of an image so that it looks like a photograph: bounded values, and little change between neighbors.

Mahendran and Vedaldi, Understanding Deep Image Representations by Inverting Them, 2015, section 3. Their constants
hold for images of 227 x 227 pixels, fed as levels from 0 to 255 and divided by sigma, the mean length of photographs.
Here an image is in units of the contrast of photographs, z = (pixels - mean color) / contrast, and both terms are means
over its values: then constants hold for any size, any range and any data. With x = z / sqrt(D) for D values the paper's
terms are

    lambda_alpha |x|_6^6 = lambda_alpha / D^2 mean(z^6)        lambda_V R_V2(x) = lambda_V mean(|grad z|^2)

so that lambda_V stays as it is and lambda_alpha is divided by the square of the paper's D.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

ALPHA = 6
BOUND = 2.157e8 / (3 * 227 * 227) ** 2
"""Weight of mean(z^6): the paper's lambda_alpha, 2.16e8, divided by the square of its number of values."""

SMOOTHNESS = (0.5, 5.0, 50.0)
"""The paper's lambda_V for early, middle and late layers."""

EARLY, MIDDLE = 6 / 20, 12 / 20
"""Shares of its net's 20 layers for which it takes the first and the second (figure 6)."""

ROUNDED = 0.01
"""Differences well below this, in contrasts, count as none where beta < 2: less than a gray level of 255."""

EXTREME = 1 / 200
"""Share of the values of an image that may be shown as black, and as white."""


@dataclass(frozen=True)
class Frame:
    """Where zero lies among pixels and what one is: the mean color, and the contrast of photographs."""

    mean: tuple[float, ...]
    contrast: float  # root mean square of (pixels - mean); the paper's sigma is contrast * sqrt(D)

    def pixels(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """What the images are in pixels, which may lie outside [0, 1]."""
        return self._mean(images) + self.contrast * images

    def images(self, pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """What the pixels are as images."""
        return (pixels - self._mean(pixels)) / self.contrast

    def _mean(self, like: Tensor) -> Tensor:
        return like.new_tensor(self.mean).view(1, -1, 1, 1)


def frame(pixels: Float[Tensor, "n c h w"], mean: tuple[float, ...]) -> Frame:
    """The frame of photographs like these: sigma is the mean of their lengths. One of a single color gives 1."""
    lengths = (pixels - pixels.new_tensor(mean).view(1, -1, 1, 1)).double().pow(2).flatten(1).mean(dim=1).sqrt()
    return Frame(mean, float(lengths.mean()) or 1.0)


def smoothness(place: int, layers: int) -> float:
    """The paper's lambda_V for the layer at that place (from 0) of so many, by its share of them."""
    share = (place + 1) / layers
    return SMOOTHNESS[0] if share <= EARLY else SMOOTHNESS[1] if share <= MIDDLE else SMOOTHNESS[2]


def boundedness(images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """Mean of the sixth power: little below one contrast, a wall beyond three."""
    return images.pow(ALPHA).flatten(1).mean(dim=1)


def total_variation(images: Float[Tensor, "n c h w"], beta: float) -> Float[Tensor, " n"]:
    """Mean of |grad z|^beta, by forward differences, with the border repeated: there the difference is zero.

    Below beta = 2 the corner at zero is rounded off, since no step size suits it: (|grad z|^2 + e^2)^(beta/2) - e^beta
    with e = `ROUNDED`.
    """
    down = torch.nn.functional.pad(images.diff(dim=2), (0, 0, 0, 1))
    right = torch.nn.functional.pad(images.diff(dim=3), (0, 1))
    squares = down.pow(2) + right.pow(2)
    if beta != 2:
        squares = (squares + ROUNDED**2).pow(beta / 2) - ROUNDED**beta
    return squares.flatten(1).mean(dim=1)


def stretched(image: Float[Tensor, "c h w"]) -> UInt8[np.ndarray, "c h w"]:
    """8 bit, with black and white each reached by one value in 200 or more.

    The paper's code goes from the smallest value to the largest, which leaves images with a few spikes all gray.
    """
    values = image.double().cpu().numpy()
    low, high = np.quantile(values, [EXTREME, 1 - EXTREME])
    scaled = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return (scaled.clip(0, 1) * 255).round().astype(np.uint8)
