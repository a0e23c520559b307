"""Adversarial images as they can be saved: whole numbers from 0 to 255, still not farther from the original.

A change that is smaller than half a step of 1/255 is lost in the file, and rounding may lengthen one that is larger:
whether a network is fooled is known only when the saved image is shown to it.
"""

import math

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

LEVELS = 255
SLACK = 1e-5  # of a step: by which an epsilon of whole steps may come out too small in floating point


def eight_bit(
    images: Float[Tensor, "n 3 h w"],
    pixels: Float[Tensor, "n 3 h w"],
    *,
    epsilon: float = math.inf,
    norm: float = math.inf,
) -> UInt8[Tensor, "n 3 h w"]:
    """The images in steps of 1/255, none of them farther than `epsilon` from `pixels` in the `norm` (2 or inf).

    `pixels`, in [0, 1], are in such steps themselves. Each value goes to the nearest step. Where that would leave the
    ball, for inf it goes to the last step within it; for 2, of the values that rounding moved away from the original,
    those that it moved farthest go to the step before, as few as are needed.
    """
    if norm not in (2, math.inf):
        raise ValueError(f"norm must be 2 or inf, not {norm}")
    original = (pixels.double() * LEVELS).round()
    exact = images.double().clamp(0, 1) * LEVELS - original
    change = exact.round()
    if math.isfinite(epsilon):
        bound = epsilon * LEVELS + SLACK
        change = change.clamp(-math.floor(bound), math.floor(bound)) if norm == math.inf else _shorter(exact, bound)
    return (original + change).to(torch.uint8)


def _shorter(exact: Float[Tensor, "n 3 h w"], bound: float) -> Float[Tensor, "n 3 h w"]:
    """Changes in whole steps, near `exact` and not longer than the bound, as `exact` is not."""
    wanted, sizes = exact.flatten(1).abs(), exact.flatten(1).abs().round()
    away = sizes - wanted  # how much rounding moved each value away from the original; at most one half
    order = away.argsort(dim=1, descending=True, stable=True)
    saved = torch.where(away > 0, 2 * sizes - 1, 0).gather(1, order)  # of the sum of squares, by one step less
    excess = (sizes.square().sum(dim=1, keepdim=True) - bound**2).clamp_min(0)
    needed = (saved.cumsum(dim=1) - saved < excess) & (saved > 0)
    back = torch.zeros_like(sizes).scatter(1, order, needed.to(sizes))
    return ((sizes - back) * exact.flatten(1).sign()).view_as(exact)


def as_pixels(saved: UInt8[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
    """Pixels in [0, 1] as they are read from a file of 8 bits."""
    return saved.float() / LEVELS
