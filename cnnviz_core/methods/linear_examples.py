"""Images that fool a linear classifier, and how often changes of each size do (Goodfellow et al. 2015, section 3)."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from cnnviz_core.methods.linear_attack import LEVELS, directions, fooling_levels, saved, smallest_changes
from cnnviz_core.methods.softmax_regression import Linear


@dataclass(frozen=True)
class Example:
    """An image in 8 bits, the signs that are added so many times 1/255, and the sum, clipped and in 8 bits."""

    image: Float[np.ndarray, " d"]
    signs: Float[np.ndarray, " d"]
    fooled: Float[np.ndarray, " d"]
    label: int
    answer: int
    levels: int

    @property
    def moved(self) -> float:
        """By how many levels the value that changed most did."""
        return float(np.abs(self.fooled - self.image).max() * LEVELS)


def easiest_examples(
    linear: Linear, x: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"], count: int
) -> list[Example]:
    """Rightly classified images, at most `count`, of different classes, that are fooled by the fewest levels."""
    x = saved(x)
    needed, rivals = smallest_changes(linear, x, labels)
    signs, found = directions(linear, labels, rivals), dict[int, Example]()
    for k in np.argsort(np.where(needed > 0, needed, np.inf), kind="stable"):
        label = int(labels[k])
        if len(found) == count or not 0 < needed[k] < np.inf or label in found:
            continue
        levels = fooling_levels(linear, x[k], signs[k], label, first=math.floor(needed[k] * LEVELS))
        if levels is not None:
            fooled = saved(x[k] + levels / LEVELS * signs[k])
            found[label] = Example(x[k], signs[k], fooled, label, int(linear.answers(fooled[None])[0]), levels)
    return list(found.values())


def errors_by_size(
    linear: Linear,
    x: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, " n"],
    sizes: Float[np.ndarray, " sizes"],
    rng: np.random.Generator,
) -> dict[str, Bool[np.ndarray, "sizes n"]]:
    """Which images changes of each size fool: along the sign of the gradient, along random signs, and at worst.

    Nothing is clipped.
    """
    ways = {"gradient": np.sign(linear.slopes(x, labels)), "random": rng.choice([-1.0, 1.0], size=x.shape)}
    needed, _ = smallest_changes(linear, x, labels)
    return {
        **{name: np.array([linear.answers(x + size * way) != labels for size in sizes]) for name, way in ways.items()},
        "worst": needed <= np.asarray(sizes)[:, None],
    }
