"""What images are counted as alike: those of one class, or of one family of classes."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int


def groups_of(
    labels: Int[np.ndarray, " n"], class_names: Sequence[str], families: Sequence[str] | None, least: int
) -> tuple[Int[np.ndarray, " n"], list[str], str] | None:
    """The group of each image, the groups' names, and what they are: classes, or else families.

    Images of groups with fewer than `least` images are in none: -1. None where fewer than two groups are left, by class
    as by family.
    """
    for names, what in ((class_names, "class"), (families, "family")):
        if names is None:
            continue
        every = list(dict.fromkeys(names)) if what == "family" else list(names)
        index = np.array([every.index(name) for name in names] if what == "family" else range(len(names)))[labels]
        kept = np.flatnonzero(np.bincount(index, minlength=len(every)) >= least)
        if len(kept) >= 2:
            place = np.full(len(every), -1)
            place[kept] = np.arange(len(kept))
            return place[index], [every[k] for k in kept], what
    return None
