"""How far from a point the energy of a picture lies."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from cnnviz_core.methods.deconvnet import Layered


def energy_width(
    energy: Float[np.ndarray, "n h w"], centre: tuple[float, float], share: float
) -> Float[np.ndarray, " n"]:
    """Side, in pixels, of the smallest square around a point that holds that share of the energy.

    The point is a row and a column, in which a pixel's own centre is whole. Not a number (nan) without energy.
    """
    rows, columns = np.indices(energy.shape[1:])
    distance = np.maximum(np.abs(rows - centre[0]), np.abs(columns - centre[1])).ravel()
    order = np.argsort(distance, kind="stable")
    held = np.cumsum(energy.reshape(len(energy), -1).astype(np.float64)[:, order], axis=1)
    first = (held >= share * held[:, -1:]).argmax(axis=1)
    return np.where(held[:, -1] > 0, 2 * distance[order][first] + 1, np.nan)


def gradient_energy(
    model: Layered, name: str, pixels: Float[Tensor, "n 3 h w"], signs: Float[Tensor, "n *shape"]
) -> Float[np.ndarray, "n h w"]:
    """Squared derivative by each pixel of a layer's output times `signs`, which are 0 where a unit does not count.

    Luo et al., Understanding the Effective Receptive Field in Deep Convolutional Networks, 2016, section 2.
    """
    images = pixels.clone().requires_grad_()
    with torch.enable_grad():
        (code,) = model.activations(images, name)
        (gradient,) = torch.autograd.grad((code * signs.to(code)).sum(), images)
    return np.asarray(gradient.double().square().sum(dim=1).cpu().numpy())
