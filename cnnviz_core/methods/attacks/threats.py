"""Ways in which an image may be changed without becoming another thing: each a set of images around it.

Random noise and gray squares; shifts and turns as in Engstrom et al., Exploring the Landscape of Spatial Robustness,
2019; light, contrast and blur as in Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations, 2019.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from cnnviz_core.methods.blur import blurred

Images = Float[Tensor, "n 3 h w"]


def sign_noise(pixels: Images, epsilon: float, rng: np.random.Generator) -> Images:
    """Every value moved by epsilon, up or down at random, and brought back to [0, 1]."""
    signs = rng.integers(0, 2, tuple(pixels.shape)) * 2 - 1
    return (pixels + epsilon * torch.from_numpy(signs).to(pixels)).clamp(0, 1)


def uniform_noise(pixels: Images, epsilon: float, rng: np.random.Generator) -> Images:
    """A number between -epsilon and epsilon added to every value, and the sum brought back to [0, 1]."""
    return (pixels + torch.from_numpy(rng.uniform(-epsilon, epsilon, tuple(pixels.shape))).to(pixels)).clamp(0, 1)


def gaussian_noise(pixels: Images, length: float, rng: np.random.Generator) -> Images:
    """A change in a random direction of that L2 length, all directions equally likely, brought back to [0, 1]."""
    drawn = rng.standard_normal(tuple(pixels.shape))
    drawn *= length / np.linalg.norm(drawn.reshape(len(drawn), -1), axis=1)[:, None, None, None]
    return (pixels + torch.from_numpy(drawn).to(pixels)).clamp(0, 1)


def shifted(pixels: Images, down: int, across: int) -> Images:
    """The image moved by whole pixels; what enters repeats the edge."""
    height, width = pixels.shape[2:]
    rows = (torch.arange(height) - down).clamp(0, height - 1)
    columns = (torch.arange(width) - across).clamp(0, width - 1)
    return pixels[:, :, rows][:, :, :, columns]


def turned(pixels: Images, degrees: float) -> Images:
    """The image turned counterclockwise about its center (bilinear); what enters repeats the edge."""
    height, width = pixels.shape[2:]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    across = torch.arange(width, dtype=pixels.dtype) - (width - 1) / 2
    down = (torch.arange(height, dtype=pixels.dtype) - (height - 1) / 2)[:, None]
    columns, rows = cos * across - sin * down, sin * across + cos * down
    places = torch.stack([columns * 2 / max(width - 1, 1), rows * 2 / max(height - 1, 1)], dim=2)
    grid = places.expand(len(pixels), -1, -1, -1).to(pixels.device)
    return F.grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=True).clamp(0, 1)


def covered(pixels: Images, top: int, left: int, side: int, fill: Float[Tensor, "3"]) -> Images:
    """The image with a square of one color."""
    images = pixels.clone()
    images[:, :, top : top + side, left : left + side] = fill.to(pixels).view(1, 3, 1, 1)
    return images


def relit(pixels: Images, brightness: float, contrast: float) -> Images:
    """Contrast changed about each image's mean by the share, and all values then moved by `brightness`."""
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    return ((1 + contrast) * (pixels - mean) + mean + brightness).clamp(0, 1)


def squares(pixels: Images, side: int, fill: Float[Tensor, "3"], places: int) -> Iterator[Images]:
    """The image with a square of that side, on a grid of so many by so many places from edge to edge."""
    height, width = pixels.shape[2:]
    for row in np.linspace(0, 1, places):
        for column in np.linspace(0, 1, places):
            yield covered(pixels, round(row * (height - side)), round(column * (width - side)), side, fill)


def shifts(pixels: Images, reach: int, places: int) -> Iterator[Images]:
    """The image moved by up to `reach` pixels either way, on a grid; not by nothing."""
    return (shifted(pixels, round(y * reach), round(x * reach)) for y, x in _around(places))


def turns(pixels: Images, degrees: float, places: int) -> Iterator[Images]:
    """The image turned by so many angles up to `degrees` either way; not by nothing."""
    return (turned(pixels, degrees * end) for end in np.linspace(-1, 1, places) if end)


def lights(pixels: Images, share: float, places: int) -> Iterator[Images]:
    """Brightness and contrast changed by up to this share either way, on a grid; not by nothing."""
    return (relit(pixels, share * y, share * x) for y, x in _around(places))


def blurs(pixels: Images, sigma: float, places: int) -> Iterator[Images]:
    """The image under so many Gaussians, up to that standard deviation in pixels."""
    return (blurred(pixels, sigma * k / places).clamp(0, 1) for k in range(1, places + 1))


def _around(places: int) -> list[tuple[float, float]]:
    """The places of a grid from -1 to 1, but for the middle."""
    ends = np.linspace(-1, 1, places)
    return [(float(y), float(x)) for y in ends for x in ends if y or x]
