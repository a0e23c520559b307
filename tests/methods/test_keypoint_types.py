import numpy as np

from cnnviz_core.methods.keypoint_types import KeypointSet, answers, class_weights, keypoint_set


def test_keypoints_that_are_seen_too_seldom_are_not_asked_about() -> None:
    seen = [np.array([1, 1, 0], dtype=bool), np.array([1, 1, 1], dtype=bool), np.array([1, 0], dtype=bool)]
    found = keypoint_set([4, 5, 6], [0, 0, 1], seen, 2)
    assert found is not None
    assert (found.thing.tolist(), found.image.tolist()) == ([0, 0, 1, 1], [4, 4, 5, 5])
    assert (found.label.tolist(), found.kind.tolist()) == ([0] * 4, [0, 1, 0, 1])
    assert (found.classes, found.kinds(0), found.chances().tolist()) == ([0], 2, [0.5])
    assert keypoint_set([4, 4], [0, 0], seen[:2], 2) is None
    assert keypoint_set([], [], [], 2) is None


def many() -> KeypointSet:
    images = np.repeat(np.arange(40), 3)
    found = keypoint_set(range(40), [i % 2 for i in range(40)], [np.ones(3, dtype=bool)] * 40, 3)
    assert found is not None
    assert found.image.tolist() == images.tolist()
    return found


def test_images_are_whole_in_a_part_and_shuffling_keeps_what_is_in_it() -> None:
    asked = many()
    folds = asked.folds(3, np.random.default_rng(0))
    assert all(len(np.unique(folds[asked.image == i])) == 1 for i in range(40))
    assert np.ptp(np.bincount(folds[asked.label == 0])) <= 3
    shuffled = asked.shuffled(folds, np.random.default_rng(1))
    assert (shuffled != asked.kind).any()
    for fold in range(3):
        for label in (0, 1):
            here = (folds == fold) & (asked.label == label)
            assert sorted(shuffled[here]) == sorted(asked.kind[here])


def test_features_that_spell_the_keypoint_are_read_and_shuffled_ones_are_not() -> None:
    asked = many()
    folds = asked.folds(4, np.random.default_rng(0))
    spelt = (asked.kind + asked.label) % 3  # the same feature is another keypoint in the other class
    features = np.eye(3)[spelt] + np.random.default_rng(2).normal(0, 0.1, (120, 3))
    shuffled = asked.shuffled(folds, np.random.default_rng(1))
    right, by_chance = answers(features, asked, [asked.kind, shuffled], folds)
    assert (right == asked.kind).all()
    assert abs((by_chance == shuffled).mean() - 1 / 3) < 0.13
    lost = np.zeros((120, 3))
    kept, gone = answers(features, asked, [asked.kind] * 2, folds, elsewhere=[features, lost])
    assert (kept == right).all()
    assert (gone != asked.kind).mean() > 0.5
    assert (answers(features, asked, [asked.kind], np.zeros(120, dtype=int))[0] == -1).all()


def test_weights_make_the_mean_that_of_the_classes() -> None:
    values, labels = np.array([1.0, 0, 0, 0, 1]), np.array([0, 1, 1, 1, 1])
    assert np.average(values, weights=class_weights(labels)) == 0.625
