"""How many values of feature maps are zero, how local they are, and which channels never respond."""

from jaxtyping import Bool, Float, Int
from torch import Tensor


def zero_share(maps: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """Share of values that are exactly zero, per image: the sparsity of Glorot, Bordes and Bengio (2011)."""
    return (maps == 0).flatten(1).double().mean(dim=1)


def active_area(maps: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """Share of positions at which a map exceeds half of its own maximum, over the maps of an image that respond.

    The area at half maximum says how local the responses are; unlike the share of zeros it does not depend on how
    many maps are silent. 0 for an image to which no map responds.
    """
    peaks = maps.amax(dim=(2, 3), keepdim=True)
    areas = (maps > peaks / 2).flatten(2).double().mean(dim=2)
    responding = peaks.flatten(1) > 0
    return areas.sum(dim=1) / responding.sum(dim=1).clamp(min=1)


def silent(maps: Float[Tensor, "n c *positions"]) -> Bool[Tensor, "n c"]:
    """Whether a channel is zero at all positions, for each image."""
    return (maps == 0).reshape(*maps.shape[:2], -1).all(dim=2)


def silent_so_far(silent_channels: Bool[Tensor, "n c"]) -> Int[Tensor, " n"]:
    """Number of channels silent on all of the first 1, 2, ... n images: the last is the number of dead candidates."""
    heard = (~silent_channels).long().cumsum(dim=0) > 0
    return (~heard).sum(dim=1)
