"""How far an image was moved."""

import math

import numpy as np
from jaxtyping import Float
from torch import Tensor


def perturbation_size(
    images: Float[Tensor, "n 3 h w"], pixels: Float[Tensor, "n 3 h w"], norm: float = math.inf
) -> Float[np.ndarray, " n"]:
    """The norm (2, inf, 1, or 0: how many values changed) of images - pixels, in the unit of pixels from 0 to 1.

    In double precision, so that the sum over a large image is not rounded.
    """
    change = (images.detach().double() - pixels.detach().double()).flatten(1)
    return np.asarray(np.linalg.norm(change.cpu().numpy(), ord=norm, axis=1))
