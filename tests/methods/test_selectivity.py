"""Areas under ROC curves against scikit-learn, and choices that are tested on other images."""

import numpy as np
from sklearn.metrics import roc_auc_score

from cnnviz_core.methods.selectivity import auc, common, halves, held_out


def test_auc_agrees_with_scikit_learn_also_with_ties() -> None:
    rng = np.random.default_rng(0)
    scores, has = rng.integers(0, 5, (40, 3)).astype(float), rng.random((40, 4)) > 0.6
    expected = [[roc_auc_score(has[:, m], scores[:, c]) for m in range(4)] for c in range(3)]
    np.testing.assert_allclose(auc(scores, has), expected)
    np.testing.assert_allclose(auc(scores, has) + auc(-scores, has), 1)
    assert np.isnan(auc(scores, np.ones((40, 1), dtype=bool))).all()


def test_the_best_is_chosen_on_one_half_and_scored_on_the_other() -> None:
    told, tested = np.array([[0.1, 0.9, np.nan], [0.5, 0.4, 0.3]]), np.array([[1.0, 0.2, 3], [0.6, 1, 1]])
    best, score = held_out(told, tested)
    assert best.tolist() == [1, 0]
    assert score.tolist() == [0.2, 0.6]


def test_luck_does_not_pass_the_second_half() -> None:
    rng = np.random.default_rng(1)
    scores, has = rng.standard_normal((200, 50)), rng.random((200, 40)) > 0.8
    told, tested = (auc(scores[part], has[part]) for part in (slice(100), slice(100, 200)))
    assert told.max(axis=1).mean() > 0.6
    assert abs(held_out(told, tested)[1].mean() - 0.5) < 0.03


def test_halves_share_every_label() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])
    first, second = halves(labels, np.random.default_rng(2))
    assert sorted([*first, *second]) == list(range(10))
    assert [int((labels[first] == k).sum()) for k in range(3)] == [3, 2, 1]
    assert halves(labels, np.random.default_rng(3))[0].tolist() != first.tolist()


def test_common_properties_have_enough_images_on_both_sides() -> None:
    has = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    assert common(has, 1).tolist() == [True, True, False]
    assert common(has, 2).tolist() == [False, False, False]
