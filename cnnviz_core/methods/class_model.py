"""The image that a network finds most typical of a class.

Simonyan, Vedaldi and Zisserman, Deep Inside Convolutional Networks, 2014, section 2.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.ascent import Climb, Objective, ascend

Classifier = Callable[[Tensor], Tensor]
"""Gives the logits (n, classes) of what the network is fed, (n, 3, h, w), in which zero is the mean color."""


def class_model(
    net: Classifier,
    outputs: Int[Tensor, " n"],
    start: Float[Tensor, "n 3 h w"],
    *,
    penalty: float,
    tries: int,
    first: float,
    softmax: bool = False,
) -> Climb:
    """Climbs S_c(I) - penalty * |I|_2^2 from `start`, which is the zero image in the paper, for a class of each image.

    S_c is the raw score. With `softmax` it is log P(c), which also rises where the scores of other classes fall; its
    logarithm, since the gradient of P itself vanishes where P is near 0 or 1. The first step has the length `first` and
    is taken whatever it brings: around an image of one color many ReLUs switch within any small step, and a climb
    that may not fall there hardly leaves. Then each of the `tries` is a forward and a backward pass.
    """
    score = log_probability if softmax else raw_score

    def objective(images: Tensor) -> Tensor:
        return score(net(images), outputs) - penalty * images.pow(2).flatten(1).sum(dim=1)

    found: Objective = objective
    left = start.detach().requires_grad_()
    (slopes,) = torch.autograd.grad(found(left).sum(), left)
    lengths = slopes.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    moved = start + first * torch.where(lengths > 0, slopes / lengths, 0.0)
    return ascend(found, moved, tries=tries, first=first)


def raw_score(logits: Float[Tensor, "n classes"], outputs: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The logit of each image's own output."""
    return logits.gather(1, outputs[:, None])[:, 0]


def log_probability(logits: Float[Tensor, "n classes"], outputs: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The logarithm of the probability of each image's own output."""
    return raw_score(logits.log_softmax(dim=1), outputs)


def balanced_penalty(logits: Float[Tensor, "n classes"], images: Float[Tensor, "n 3 h w"]) -> float:
    """The penalty by which a typical image pays as much as its own score is worth.

    That is the lead of the highest logit over the mean of all, averaged over images such as photographs, divided by
    their mean squared length. So the result fits networks of any input size and any scale of scores.
    """
    leads = (logits.amax(dim=1) - logits.mean(dim=1)).mean()
    squares = images.flatten(1).pow(2).sum(dim=1).mean()
    return float(leads / squares) if squares > 0 else 0.0
