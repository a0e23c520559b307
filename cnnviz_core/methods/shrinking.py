"""Images as few numbers, for nearness by pixels."""

import numpy as np
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def shrunk(pixels: Float[Tensor, "n 3 h w"], side: int) -> Float[np.ndarray, "n d"]:
    """The colors of each image on a grid of side x side, each the mean of its part of the image."""
    small: np.ndarray = F.adaptive_avg_pool2d(pixels, side).flatten(1).cpu().numpy()
    return small
