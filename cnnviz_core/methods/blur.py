"""Images out of focus."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def blurred(images: Float[Tensor, "n c h w"], sigma: float) -> Float[Tensor, "n c h w"]:
    """The images after a Gaussian blur of that standard deviation in pixels; borders are continued by their pixels."""
    if sigma <= 0:
        return images
    reach = math.ceil(3 * sigma)
    places = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-((places / sigma) ** 2) / 2)
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, 1, -1)
    found = F.conv2d(F.pad(images, (reach, reach, 0, 0), mode="replicate"), kernel, groups=images.shape[1])
    found = F.pad(found, (0, 0, reach, reach), mode="replicate")
    return F.conv2d(found, kernel.transpose(2, 3), groups=images.shape[1])
