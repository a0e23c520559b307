"""Which places of a layer's maps speak for a class.

Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra, Grad-CAM, ICCV 2017, section 3.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from cnnviz_core.methods.total_activation import Answering


def gradcam(
    model: Answering, pixels: Float[Tensor, "n 3 h w"], outputs: Int[Tensor, " n"], layer: str
) -> Float[Tensor, "n rows columns"]:
    """Sum of the layer's maps, each weighted by the mean derivative of the raw score by it; negative values cut off."""
    with torch.enable_grad():
        (maps,), logits = model.activations_and_logits(pixels.detach().requires_grad_(), layer)
        score = logits.gather(1, outputs[:, None].to(logits.device)).sum()
    (gradient,) = torch.autograd.grad(score, maps)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    return (weights * maps.detach()).sum(dim=1).clamp(min=0)


def at_pixels(maps: Float[Tensor, "n rows columns"], size: tuple[int, int]) -> Float[Tensor, "n h w"]:
    """Maps brought to the size of the image, bilinearly."""
    return F.interpolate(maps[:, None], size, mode="bilinear", align_corners=False)[:, 0]
