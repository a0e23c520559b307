"""Confusions against counting one image after another."""

import numpy as np
import pytest

from cnnviz_core.methods.confusion import (
    by_chance,
    confused_pairs,
    confusion_counts,
    places,
    similar_order,
    within_by_chance,
)  # fmt: skip

RNG = np.random.default_rng(0)
LABELS, ANSWERS = RNG.integers(0, 5, 300), RNG.integers(-1, 5, 300)
GROUPS = np.array([0, 1, 0, 1, 1])


def test_places_are_those_of_a_stable_sort() -> None:
    logits, targets = RNG.integers(0, 4, (200, 7)).astype(float), RNG.integers(0, 7, 200)
    expected = [
        sorted(range(7), key=lambda k: (-row[k], k)).index(target) for row, target in zip(logits, targets, strict=True)
    ]
    assert places(logits, targets).tolist() == expected
    assert ((places(logits, targets) == 0) == (logits.argmax(axis=1) == targets)).all()


def test_confusion_counts_every_image_once() -> None:
    counts = confusion_counts(LABELS, ANSWERS, classes=5)
    pairs = list(zip(LABELS.tolist(), ANSWERS.tolist(), strict=True))
    expected = [[pairs.count((label, answer)) for answer in [*range(5), -1]] for label in range(5)]
    assert counts.tolist() == expected
    assert counts.sum() == 300


def test_pairs_come_by_frequency_then_by_sureness() -> None:
    found = confused_pairs(LABELS, ANSWERS, np.full(300, 0.5))
    pairs = [pair for pair in zip(LABELS.tolist(), ANSWERS.tolist(), strict=True) if pair[0] != pair[1]]
    assert {(right, wrong): count for right, wrong, count in found} == {pair: pairs.count(pair) for pair in pairs}
    assert [count for *_, count in found] == sorted((count for *_, count in found), reverse=True)
    targets, answers = np.array([0, 1, 2, 2, 3]), np.array([1, 2, 0, 0, 3])
    assert confused_pairs(targets, answers, np.array([0.4, 0.9, 0.1, 0.1, 1])) == [(2, 0, 2), (1, 2, 1), (0, 1, 1)]


def test_by_chance_is_the_accuracy_of_the_same_answers_in_random_order() -> None:
    expected = by_chance(LABELS, ANSWERS).mean()
    shuffled = [(np.random.default_rng(k).permutation(ANSWERS) == LABELS).mean() for k in range(3000)]
    assert expected == pytest.approx(np.mean(shuffled), abs=2e-3)
    assert by_chance(LABELS, np.full(300, 3)).mean() == pytest.approx((LABELS == 3).mean())


def slow_within(labels: np.ndarray, answers: np.ndarray) -> list[tuple[float, float]]:
    found = []
    for label, answer in zip(labels, answers, strict=True):
        if label != answer:
            others = [other for other in answers if other != label]
            near = [other for other in others if other >= 0 and GROUPS[other] == GROUPS[label]]
            found.append((float(answer >= 0 and GROUPS[answer] == GROUPS[label]), len(near) / len(others)))
    return found


def test_within_by_chance_draws_from_all_other_answers() -> None:
    within, expected = within_by_chance(LABELS, ANSWERS, GROUPS)
    np.testing.assert_allclose(np.stack([within, expected], axis=1), slow_within(LABELS, ANSWERS))
    assert 0 < within.mean() < 1


def test_without_mistakes_there_is_nothing_to_compare() -> None:
    within, expected = within_by_chance(LABELS, LABELS, GROUPS)
    assert len(within) == len(expected) == 0


def test_similar_classes_stand_together() -> None:
    counts = np.zeros((6, 6), dtype=int)
    counts[0, 4] = counts[4, 0] = 9
    counts[1, 3] = counts[5, 3] = 5
    order = similar_order(counts)
    assert sorted(order) == list(range(6))
    assert abs(order.index(0) - order.index(4)) == 1
    assert {order.index(k) for k in (1, 3, 5)} in ({0, 1, 2}, {1, 2, 3}, {2, 3, 4}, {3, 4, 5})


def test_the_strongest_confusion_is_joined_first() -> None:
    counts = np.zeros((4, 4), dtype=int)
    counts[0, 1], counts[1, 2] = 3, 8
    assert similar_order(counts) == [0, 1, 2, 3]
    counts[0, 3] = 20
    assert similar_order(counts) == [0, 3, 1, 2]


def test_classes_that_are_never_confused_keep_their_order() -> None:
    assert similar_order(np.zeros((5, 5), dtype=int)) == [0, 1, 2, 3, 4]
    assert similar_order(np.zeros((1, 1), dtype=int)) == [0]
