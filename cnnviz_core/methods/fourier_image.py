"""Images made of waves and of uncorrelated colors, so that gradient ascent moves what natural images have much of.

Olah, Mordvintsev and Schubert, Feature Visualization, 2017, section *Preconditioning and parameterization*.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

SPREAD = ((0.26, 0.09, 0.02), (0.27, 0.0, -0.05), (0.27, -0.09, 0.03))
"""How red, green and blue go with three uncorrelated colors in photographs: a square root of the covariance."""


@dataclass(frozen=True)
class FourierImages:
    """n images of one size as amplitudes of waves, all of which come to about the same size in photographs."""

    size: tuple[int, int]
    falloff: float  # amplitudes fall with this power of the frequency; those of photographs with about 1

    def amplitudes(
        self, count: int, rng: np.random.Generator, deviation: float = 0.01
    ) -> Float[Tensor, "n 3 h half 2"]:
        """Faint random ones, from which an ascent starts: in double precision."""
        shape = (count, 3, self.size[0], self.size[1] // 2 + 1, 2)
        return torch.from_numpy(rng.normal(0, deviation, shape))

    def pixels(self, amplitudes: Float[Tensor, "n 3 h half 2"]) -> Float[Tensor, "n 3 h w"]:
        """The images of these amplitudes, in (0, 1): gray where all of them are zero."""
        waves = torch.view_as_complex(amplitudes.contiguous()) * self._scale().to(amplitudes)
        colors = torch.tensor(SPREAD).to(amplitudes)
        colors = colors / colors.norm(dim=0).max()
        planes = torch.fft.irfft2(waves, s=self.size, norm="ortho")
        return torch.sigmoid(torch.einsum("nchw,dc->ndhw", planes, colors))

    def _scale(self) -> Float[Tensor, "h half"]:
        """What an amplitude of 1 stands for; waves longer than the image count as those that fit in once."""
        height, width = self.size
        rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
        frequency = np.maximum(np.hypot(rows, columns), 1 / max(height, width))
        return torch.from_numpy(frequency**-self.falloff / 4)
