import numpy as np
import pytest

from cnnviz_core.methods.seams import random_pairs, seams


def test_seams_are_the_distances_of_adjacent_codes() -> None:
    codes = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    right, below = seams(codes)
    assert right.shape == (3, 3)
    assert below.shape == (2, 4)
    for row in range(3):
        for column in range(4):
            here = codes[row, column].astype(float)
            if column < 3:
                squares = sum((here[k] - float(codes[row, column + 1, k])) ** 2 for k in range(5))
                assert right[row, column] == pytest.approx(squares**0.5)
            if row < 2:
                squares = sum((here[k] - float(codes[row + 1, column, k])) ** 2 for k in range(5))
                assert below[row, column] == pytest.approx(squares**0.5)


def test_random_pairs_are_of_different_codes() -> None:
    codes = np.array([[0.0, 0], [3, 4], [0, 8]])
    found = random_pairs(codes, 600, np.random.default_rng(0))
    assert set(found.tolist()) == {5.0, 8.0}
    assert (found == 8).mean() == pytest.approx(1 / 3, abs=0.06)
