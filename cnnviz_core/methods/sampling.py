"""Which classes and images of many stand for all."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int


def spread_classes(classes: Sequence[int], groups: Sequence[str] | None, count: int) -> list[int]:
    """At most `count` of the classes, group after group, in the order in which groups first come.

    Each group gives as many as every other, or all that it has; they are spread evenly over it. `groups` is the group
    of each class that there is; None puts all into one.
    """
    members: dict[str, list[int]] = {}
    for label in classes:
        members.setdefault("" if groups is None else groups[label], []).append(label)
    left = min(count, len(classes))
    quota = dict.fromkeys(members, 0)
    while left:
        for group in members:
            if left and quota[group] < len(members[group]):
                quota[group] += 1
                left -= 1
    return [label for group, few in quota.items() for label in spread(members[group], few)]


def spread(items: Sequence[int], count: int) -> list[int]:
    """`count` of the items, spread evenly from the first to the last."""
    return [items[int(k)] for k in np.linspace(0, len(items) - 1, count).round()]


def drawn(labels: Int[np.ndarray, " n"], label: int, count: int, rng: np.random.Generator) -> list[int]:
    """At most `count` images of one class, drawn at random, none twice, in the order of the data set."""
    found = np.flatnonzero(labels == label)
    return sorted(rng.choice(found, size=min(count, len(found)), replace=False).tolist())
