"""Which keypoint is this: the task of telling the keypoints of a class from the features at them.

Long, Zhang and Darrell 2014: a linear classifier for the keypoints of each class of objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from cnnviz_core.methods.linear_probe import folds_of, probed


@dataclass(frozen=True)
class KeypointSet:
    """The visible keypoints that are asked about, object after object."""

    thing: Int[np.ndarray, " n"]  # which object
    image: Int[np.ndarray, " n"]  # of which image
    label: Int[np.ndarray, " n"]  # of which class
    kind: Int[np.ndarray, " n"]  # which of its class's keypoints: what has to be told

    @property
    def classes(self) -> list[int]:
        return [int(label) for label in np.unique(self.label)]

    def kinds(self, label: int) -> int:
        """How many keypoints of a class are told apart."""
        return len(np.unique(self.kind[self.label == label]))

    def chances(self) -> Float[np.ndarray, " classes"]:
        """Of each class, the accuracy of always answering its most frequent keypoint."""
        shares = [np.bincount(self.kind[self.label == label]) for label in self.classes]
        return np.array([counts.max() / counts.sum() for counts in shares])

    def folds(self, count: int, rng: np.random.Generator) -> Int[np.ndarray, " n"]:
        """The part of each keypoint: all of one image are in one, and classes are spread evenly over the parts."""
        images, first = np.unique(self.image, return_index=True)
        return np.asarray(folds_of(self.label[first], count, rng)[np.searchsorted(images, self.image)])

    def shuffled(self, folds: Int[np.ndarray, " n"], rng: np.random.Generator) -> Int[np.ndarray, " n"]:
        """The keypoints in another order, inside of each class and part: as frequent as before, and meaning nothing."""
        found = self.kind.copy()
        for label in self.classes:
            for fold in np.unique(folds):
                members = np.flatnonzero((self.label == label) & (folds == fold))
                found[members] = rng.permutation(self.kind[members])
        return found


def keypoint_set(
    images: Sequence[int], labels: Sequence[int], seen: Sequence[Bool[np.ndarray, " _"]], least: int
) -> KeypointSet | None:
    """The visible keypoints of objects; those alone that are seen in at least `least` images, in classes with two such.

    None where no class has two.
    """
    rows = [(t, images[t], labels[t], int(k)) for t, visible in enumerate(seen) for k in np.flatnonzero(visible)]
    table = np.array(rows, dtype=int).reshape(-1, 4)
    pairs, place = np.unique(table[:, 2:], axis=0, return_inverse=True)
    place = place.reshape(-1)
    often = np.array([len(np.unique(table[place == p, 1])) >= least for p in range(len(pairs))], dtype=bool)
    several = [label for label in np.unique(pairs[:, 0]) if (often & (pairs[:, 0] == label)).sum() >= 2]
    kept = table[often[place] & np.isin(table[:, 2], several)]
    return KeypointSet(*kept.T) if len(kept) else None


def answers(
    features: Float[np.ndarray, "n d"], asked: KeypointSet, targets: Sequence[Int[np.ndarray, " n"]],
    folds: Int[np.ndarray, " n"], *, elsewhere: Sequence[Float[np.ndarray, "n d"]] | None = None,
) -> list[Int[np.ndarray, " n"]]:  # fmt: skip
    """For each list of targets, what the classifier of its class says of each keypoint; -1 where it says nothing.

    A class's classifier is trained on its keypoints in the other parts; see `linear_probe.probed`. It is asked with the
    features of `elsewhere`, one for each list of targets, where they are given.
    """
    found = [np.full(len(features), -1) for _ in targets]
    for label in asked.classes:
        members = asked.label == label
        if len(np.unique(folds[members])) < 2:
            continue
        given = None if elsewhere is None else [each[members] for each in elsewhere]
        parts = probed(features[members], [each[members] for each in targets], folds[members], asked=given)
        for whole, part in zip(found, parts, strict=True):
            whole[members] = part
    return found


def class_weights(labels: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Weights that give every class the same sum: the weighted mean is the mean of the classes' means."""
    _, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.asarray(1 / counts[place])
