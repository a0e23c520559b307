"""Softmax regression, against loops, against scikit-learn, and by the slope at its solution."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from cnnviz_core.methods.softmax_regression import Linear, fits


def clouds(n: int = 90, d: int = 7, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Correlated features of very different spread, far from zero."""
    rng = np.random.default_rng(2)
    labels = np.arange(n) % classes
    centers = rng.standard_normal((classes, d))
    mixed = (centers[labels] + rng.standard_normal((n, d))) @ rng.standard_normal((d, d)) * np.geomspace(0.1, 2, d)
    return mixed + 3, labels


def objective(linear: Linear, features: np.ndarray, labels: np.ndarray, decay: float) -> float:
    total = 0.0
    for row, label in zip(features, labels, strict=True):
        scores = [sum(w * x for w, x in zip(ws, row, strict=True)) + b
                  for ws, b in zip(linear.weights, linear.biases, strict=True)]  # fmt: skip
        top = max(scores)
        total += top + math.log(sum(math.exp(s - top) for s in scores)) - scores[label]
    return total / len(labels) + decay / 2 * float((linear.weights**2).sum())


@pytest.mark.parametrize("decay", [0.3, 0.01])
def test_no_small_change_of_the_solution_is_better(decay: float) -> None:
    features, labels = clouds()
    (linear,) = fits(features, labels, 3, [decay])
    best, rng = objective(linear, features, labels, decay), np.random.default_rng(0)
    for _ in range(20):
        step = Linear(1e-3 * rng.standard_normal((3, 7)), 1e-3 * rng.standard_normal(3))
        other = Linear(linear.weights + step.weights, linear.biases + step.biases)
        assert objective(other, features, labels, decay) > best - 1e-9


@pytest.mark.parametrize("classes", [2, 3])
def test_it_agrees_with_a_peer(classes: int) -> None:
    features, labels = clouds(classes=classes)
    for decay, linear in zip([0.3, 0.01], fits(features, labels, classes, [0.3, 0.01], iterations=300), strict=True):
        one_score = classes == 2  # the peer has one weight vector for two classes, the difference of ours
        strength = 1 / (len(labels) * decay * (0.5 if one_score else 1))
        peer = LogisticRegression(C=strength, tol=1e-9, max_iter=5000).fit(features, labels)
        ours = linear.weights - linear.weights.mean(axis=0)
        if one_score:
            ours = linear.weights[1:] - linear.weights[:1]
        np.testing.assert_allclose(ours, peer.coef_, atol=2e-4)
        np.testing.assert_array_equal(linear.answers(features), peer.predict(features))


def test_slopes_are_those_of_the_loss() -> None:
    features, labels = clouds(n=6)
    (linear,) = fits(features, labels, 3, [0.05])
    found = linear.slopes(features, labels)
    for i, j in np.ndindex(6, 7):
        losses = []
        for sign in (1, -1):
            moved = features[i : i + 1].copy()
            moved[0, j] += sign * 1e-5
            losses.append(objective(linear, moved, labels[i : i + 1], 0))
        assert found[i, j] == pytest.approx((losses[0] - losses[1]) / 2e-5, abs=1e-7)


def test_features_that_are_all_the_same_give_the_shares_of_the_classes() -> None:
    labels = np.array([0, 0, 0, 1])
    (linear,) = fits(np.ones((4, 3)), labels, 2, [0.1])
    assert not linear.weights.any()
    scores = linear.scores(np.ones((1, 3)))[0]
    assert scores[0] - scores[1] == pytest.approx(math.log(3), abs=1e-4)
