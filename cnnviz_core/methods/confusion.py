"""What a classifier takes for what."""

import numpy as np
from jaxtyping import Float, Int


def places(logits: Float[np.ndarray, "n outputs"], targets: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """The place of the right output in each row, 0 where it is the answer.

    Of equal logits the earlier output comes first, as argmax takes it.
    """
    right = logits[np.arange(len(targets)), targets][:, None]
    before = np.arange(logits.shape[1]) < targets[:, None]
    return np.asarray(((logits > right) | ((logits == right) & before)).sum(axis=1))


def confusion_counts(
    labels: Int[np.ndarray, " n"], answers: Int[np.ndarray, " n"], *, classes: int
) -> Int[np.ndarray, "classes classes_and_none"]:
    """How many images of each class (rows) got each answer (columns); the last column counts -1, which is no class."""
    counts = np.zeros((classes, classes + 1), dtype=int)
    np.add.at(counts, (labels, answers), 1)
    return counts


def confused_pairs(
    targets: Int[np.ndarray, " n"], answers: Int[np.ndarray, " n"], sureness: Float[np.ndarray, " n"]
) -> list[tuple[int, int, int]]:
    """Right answer, wrong answer and how often, the most frequent first; of equally frequent ones the surer."""
    found: dict[tuple[int, int], list[float]] = {}
    for k in np.flatnonzero(targets != answers):
        found.setdefault((int(targets[k]), int(answers[k])), []).append(float(sureness[k]))
    ranked = sorted(found, key=lambda pair: (-len(found[pair]), -sum(found[pair])))
    return [(right, wrong, len(found[right, wrong])) for right, wrong in ranked]


def by_chance(targets: Int[np.ndarray, " n"], answers: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """For each image, how often its right answer is given at all, to whatever image.

    The mean is the accuracy of somebody who gives the same answers in random order: the agreement by chance of
    Cohen (1960).
    """
    given, index, counts = np.unique(answers, return_inverse=True, return_counts=True)
    share = dict(zip(given.tolist(), (counts / len(index)).tolist(), strict=True))
    return np.array([share.get(target, 0.0) for target in targets.tolist()], dtype=float)


def within_by_chance(
    labels: Int[np.ndarray, " n"], answers: Int[np.ndarray, " n"], groups: Int[np.ndarray, " classes"]
) -> tuple[Float[np.ndarray, " mistakes"], Float[np.ndarray, " mistakes"]]:
    """For each mistake, 1 where the answer is of the group of the right class, else 0; and that share by chance.

    By chance, a wrong answer is drawn from all answers that the classifier gave, to whatever image, except the right
    one. `groups` is the group of each class; an answer of -1 is of none.
    """
    given = np.bincount(answers[answers >= 0], minlength=len(groups)) / len(answers)
    wrong = answers != labels
    rights, taken = labels[wrong], answers[wrong]
    of_group = np.array([given[groups == group].sum() for group in groups])
    expected = (of_group[rights] - given[rights]) / (1 - given[rights])
    return ((taken >= 0) & (groups[taken] == groups[rights])).astype(float), expected


def similar_order(counts: Int[np.ndarray, "classes classes"]) -> list[int]:
    """The classes in an order in which those that are confused with each other stand together.

    Average linkage: the two groups with the largest mean number of confusions between their classes are put together,
    again and again, until there is one. Classes without confusions keep their order.
    """
    between = (counts + counts.T).astype(float)
    groups = [[k] for k in range(len(counts))]
    while len(groups) > 1:
        means = [
            (between[np.ix_(groups[i], groups[j])].mean(), -i, -j)
            for i in range(len(groups))
            for j in range(i + 1, len(groups))
        ]
        _, i, j = max(means)
        groups[-i] += groups.pop(-j)
    return groups[0]
