"""Which images people look at before they are asked, and which they are asked about."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int

Pools = dict[int, list[int]]
"""Images by class."""


def divided(labels: Int[np.ndarray, " n"], most: int, rng: np.random.Generator) -> tuple[Pools, Pools]:
    """Images to learn each class from, and those that are left to be asked about, each class drawn apart.

    To learn from are at most `most` images of a class and at most half of them: a class of one image has none. Images
    of label -1 belong to no class.
    """
    examples: Pools = {}
    left: Pools = {}
    for label in np.unique(labels[labels >= 0]).tolist():
        order = rng.permutation(np.flatnonzero(labels == label)).tolist()
        few = min(most, len(order) // 2)
        examples[label], left[label] = sorted(order[:few]), sorted(order[few:])
    return examples, left


def balanced(pools: Mapping[int, Sequence[int]], count: int, rng: np.random.Generator) -> list[int]:
    """At most `count` images, as many of each class as of every other as far as there are, in random order."""
    drawn = {label: rng.permutation(np.array(pools[label], dtype=int)).tolist() for label in sorted(pools)}
    classes = rng.permutation(np.array(sorted(pools), dtype=int)).tolist()
    longest = max(map(len, drawn.values()), default=0)
    turns = [drawn[label][k] for k in range(longest) for label in classes if k < len(drawn[label])]
    return [int(i) for i in rng.permutation(np.array(turns[:count], dtype=int))]
