"""Which images an attack is tried on: an image that is already misclassified cannot be fooled."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from cnnviz_core.methods.sampling import spread

FEWEST = 2  # images from which on those that are rightly classified are enough


@dataclass(frozen=True)
class Victims:
    """The images that are attacked, and the answers from which they are to be led away."""

    kept: list[int]  # their places among those that there are
    labels: Int[np.ndarray, " kept"]
    kind: Literal["right", "predicted"]  # what the labels are
    excluded: int  # how many were misclassified at once


def victims(logits: Float[np.ndarray, "n classes"], targets: Int[np.ndarray, " n"] | None) -> Victims:
    """Those that are given their right label.

    Where it is not known what is right, or hardly an image is, all of them, with what the network says as their label.
    """
    predicted = logits.argmax(axis=1)
    if targets is not None:
        right = np.flatnonzero(predicted == targets)
        if len(right) >= FEWEST:
            return Victims(right.tolist(), targets[right], "right", len(targets) - len(right))
    return Victims(list(range(len(predicted))), predicted, "predicted", 0)


def thinned(found: Victims, count: int) -> Victims:
    """At most so many of them, evenly spread."""
    places = spread(range(len(found.kept)), min(count, len(found.kept)))
    return replace(found, kept=[found.kept[k] for k in places], labels=found.labels[places])
