"""Entropy of labels, by hand."""

from collections import Counter
from math import log2

import numpy as np

from cnnviz_core.methods.label_entropy import label_entropy


def test_entropy_in_bits() -> None:
    labels = np.array([[7, 7, 7, 7], [0, 0, 1, 1], [0, 1, 2, 3], [5, 5, 5, 2]])
    expected = [0, 1, 2, -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))]
    np.testing.assert_allclose(label_entropy(labels), expected)


def test_agrees_with_the_mean_surprise_of_a_label() -> None:
    labels = np.random.default_rng(0).integers(0, 5, (20, 9))
    expected = [np.mean([-log2(Counter(group)[label] / 9) for label in group]) for group in labels.tolist()]
    np.testing.assert_allclose(label_entropy(labels), expected)
