"""What there is to choose among when an image is to be named, and what observers chose."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST = 5  # ranked choices in one response, as ILSVRC allows


@dataclass(frozen=True, eq=False)
class Choices:
    """The answers that can be given, the same for people and nets: the classes, or coarser categories of them."""

    names: tuple[str, ...]  # no two are the same
    outputs: tuple[tuple[int, ...], ...] | None  # of the model, that make up each; None where they are not known
    labels: np.ndarray  # (n,) which is right for each image; -1 for an image that belongs to none


@dataclass(frozen=True, eq=False)
class Responses:
    """Answers of observers: people, or other nets that were shown the same images."""

    observers: tuple[str, ...]
    nets: tuple[bool, ...]  # which observers are nets; the others are people
    observer: np.ndarray  # (n,) into observers, of each response
    image: np.ndarray  # (n,) into the images of the data set; at most one response for an observer and an image
    chosen: np.ndarray  # (n, MOST) into the names of the choices, the first one first; -1 where no more are given
    seconds: np.ndarray  # (n,) that the response took; NaN where that is not known

    @property
    def ranked(self) -> bool:
        """Whether somebody gave more than one choice for an image."""
        return bool((self.chosen[:, 1:] >= 0).any())

    @property
    def missing(self) -> int:
        """How many responses hold no answer; they count as wrong."""
        return int((self.chosen[:, 0] < 0).sum())


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, of which the second of the same kind is called `crane (2)`: ImageNet's crane is bird and machine."""
    seen: Counter[str] = Counter()
    taken, found = set(names), []
    for name in names:
        seen[name] += 1
        while seen[name] > 1 and f"{name} ({seen[name]})" in taken:
            seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
        taken.add(found[-1])
    return tuple(found)
