"""The gradient averaged over noisy copies of an image.

Smilkov, Thorat, Kim, Viégas and Wattenberg, SmoothGrad: removing noise by adding noise, 2017, section 2.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.saliency import Classifier, class_gradients


def smoothgrad(
    model: Classifier,
    pixels: Float[Tensor, "n 3 h w"],
    outputs: Int[Tensor, " n"],
    *,
    noise: float,
    samples: int,
    rng: np.random.Generator,
) -> Float[Tensor, "n 3 h w"]:
    """Mean of the gradients of the score at `samples` copies of each image with normal noise added.

    The noise has the standard deviation `noise` times the range of the image's own pixels, and is not clipped. It is
    drawn by numpy, since torch's draws differ between kinds of processors.
    """
    flat = pixels.flatten(1)
    deviation = (noise * (flat.amax(dim=1) - flat.amin(dim=1)))[:, None, None, None]
    total = torch.zeros_like(pixels)
    for _ in range(samples):
        drawn = torch.from_numpy(rng.standard_normal(tuple(pixels.shape), dtype=np.float32)).to(pixels)
        total += class_gradients(model, pixels + deviation * drawn, outputs)["gradient"].to(pixels)
    return total / samples
