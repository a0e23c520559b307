"""Images that a network answers strongly to, held to what photographs are like.

The recipe of Olah, Mordvintsev and Schubert, Feature Visualization, 2017: waves in place of pixels, random views.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from cnnviz_core.methods.fourier_image import FourierImages
from cnnviz_core.methods.random_views import Views


def preferred_images(
    score: Callable[[Tensor], Tensor],
    space: FourierImages,
    views: Views,
    *,
    count: int,
    rate: float,
    steps: Iterable[int],
    rng: np.random.Generator,
) -> Float[Tensor, "n 3 h w"]:
    """`count` images with pixels in [0, 1], all in one batch, after one step of Adam (Kingma and Ba 2015) for each of
    `steps`.

    `score` gives the value (n,) of each image that is to be large; it sees a new view of every image at each step.
    Raises FloatingPointError where a score is not finite.
    """
    amplitudes = space.amplitudes(count, rng).requires_grad_()
    optimiser = torch.optim.Adam([amplitudes], lr=rate)
    for _ in steps:
        values = score(views.of(space.pixels(amplitudes), rng))
        if not values.isfinite().all():
            raise FloatingPointError("a score is not finite")
        (amplitudes.grad,) = torch.autograd.grad(-values.sum(), amplitudes)
        optimiser.step()
    return space.pixels(amplitudes).detach()
