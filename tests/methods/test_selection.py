"""Images chosen by confidence, on probabilities made by hand."""

import numpy as np

from cnnviz_core.methods.selection import of_confidence

PROBABILITIES = np.array([[0.99, 0.01], [0.9, 0.1], [0.85, 0.15], [0.1, 0.9], [0.3, 0.7]])


def test_nearest_to_the_level_each_of_another_class_first() -> None:
    assert of_confidence(PROBABILITIES, None, level=0.9, count=2) == [1, 3]
    assert of_confidence(PROBABILITIES, None, level=0.9, count=5) == [1, 3, 2, 4, 0]
    assert of_confidence(PROBABILITIES, None, level=0.72, count=2) == [4, 2]


def test_wrongly_classified_images_come_last() -> None:
    labels = np.array([0, 1, 0, 0, 1])
    assert of_confidence(PROBABILITIES, labels, level=0.9, count=5) == [2, 4, 0, 3, 1]
