"""How the score of a class changes with the pixels.

Simonyan, Vedaldi and Zisserman, Deep Inside Convolutional Networks, 2014, section 3.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from cnnviz_core.methods.relu_rules import sent_back

Classifier = Callable[[Tensor], Tensor]
"""Gives the logits (n, classes) of images (n, 3, h, w) with pixels in [0, 1]."""


def class_gradients(
    model: Classifier,
    pixels: Float[Tensor, "n 3 h w"],
    outputs: Int[Tensor, " n"],
    rules: Sequence[str] = ("gradient",),
) -> dict[str, Float[Tensor, "n 3 h w"]]:
    """For each image the raw score of its own output, sent back to the pixels by each of the rules.

    The score is the logit, not the probability, which also rises where the scores of other classes fall. By the rule
    *gradient* it is the derivative by the pixels. Raises UndefinedRule where a rule has no definition for the network.
    """
    return sent_back(model, pixels, seed=one_output(outputs), rules=rules)


def one_output(outputs: Int[Tensor, " n"]) -> Callable[[Tensor], Tensor]:
    """Makes of logits (n, classes) the derivative of the sum of one logit of each image."""

    def seed(logits: Tensor) -> Tensor:
        return torch.zeros_like(logits).scatter_(1, outputs[:, None].to(logits.device), 1)

    return seed


def saliency(model: Classifier, pixels: Float[Tensor, "n 3 h w"], outputs: Int[Tensor, " n"]) -> Float[Tensor, "n h w"]:
    """The largest magnitude, over the three colors, of the derivative of the score by a pixel."""
    return class_gradients(model, pixels, outputs)["gradient"].abs().amax(dim=1)
