"""Random sets of images, and labels that say nothing."""

import numpy as np
import pytest

from cnnviz_core.methods.label_sets import random_sets, silent_labels


def test_sets_hold_no_image_twice_and_all_images_alike() -> None:
    sets = random_sets(7, 4, 3000, np.random.default_rng(0))
    assert sets.shape == (3000, 4)
    assert all(len(set(each)) == 4 for each in sets.tolist())
    np.testing.assert_allclose(np.bincount(sets.ravel()) / sets.size, 1 / 7, atol=0.01)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([0, 1, 2, 3], "no two images of the data set have the same label"),
        ([2, 2, 2, 2], "all images of the data set have the same label"),
        ([0, 0, 1], "the data set has 3 images, fewer than two sets of 2"),
        ([0, 0, 1, 2], ""),
    ],
)
def test_why_labels_say_nothing(labels: list[int], reason: str) -> None:
    assert silent_labels(np.array(labels), 2) == reason
