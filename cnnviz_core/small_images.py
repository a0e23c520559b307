"""Images as a few numbers each, and what linear classifiers are to tell of them: their classes, or else families."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz_core.lab import Lab
from cnnviz_core.methods.groups import groups_of
from cnnviz_core.methods.shrinking import shrunk


@dataclass(frozen=True)
class Task:
    """Images of groups that each have enough of them."""

    ids: np.ndarray  # (n,): which images
    groups: np.ndarray  # (n,): index into names
    names: list[str]
    what: str  # the groups are: class or family


def task(lab: Lab, images: int, least: int) -> Task | None:
    """Of about so many images, spread evenly, those of groups with at least `least`; None without two such groups."""
    ids = np.array(lab.spread(images))
    grouped = groups_of(lab.dataset.labels[ids], lab.dataset.class_names, lab.dataset.families, least)
    if grouped is None:
        return None
    groups, names, what = grouped
    return Task(ids[groups >= 0], groups[groups >= 0], names, what)


def small_images(lab: Lab, ids: Sequence[int] | np.ndarray, side: int, batch: int) -> np.ndarray:
    """The colors (n, 3 * side * side) of each image on a grid of side x side, in [0, 1]."""
    chunks = [[int(i) for i in ids[start : start + batch]] for start in range(0, len(ids), batch)]
    return np.concatenate([shrunk(lab.pixels(chunk), side) for chunk in lab.track(chunks, "pixels")])
