"""From an activation back to the pixels that caused it.

Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, section 2.1.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from cnnviz_core.methods.relu_rules import relu_rule, sent_back
from cnnviz_core.methods.saliency import one_output
from cnnviz_core.methods.total_activation import Answering


@runtime_checkable
class Layered(Protocol):
    """A network that gives the outputs of its layers."""

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]: ...


def keep_map(channel: int) -> Callable[[Tensor], Tensor]:
    """All but one map of a layer (n, channels, ...) set to zero."""

    def seed(activations: Tensor) -> Tensor:
        kept = torch.zeros_like(activations)
        kept[:, channel] = activations[:, channel]
        return kept

    return seed


def keep_strongest_unit(channel: int) -> Callable[[Tensor], Tensor]:
    """All of a layer set to zero but the strongest unit of one map, for each image."""

    def seed(activations: Tensor) -> Tensor:
        kept = torch.zeros_like(activations)
        maps, kept_maps = activations[:, channel].flatten(1), kept[:, channel].view(len(kept), -1)
        strongest = maps.argmax(dim=1, keepdim=True)
        kept_maps.scatter_(1, strongest, maps.gather(1, strongest))
        return kept

    return seed


def keep_units(channels: Sequence[int], rows: Sequence[int], columns: Sequence[int]) -> Callable[[Tensor], Tensor]:
    """All of a layer of maps set to zero but one unit, another one for each image."""

    def seed(activations: Tensor) -> Tensor:
        units = (torch.arange(len(channels)), *(torch.as_tensor(each) for each in (channels, rows, columns)))
        kept = torch.zeros_like(activations)
        kept[units] = activations[units]
        return kept

    return seed


def project(
    model: Layered,
    pixels: Float[Tensor, "n 3 h w"],
    layer: str,
    *,
    seed: Callable[[Tensor], Tensor],
    rule: str = "deconvnet",
) -> Float[Tensor, "n 3 h w"]:
    """What `seed` keeps of a layer's activations, sent back to the pixels by the rule.

    Convolutions go back by their transposed filters, without bias; max-pooling to the places of its maxima in this
    image (the switches); a ReLU by the rule. All three are what automatic differentiation does, but for the ReLU.
    Where Zeiler and Fergus define nothing, for average pooling, normalization and addition, it is the gradient.
    Raises UndefinedRule where the rule has no definition for the network.
    """
    return projections(model, pixels, layer, seed=seed, rules=[rule])[rule]


def projections(
    model: Layered,
    pixels: Float[Tensor, "n 3 h w"],
    layer: str,
    *,
    seed: Callable[[Tensor], Tensor],
    rules: Sequence[str],
) -> dict[str, Float[Tensor, "n 3 h w"]]:
    """The same by several rules, which share one forward pass."""
    return sent_back(lambda inputs: model.activations(inputs, layer)[0], pixels, seed=seed, rules=rules)


def class_projections(
    model: Answering, pixels: Float[Tensor, "n 3 h w"], outputs: Int[Tensor, " n"], layer: str
) -> Float[Tensor, "n 3 h w"]:
    """Of each image the place of a layer's maps that adds most to the raw score of its output, sent back to the pixels.

    For a network whose score is an average over the places of that layer. Zeiler and Fergus send back one unit at one
    place; the same signal at all places at once often sends nothing back, since it can turn negative everywhere. What a
    place adds is the sum over its units of activation times derivative of the score.
    """
    inputs = pixels.detach().requires_grad_()
    with torch.enable_grad(), relu_rule("gradient", "deconvnet") as backward:
        (maps,), logits = model.activations_and_logits(inputs, layer)
    (gradient,) = torch.autograd.grad(logits, maps, one_output(outputs)(logits.detach()), retain_graph=True)
    added = (gradient * maps.detach()).sum(dim=1).flatten(1)
    most = torch.zeros_like(added).scatter_(1, added.argmax(dim=1, keepdim=True), 1).view(-1, 1, *maps.shape[2:])
    backward.rule = "deconvnet"
    (projection,) = torch.autograd.grad(maps, inputs, gradient * most)
    return projection.detach()


def visible(projections: Float[np.ndarray, "n 3 h w"]) -> Float[np.ndarray, "n h w 3"]:
    """Projections as pictures: zero is middle gray, and each is scaled to the 99.5 % quantile of its own magnitudes."""
    scales = np.quantile(np.abs(projections), 0.995, axis=(1, 2, 3), keepdims=True)
    values: np.ndarray = np.clip(0.5 + 0.5 * projections / np.maximum(scales, 1e-30), 0, 1).transpose(0, 2, 3, 1)
    return values


def closeups(projections: Float[np.ndarray, "n 3 h w"]) -> Float[np.ndarray, "n 3 side side"]:
    """The smallest squares, all of one size, with everything that exceeds a fiftieth of a projection's maximum."""
    magnitudes = np.abs(projections).max(axis=1)
    bright = magnitudes > magnitudes.max(axis=(1, 2), keepdims=True) / 50
    spans = [_span(bright.any(axis=axis)) for axis in (2, 1)]  # (n, 2) along rows, and along columns
    side = min(max(int((span[:, 1] - span[:, 0]).max()) for span in spans), *magnitudes.shape[1:])
    tops, lefts = (
        np.clip((span.sum(axis=1) - side) // 2, 0, length - side)
        for span, length in zip(spans, magnitudes.shape[1:], strict=True)
    )
    return np.stack([p[:, t : t + side, c : c + side] for p, t, c in zip(projections, tops, lefts, strict=True)])


def _span(bright: Bool[np.ndarray, "n length"]) -> Int[np.ndarray, "n 2"]:
    """First and last (exclusive) place that is True in each row; the first place where none is."""
    ends = bright.shape[1] - bright[:, ::-1].argmax(axis=1)
    return np.stack([bright.argmax(axis=1), np.where(bright.any(axis=1), ends, 1)], axis=1)
