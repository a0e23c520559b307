"""Steepest ascent of a class's score from an image that shows another one, until the network says that class.

Of the course CS231n, third assignment; Szegedy et al. 2014 have a class in mind too, and minimize the change.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

from cnnviz_core.methods.attacks.eight_bit import as_pixels, eight_bit

Classifier = Callable[[Tensor], Tensor]
"""Gives the logits (n, classes) of images (n, 3, h, w) with pixels in [0, 1]."""


@dataclass(frozen=True)
class Ascent:
    """Where the ascents ended."""

    saved: UInt8[Tensor, "n 3 h w"]  # the images in 8 bits
    reached: Bool[np.ndarray, " n"]  # whether the network says the target for them
    steps: Int[np.ndarray, " n"]  # that were made


def ascend_to(logits: Classifier, pixels: Tensor, targets: Int[Tensor, " n"], *, rate: float, steps: int) -> Ascent:
    """Moves images by rate * g / ||g||_2, g the gradient of the target's logit, until the saved image is the target.

    What is asked after every step is the image as a file of 8 bits holds it: clipped to [0, 1] and rounded. The
    ascent itself goes on from the image that is not rounded, or steps of less than half a level would be lost. An image
    stops when it is the target, after `steps` steps, or where its gradient is zero or no number.
    """
    images, saved = pixels.detach().clone(), eight_bit(pixels, pixels)
    goal = targets.to(pixels.device)
    made = torch.zeros(len(pixels), dtype=torch.int64)
    stuck = torch.zeros(len(pixels), dtype=torch.bool)
    reached = _says(logits, saved, goal)
    for _ in range(steps):
        left = (~reached & ~stuck).nonzero()[:, 0]
        if not len(left):
            break
        there = left.to(pixels.device)
        slopes = _slopes(logits, images[there], goal[there])
        norms = slopes.flatten(1).norm(dim=1)
        moving = ((norms > 0) & norms.isfinite()).cpu()
        stuck[left[~moving]] = True
        left, there = left[moving], there[moving.to(there.device)]
        if not len(left):
            break
        ways = slopes[moving.to(slopes.device)] / norms[moving.to(norms.device)].view(-1, 1, 1, 1)
        images[there] = (images[there] + rate * ways.to(images)).clamp(0, 1)
        saved[there] = eight_bit(images[there], pixels[there])
        made[left] += 1
        reached[left] = _says(logits, saved[there], goal[there])
    return Ascent(saved, reached.numpy(), made.numpy())


def _slopes(logits: Classifier, images: Tensor, targets: Tensor) -> Tensor:
    """The derivative of each target's logit by the image's own pixels."""
    images = images.detach().requires_grad_()
    with torch.enable_grad():
        found = logits(images)
        (slopes,) = torch.autograd.grad(found.gather(1, targets.to(found.device)[:, None]).sum(), images)
    return slopes


def _says(logits: Classifier, saved: Tensor, targets: Tensor) -> Tensor:
    with torch.no_grad():
        answers: Tensor = logits(as_pixels(saved)).argmax(dim=1)
    return (answers.cpu() == targets.cpu()).cpu()
