"""The probe, against scikit-learn's ridge and leaving out one image after another."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeClassifierCV
from sklearn.preprocessing import StandardScaler

from cnnviz_core.methods.linear_probe import STRENGTHS, folds_of, probed


def clouds(n: int, d: int, classes: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % classes
    centers = apart * rng.standard_normal((classes, d))
    return centers[labels] + rng.standard_normal((n, d)) * np.linspace(0.2, 3, d), labels


def test_folds_share_every_class() -> None:
    labels = np.repeat([0, 1, 2], [10, 7, 3])
    folds = folds_of(labels, 4, np.random.default_rng(1))
    for label in range(3):
        counts = np.bincount(folds[labels == label], minlength=4)
        assert counts.max() - counts.min() <= 1
    assert np.bincount(folds).tolist() == [5, 5, 5, 5]
    assert not np.array_equal(folds, folds_of(labels, 4, np.random.default_rng(2)))


@pytest.mark.parametrize(("n", "d"), [(60, 8), (40, 70)])
def test_it_is_ridge_regression_with_leave_one_out(n: int, d: int) -> None:
    features, labels = clouds(n, d, 3, 0.5)
    folds = folds_of(labels, 3, np.random.default_rng(1))
    (found,) = probed(features, [labels], folds)
    for fold in range(3):
        train, test = folds != fold, folds == fold
        scaler = StandardScaler().fit(features[train])
        x, targets = scaler.transform(features[train]), np.eye(3)[labels[train]]
        errors = [_left_out(x, targets, strength) for strength in STRENGTHS]
        best = Ridge(alpha=STRENGTHS[int(np.argmin(errors))], solver="cholesky").fit(x, targets)
        expected = best.predict(scaler.transform(features[test])).argmax(axis=1)
        np.testing.assert_array_equal(found[test], expected)


def _left_out(x: np.ndarray, targets: np.ndarray, strength: float) -> float:
    """Mean squared error on each image of a regression on all others, with the same standardization."""
    errors = []
    for i in range(len(x)):
        others = np.arange(len(x)) != i
        model = Ridge(alpha=strength, solver="cholesky").fit(x[others], targets[others])
        errors.append((model.predict(x[[i]]) - targets[i]) ** 2)
    return float(np.mean(errors))


def test_it_agrees_with_a_peer() -> None:
    features, labels = clouds(90, 12, 4, 1.0)
    folds = folds_of(labels, 3, np.random.default_rng(1))
    (found,) = probed(features, [labels], folds)
    train, test = folds != 0, folds == 0
    scaler = StandardScaler().fit(features[train])
    peer = RidgeClassifierCV(alphas=STRENGTHS).fit(scaler.transform(features[train]), labels[train])
    assert (peer.predict(scaler.transform(features[test])) == found[test]).mean() > 0.9


def test_apart_is_read_and_shuffled_is_not() -> None:
    features, labels = clouds(300, 6, 3, 20.0)
    rng = np.random.default_rng(3)
    folds = folds_of(labels, 5, rng)
    shuffled = rng.permutation(labels)
    right, wrong = probed(features, [labels, shuffled], folds)
    assert (right == labels).mean() == 1
    assert (wrong == shuffled).mean() == pytest.approx(1 / 3, abs=0.1)


def test_a_label_that_leaks_into_no_fold_is_not_read() -> None:
    """Features that are noise but tell each image apart: a probe that saw an image would know it."""
    rng = np.random.default_rng(4)
    features, labels = rng.standard_normal((60, 200)), np.arange(60) % 2
    (found,) = probed(features, [labels], folds_of(labels, 5, rng))
    assert (found == labels).mean() < 0.75


def test_features_that_do_not_vary_give_an_answer() -> None:
    labels = np.array([0, 0, *[1] * 8])
    (found,) = probed(np.ones((10, 3)), [labels], folds_of(labels, 2, np.random.default_rng(0)))
    assert found.tolist() == [1] * 10
