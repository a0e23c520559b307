"""Images of nothing: noise, and noise moved one step toward a class.

Goodfellow, Shlens and Szegedy, Explaining and Harnessing Adversarial Examples, 2015, appendix A.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.attacks.fast_gradient_sign import Classifier, gradient_sign, moved


def rubbish(
    count: int,
    mean: Float[np.ndarray, "3"],
    std: Float[np.ndarray, "3"],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Float[Tensor, "n 3 h w"]:
    """Images whose values are independent and normal, with a mean and a standard deviation for each color.

    Nothing is clipped: some values are below 0 or above 1.
    """
    drawn = rng.standard_normal((count, 3, *size), dtype=np.float32)
    middle, spread = (values.astype(np.float32)[:, None, None] for values in (mean, std))
    return torch.from_numpy(middle + spread * drawn)


def step_toward(
    logits: Classifier, pixels: Float[Tensor, "n 3 h w"], targets: Int[Tensor, " n"], epsilon: float
) -> Float[Tensor, "n 3 h w"]:
    """Each value moved by epsilon so that the probability of the image's target rises; clipped to [0, 1]."""
    return moved(pixels, -gradient_sign(logits, pixels, targets), epsilon)


def favorite(answers: Int[np.ndarray, " n"]) -> tuple[int, int, int]:
    """The commonest answer of every second image, from the first on; how many of the others have it; how many they are.

    The commonest of all answers would be common by choice, even where chance alone gave them.
    """
    commonest = int(np.bincount(answers[::2]).argmax())
    return commonest, int((answers[1::2] == commonest).sum()), len(answers[1::2])
