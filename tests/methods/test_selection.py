"""Images chosen by confidence, on probabilities made by hand."""

import numpy as np

from cnnviz_core.methods.selection import of_confidence, spaced

PROBABILITIES = np.array([[0.99, 0.01], [0.9, 0.1], [0.85, 0.15], [0.1, 0.9], [0.3, 0.7]])


def test_nearest_to_the_level_each_of_another_class_first() -> None:
    assert of_confidence(PROBABILITIES, None, level=0.9, count=2) == [1, 3]
    assert of_confidence(PROBABILITIES, None, level=0.9, count=5) == [1, 3, 2, 4, 0]
    assert of_confidence(PROBABILITIES, None, level=0.72, count=2) == [4, 2]


def test_wrongly_classified_images_come_last() -> None:
    labels = np.array([0, 1, 0, 0, 1])
    assert of_confidence(PROBABILITIES, labels, level=0.9, count=5) == [2, 4, 0, 3, 1]


def test_moments_are_spaced_evenly_in_the_logarithm() -> None:
    assert spaced(range(64), 7) == [0, 1, 3, 7, 15, 31, 63]
    assert spaced([8, 0, 2], 9) == [0, 2, 8]
    assert spaced([0, 10, 11, 12, 100], 3) == [0, 10, 100]


def test_no_moment_is_taken_twice_and_both_ends_stay() -> None:
    times = [0, 50, 51, 52, 53, 54]
    for count in range(2, 7):
        found = spaced(times, count)
        assert len(set(found)) == len(found) == count
        assert (found[0], found[-1]) == (0, 54)
