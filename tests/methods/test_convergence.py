import numpy as np
import pytest

from cnnviz_core.methods.convergence import (
    changes,
    converged_at,
    correlations,
    own_similarity,
    settling,
    unrelated_similarity,
)


def slow_correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - sum(a) / len(a), b - sum(b) / len(b)
    size = (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5
    return float(sum(x * y for x, y in zip(a, b, strict=True)) / size)


def test_correlations_are_those_of_every_pair() -> None:
    rng = np.random.default_rng(0)
    first, second = np.maximum(rng.normal(size=(50, 3)), 0), np.maximum(rng.normal(size=(50, 4)), 0)
    found = correlations(first, second)
    assert found.shape == (3, 4)
    for i, j in np.ndindex(3, 4):
        assert found[i, j] == pytest.approx(slow_correlation(first[:, i], second[:, j]))


def test_a_feature_that_never_varies_is_like_none() -> None:
    first = np.array([[0, 1, 0.1], [0, 2, 0.1], [0, 5, 0.1]], dtype=np.float32)
    found = correlations(first, first)
    np.testing.assert_allclose(found, np.diag([0, 1, 0]), atol=1e-9)


def test_features_without_relation_are_not_alike_though_all_are_positive() -> None:
    features = np.maximum(np.random.default_rng(1).normal(size=(4000, 20)), 0)
    assert unrelated_similarity(features) == pytest.approx(0, abs=0.01)
    assert unrelated_similarity(features[:, :1]) == 0


def test_similarity_is_that_with_the_last_state_of_the_same_feature() -> None:
    rng = np.random.default_rng(2)
    last, noise = rng.normal(size=(2, 2000, 2))
    half = last + noise * [1, 0]
    found = own_similarity([noise, half, last])
    np.testing.assert_allclose(found, [[0, 0], [np.sqrt(0.5), 1], [1, 1]], atol=0.06)


def test_settled_is_the_first_moment_after_which_a_feature_stays() -> None:
    similarity = np.array([[0.95, 0.2, 0.1, 0.9], [0.5, 0.95, 0.1, 0.9], [0.92, 0.97, 0.3, 0.9], [1, 1, 0.5, 1]])
    assert converged_at(similarity, 0.9).tolist() == [2, 1, 3, 0]


def test_settling_tells_which_layer_is_first() -> None:
    """The lower layer is itself from the second moment on, the upper one at the end; one feature is always zero."""
    lower, upper, before = np.random.default_rng(4).normal(size=(3, 500, 8))
    lower[:, 3] = 0
    found = settling([[before, before], [lower, before], [lower, upper]], [0, 4, 9], 0.9, np.random.default_rng(5))
    np.testing.assert_allclose(found["settled"], [[0, 0], [1, 0], [1, 1]])
    assert [(layer["features"], layer["epoch"]) for layer in found["layers"]] == [(7, 4), (8, 9)]
    assert found["order"] == pytest.approx(1)
    assert found["order_interval"] == pytest.approx([1, 1])
    assert found["layers"][0]["similarity_at_start"] == pytest.approx(found["similarity"][0, 0])


def test_where_all_settle_together_there_is_no_order() -> None:
    one, other = np.random.default_rng(6).normal(size=(2, 100, 4))
    found = settling([[other, other], [one, one]], [0, 1], 0.9, np.random.default_rng(7))
    assert (found["order"], found["order_interval"]) == (0, [0, 0])
    assert found["order_undecided"] == "all features settle at the same moment"


def test_a_change_is_the_angle_between_pictures_whatever_their_strength() -> None:
    one, other = np.random.default_rng(3).normal(size=(2, 3, 4, 5))
    cosine = sum(a * b for a, b in zip(one.ravel(), other.ravel(), strict=True)) / np.sqrt(
        sum(one.ravel() ** 2) * sum(other.ravel() ** 2)
    )
    found = changes(np.stack([np.stack([one, 7 * one, other]), np.stack([other, 0 * other, one])]))
    np.testing.assert_allclose(found[0], [0, 1 - cosine], atol=1e-12)
    assert np.isnan(found[1]).all()
