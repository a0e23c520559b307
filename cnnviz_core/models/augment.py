"""Images a little changed, so that a net in training never sees the same one twice."""

import numpy as np
import torch
from torch import Tensor


def moved(images: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """Each image (n, h, w, 3) shifted by up to `shift` pixels and mirrored or not; the gap shows its edge mirrored."""
    count, height, width = images.shape[:3]
    padded = np.pad(images, ((0, 0), (shift, shift), (shift, shift), (0, 0)), mode="reflect")
    places = rng.integers(0, 2 * shift + 1, (count, 2))
    mirrored = rng.random((count,)) < 0.5
    result = np.empty_like(images)
    for k, (top, left) in enumerate(places):
        cut = padded[k, top : top + height, left : left + width]
        result[k] = cut[:, ::-1] if mirrored[k] else cut
    return result


def relit(images: Tensor, brightness: float, contrast: float, colour: float, rng: np.random.Generator) -> Tensor:
    """Each image (n, 3, h, w), pixels in [0, 1], in another light, cut to [0, 1].

    `brightness` is the largest shift of its level, `contrast` and `colour` are the largest relative changes of its
    distance from middle grey and of each of its channels.
    """
    count = len(images)
    shift = rng.uniform(-brightness, brightness, (count, 1))
    steeper = rng.uniform(1 - contrast, 1 + contrast, (count, 1))
    tint = rng.uniform(1 - colour, 1 + colour, (count, 3))
    gain, offset = steeper * tint, (0.5 - 0.5 * steeper + shift) * tint
    scale, level = (
        torch.from_numpy(values).to(images.device, images.dtype)[:, :, None, None] for values in (gain, offset)
    )
    return (images * scale + level).clamp(0, 1)
