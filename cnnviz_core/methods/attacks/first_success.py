"""Many steps that end as soon as a file of 8 bits holds an image that fools.

The walk is that of Madry et al. 2018 (`projected_gradient`). What counts is that an image fools, not how far beyond the
boundary it gets: an image that does is left alone, and the steps go to those that do not yet.
"""

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from cnnviz_core.methods.attacks.eight_bit import as_pixels, eight_bit
from cnnviz_core.methods.attacks.fast_gradient_sign import Classifier, answers_and_direction
from cnnviz_core.methods.attacks.projected_gradient import inside, steepest

FARTHER = 2.5  # all steps together, in sizes of the ball, so that a walk can come from any place in it to its edge


def first_success(
    logits: Classifier,
    pixels: Float[Tensor, "n 3 h w"],
    labels: Int[Tensor, " n"],
    *,
    norm: float,
    epsilon: float,
    steps: int,
    start: Float[Tensor, "n 3 h w"] | None = None,
) -> tuple[UInt8[Tensor, "n 3 h w"], Bool[Tensor, " n"]]:
    """Of each image the first one on its way that, saved, is not given the label, else the last; and whether it fools.

    A step is 2.5 epsilon / steps long, and a single one goes all the way. No saved image is farther than `epsilon` from
    its original in the `norm` (2 or inf). A saved image is asked about where the one that is not rounded fools, which
    the pass of the next step tells, and at the end.
    """
    labels, step = labels.to(pixels.device), epsilon * min(FARTHER / steps, 1)
    images, saved = (pixels if start is None else start).detach().clone(), eight_bit(pixels, pixels)
    fooled = torch.zeros_like(labels, dtype=torch.bool)
    for k in range(steps + 1):
        left = (~fooled).nonzero()[:, 0]
        if not len(left):
            break
        ask = left
        if k < steps:
            answers, direction = answers_and_direction(logits, images[left], labels[left])
            ask = left[answers != labels[left]]
        if len(ask):
            saved[ask] = eight_bit(images[ask], pixels[ask], epsilon=epsilon, norm=norm)
            fooled[ask] = fools(logits, as_pixels(saved[ask]), labels[ask])
        if k < steps:
            images[left] = inside(images[left] + step * steepest(direction, norm), pixels[left], epsilon, norm)
    return saved, fooled.cpu()


def fools(logits: Classifier, images: Float[Tensor, "n 3 h w"], labels: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
    """Whether each image is not given its label."""
    with torch.no_grad():
        answers = logits(images).argmax(dim=1)
    different: Tensor = answers != labels.to(answers.device)
    return different
