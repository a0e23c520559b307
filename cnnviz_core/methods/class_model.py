"""The image that a network finds most typical of a class.

Simonyan, Vedaldi and Zisserman, Deep Inside Convolutional Networks, 2014, section 2.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.ascent import Climb, ascend

Classifier = Callable[[Tensor], Tensor]
"""Gives the logits (n, classes) of what the network is fed, (n, 3, h, w), in which zero is the mean color."""


def class_model(
    net: Classifier,
    outputs: Int[Tensor, " n"],
    start: Float[Tensor, "n 3 h w"],
    *,
    length: float,
    tries: int,
    softmax: bool = False,
) -> Climb:
    """Climbs S_c(I) where |I|_2 <= `length`, from `start`, the zero image in the paper, for a class of each image.

    This is S_c(I) - lambda |I|_2^2 in its constrained form: lambda becomes the multiplier of the bound (see `penalty`).
    For a given length an image exists on every network, while a given lambda lets the images of a network whose
    scores grow faster than lambda can hold run away. S_c is the raw score. With `softmax` it is log P(c), which also
    rises where the scores of other classes fall; its logarithm, since the gradient of P itself vanishes where P is
    near 0 or 1. The first try goes as far as the bound: around an image of one color many ReLUs switch within any
    small step, and a climb that begins with those hardly leaves.
    """
    score = log_probability if softmax else raw_score
    return ascend(lambda images: score(net(images), outputs), start, tries=tries, first=length, radius=length)


def penalty(climb: Climb) -> Float[np.ndarray, " n"]:
    """The lambda of each image for which it would also be a stationary point of S_c(I) - lambda |I|_2^2, once the climb
    is at its end: there the gradient is 2 lambda I. Before that, the best one along I; 0 for the zero image.
    """
    along = (climb.slopes * climb.images).flatten(1).sum(dim=1)
    squares = climb.images.flatten(1).pow(2).sum(dim=1)
    return torch.where(squares > 0, along / (2 * squares), 0.0).double().cpu().numpy()


def raw_score(logits: Float[Tensor, "n classes"], outputs: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The logit of each image's own output."""
    return logits.gather(1, outputs[:, None])[:, 0]


def log_probability(logits: Float[Tensor, "n classes"], outputs: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The logarithm of the probability of each image's own output."""
    return raw_score(logits.log_softmax(dim=1), outputs)
