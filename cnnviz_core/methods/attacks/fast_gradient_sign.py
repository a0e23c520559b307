"""One step that makes the loss rise as fast as it can where no pixel changes by more than epsilon.

Goodfellow, Shlens and Szegedy, Explaining and Harnessing Adversarial Examples, 2015, section 4.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

Classifier = Callable[[Tensor], Tensor]
"""Gives the logits (n, classes) of images (n, 3, h, w) with pixels in [0, 1]."""

Bound = float | Float[Tensor, " n"]
"""How far an image may be changed, in the unit of the pixels: the same for all, or one for each."""


def loss_direction(
    logits: Classifier, pixels: Float[Tensor, "n 3 h w"], labels: Int[Tensor, " n"]
) -> Float[Tensor, "n 3 h w"]:
    """Where the loss -log p of each image's own label rises: its derivative by the pixels, but for a positive factor.

    It is the derivative of log((1 - p) / p), and that of the loss is 1 - p times as large. The factor is left out since
    it is rounded to zero, and the sign with it, where the network is sure. One forward and one backward pass.
    """
    return answers_and_direction(logits, pixels, labels)[1]


def answers_and_direction(
    logits: Classifier, pixels: Float[Tensor, "n 3 h w"], labels: Int[Tensor, " n"]
) -> tuple[Int[Tensor, " n"], Float[Tensor, "n 3 h w"]]:
    """What the network says of the images, and `loss_direction`, in the same pass."""
    pixels = pixels.detach().requires_grad_()
    with torch.enable_grad():
        found = logits(pixels)
        own = labels[:, None].to(found.device)
        against = found.scatter(1, own, -torch.inf).logsumexp(dim=1) - found.gather(1, own)[:, 0]
        (direction,) = torch.autograd.grad(against.sum(), pixels)
    return found.detach().argmax(dim=1), direction


def gradient_sign(
    logits: Classifier, pixels: Float[Tensor, "n 3 h w"], labels: Int[Tensor, " n"]
) -> Float[Tensor, "n 3 h w"]:
    """The sign of the derivative of the loss by each pixel: -1, 1, or 0 where the loss does not depend on it."""
    return loss_direction(logits, pixels, labels).sign()


def fast_gradient_sign(
    logits: Classifier,
    pixels: Float[Tensor, "n 3 h w"],
    labels: Int[Tensor, " n"],
    epsilon: Bound,
    *,
    clipped: bool = True,
) -> Float[Tensor, "n 3 h w"]:
    """x + epsilon sign(dJ/dx), brought back to [0, 1] where `clipped`, which the paper does not do."""
    return moved(pixels, gradient_sign(logits, pixels, labels), epsilon, clipped=clipped)


def moved(
    pixels: Float[Tensor, "n 3 h w"], direction: Float[Tensor, "n 3 h w"], length: Bound, *, clipped: bool = True
) -> Float[Tensor, "n 3 h w"]:
    """The images, moved so many times the direction, and brought back to [0, 1] where `clipped`."""
    images = pixels.detach() + each(length, pixels) * direction
    return images.clamp(0, 1) if clipped else images


def each(values: Bound, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 1 1 1"]:
    """One number of each image, to be multiplied with all its pixels."""
    return torch.as_tensor(values, dtype=images.dtype, device=images.device).expand(len(images)).view(-1, 1, 1, 1)
