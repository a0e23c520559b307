"""Images slightly moved, turned and scaled at random, as an observer sees a thing that stays the same."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Views:
    """How much views may differ. What an image must look like in all of them has no use for patterns of single pixels.

    Olah, Mordvintsev and Schubert, Feature Visualization, 2017, section *The enemy of feature visualization*.
    """

    shift: float  # at most, as a share of the side, in each direction
    turn: float  # degrees, at most, in both directions
    zoom: float  # at most this share larger or smaller

    def of(self, images: Float[Tensor, "n c h w"], rng: np.random.Generator) -> Float[Tensor, "n c h w"]:
        """One view of each image, with the image mirrored at its border where the view reaches beyond."""
        places = torch.from_numpy(self.motions(len(images), (images.shape[2], images.shape[3]), rng)).to(images)
        grid = F.affine_grid(places, list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    def motions(self, count: int, size: tuple[int, int], rng: np.random.Generator) -> Float[np.ndarray, "count 2 3"]:
        """Where the places of each view lie in the image, in coordinates (x, y) from -1 to 1."""
        angle = np.deg2rad(rng.uniform(-self.turn, self.turn, count))
        scale = np.exp(rng.uniform(-1, 1, count) * np.log1p(self.zoom))
        shift = rng.uniform(-2 * self.shift, 2 * self.shift, (count, 2))
        cosine, sine, aspect = np.cos(angle) / scale, np.sin(angle) / scale, size[0] / size[1]
        rows = [[cosine, -sine * aspect, shift[:, 0]], [sine / aspect, cosine, shift[:, 1]]]
        return np.array(rows).transpose(2, 0, 1)
