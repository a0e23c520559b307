"""Only rightly classified images are attacked, where there are some."""

import numpy as np

from cnnviz_core.methods.attacks.victims import Victims, thinned, victims

LOGITS = np.eye(3)[[0, 1, 2, 2]]


def test_the_misclassified_are_left_out_and_counted() -> None:
    found = victims(LOGITS, np.array([0, 2, 2, 2]))
    assert (found.kept, found.labels.tolist(), found.kind, found.excluded) == ([0, 2, 3], [0, 2, 2], "right", 1)


def test_without_right_answers_the_predicted_ones_count() -> None:
    for targets in (None, np.array([0, 0, 0, 0])):
        found = victims(LOGITS, targets)
        assert (found.kept, found.labels.tolist(), found.kind) == ([0, 1, 2, 3], [0, 1, 2, 2], "predicted")
        assert found.excluded == 0


def test_thinned_ones_are_spread_and_keep_their_labels() -> None:
    found = Victims([1, 4, 6, 7, 9], np.array([5, 6, 7, 8, 9]), "right", 3)
    fewer = thinned(found, 3)
    assert (fewer.kept, fewer.labels.tolist()) == ([1, 6, 9], [5, 7, 9])
    assert (fewer.kind, fewer.excluded) == ("right", 3)
    assert thinned(found, 9).kept == found.kept
