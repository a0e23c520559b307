"""The worst change, against all corners of the box, and Karpathy's ten features."""

from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from cnnviz_core.methods.linear_attack import (
    TOY_IMAGE,
    TOY_WEIGHTS,
    directions,
    disagreements,
    fooling_levels,
    roughness,
    saved,
    smallest_changes,
    two_class_margins,
    worst_drop,
)
from cnnviz_core.methods.softmax_regression import Linear

RNG = np.random.default_rng(3)
LINEAR = Linear(RNG.standard_normal((4, 5)), RNG.standard_normal(4))
IMAGES = RNG.uniform(size=(12, 5))
CORNERS = np.array(list(product([-1.0, 1.0], repeat=5)))


def test_karpathys_ten_features() -> None:
    before, after = (float(TOY_WEIGHTS @ image) for image in (TOY_IMAGE, TOY_IMAGE + 0.5 * TOY_WEIGHTS))
    assert [before, after] == [-3, 2]
    assert expit(before) == pytest.approx(0.0474, abs=5e-5)
    assert expit(after) == pytest.approx(0.88, abs=5e-3)
    assert after - before == worst_drop(TOY_WEIGHTS, 0.5)


def test_the_worst_drop_is_that_of_the_worst_corner() -> None:
    weights = np.array([1.5, -2, 0, 0.25, -1])
    assert worst_drop(weights, 0.3) == pytest.approx(-(0.3 * CORNERS @ weights).min())
    assert worst_drop(LINEAR.weights, 0.3).shape == (4,)


def test_the_smallest_change_is_that_at_which_the_first_corner_fools() -> None:
    labels = LINEAR.answers(IMAGES)
    needed, rivals = smallest_changes(LINEAR, IMAGES, labels)
    for image, label, least, rival in zip(IMAGES, labels, needed, rivals, strict=True):
        fooled = {e: LINEAR.answers(image + e * least * CORNERS) for e in (0.999, 1.001)}
        assert (fooled[0.999] == label).all()
        assert set(fooled[1.001]) == {label, rival}
    assert disagreements(LINEAR, IMAGES, labels) == 0


def test_what_is_wrong_already_needs_nothing_and_what_sees_nothing_is_never_fooled() -> None:
    labels = (LINEAR.answers(IMAGES) + 1) % 4
    needed, rivals = smallest_changes(LINEAR, IMAGES, labels)
    assert not needed.any()
    np.testing.assert_array_equal(rivals, LINEAR.answers(IMAGES))
    blind = Linear(np.zeros((4, 5)), np.arange(4.0))
    assert np.isinf(smallest_changes(blind, IMAGES, np.full(12, 3))[0]).all()
    assert disagreements(blind, IMAGES, np.full(12, 3)) == 0


def test_a_wrong_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import cnnviz_core.methods.linear_attack as module

    needed, rivals = smallest_changes(LINEAR, IMAGES, LINEAR.answers(IMAGES))
    monkeypatch.setattr(module, "smallest_changes", lambda *_: (0.9 * needed, rivals))
    assert disagreements(LINEAR, IMAGES, LINEAR.answers(IMAGES)) == 12


def test_levels_are_whole_and_counted_on_the_saved_image() -> None:
    images = saved(IMAGES)
    labels = LINEAR.answers(images)
    needed, rivals = smallest_changes(LINEAR, images, labels)
    ways = directions(LINEAR, labels, rivals)
    for k in range(12):
        expected = None
        for levels in range(1, 256):
            moved = np.clip(np.round(images[k] * 255) + levels * ways[k], 0, 255) / 255
            if LINEAR.answers(moved[None])[0] != labels[k]:
                expected = levels
                break
        assert fooling_levels(LINEAR, images[k], ways[k], int(labels[k]), first=int(needed[k] * 255)) == expected
    assert fooling_levels(LINEAR, images[0], ways[0], int(labels[0] + 1) % 4, first=1) is None


def test_two_classes() -> None:
    pair = Linear(LINEAR.weights[:2], LINEAR.biases[:2])
    labels = np.arange(12) % 2
    found = two_class_margins(pair, IMAGES, labels, 0.1, 400, np.random.default_rng(0))
    scores = pair.scores(IMAGES)
    clean = np.where(labels == 1, scores[:, 1] - scores[:, 0], scores[:, 0] - scores[:, 1])
    norm = np.abs(pair.weights[1] - pair.weights[0]).sum()
    assert found["norm"] == pytest.approx(norm)
    assert found["drop_wrong"] < 1e-12
    assert found["best_random"] == pytest.approx(1)  # 400 draws of 32 corners find the worst
    assert found["error"] == (clean < 0).mean()
    assert found["worst_error"] == (clean < 0.1 * norm).mean()
    assert found["worst_loss"] == pytest.approx(np.log1p(np.exp(0.1 * norm - clean)).mean())
    assert found["loss"] == pytest.approx(np.log1p(np.exp(-clean)).mean())


def test_roughness_of_even_noisy_and_alternating_weights() -> None:
    noise = np.random.default_rng(0).standard_normal((1, 3 * 64 * 64))
    assert roughness(noise, 64)[0] == pytest.approx(2**0.5, abs=0.03)
    assert roughness(np.ones((1, 3 * 16)), 4)[0] == 0
    checks = (np.indices((3, 4, 4))[1:].sum(axis=0) % 2 * 2.0 - 1).reshape(1, -1)
    assert roughness(checks, 4)[0] == 2
    assert np.isnan(roughness(np.zeros((1, 48)), 4)[0])
