"""Teaching a network the labels of a few images by heart, whether they are true or not.

Adebayo et al., Sanity Checks for Saliency Maps, 2018, section 4, compare the maps of a network that learned permuted
labels with those of one that learned the true ones.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

LARGEST_GRADIENT = 1.0  # norm to which the gradient of a step is cut
BETAS = 0.9, 0.99  # of Adam: shorter memories than usual, since the training is short


@dataclass(frozen=True)
class Lesson:
    """What became of a training."""

    accuracy: float  # share of the images whose label the network gives in the end
    passes: int  # over all images
    diverged: bool  # whether the loss became no number; then the weights are those before that step


def memorise(
    net: nn.Module,
    inputs: Callable[[np.ndarray], Float[Tensor, "b 3 h w"]],
    labels: Int[np.ndarray, " n"],
    rng: np.random.Generator,
    *,
    rate: float,
    batch: int,
    passes: int,
    enough: float | None,
) -> Lesson:
    """Train all weights of the net, in place, by Adam (Kingma and Ba 2015) on the cross-entropy of these labels.

    `inputs` gives what the net is fed for the images of these numbers. Each pass over the images has its own random
    order. It ends after `passes` of them, or where the share of right answers in a pass is `enough`; None: not before.
    The net stays in evaluation mode, so nothing drops out and normalization keeps its statistics.
    """
    optimiser = torch.optim.Adam(net.parameters(), lr=rate, betas=BETAS)
    done, diverged = 0, False
    try:
        net.eval().requires_grad_(True)
        for _ in range(passes):
            done += 1
            right = [_step(net, optimiser, inputs(chosen), labels[chosen]) for chosen in _batches(labels, batch, rng)]
            diverged = math.isnan(sum(right))
            if diverged or (enough is not None and sum(right) >= enough * len(labels)):
                break
    finally:
        net.zero_grad(set_to_none=True)
        net.requires_grad_(False)
    return Lesson(_accuracy(net, inputs, labels, batch), done, diverged)


def permutation(labels: Int[np.ndarray, " n"], rng: np.random.Generator) -> Int[np.ndarray, " n"]:
    """An order of the images, drawn until it gives at least one of them another label.

    Raises ValueError where all labels are the same, so that there is none such.
    """
    if (labels == labels[0]).all():
        raise ValueError("one label cannot be permuted")
    while True:
        order = rng.permutation(len(labels))
        if (labels[order] != labels).any():
            return order


def _batches(labels: np.ndarray, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    order = rng.permutation(len(labels))
    for start in range(0, len(order), batch):
        yield order[start : start + batch]


def _step(net: nn.Module, optimiser: torch.optim.Optimizer, inputs: Tensor, labels: np.ndarray) -> float:
    """How many answers were right before the step; NaN, and no step, where the loss is no number."""
    wanted = torch.from_numpy(labels).to(inputs.device)
    logits = net(inputs)
    loss = F.cross_entropy(logits, wanted)
    if not math.isfinite(loss.item()):
        return math.nan
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
    if not math.isfinite(norm.item()):
        return math.nan
    optimiser.step()
    return float((logits.argmax(dim=1) == wanted).sum())


def _accuracy(net: nn.Module, inputs: Callable[[np.ndarray], Tensor], labels: np.ndarray, batch: int) -> float:
    right = 0
    with torch.no_grad():
        for start in range(0, len(labels), batch):
            chosen = np.arange(start, min(start + batch, len(labels)))
            right += int((net(inputs(chosen)).argmax(dim=1).cpu().numpy() == labels[chosen]).sum())
    return right / len(labels)
