from math import exp, log

import numpy as np
import pytest
from sklearn.manifold import TSNE

from cnnviz_core.methods import perplexity
from cnnviz_core.methods.perplexity import divergence, nearness


def slow_row(points: np.ndarray, i: int, target: float) -> list[float]:
    """p(j|i) with the sigma that gives the perplexity, by halving an interval (van der Maaten and Hinton, eq. 1)."""
    apart = [float(((points[i] - point) ** 2).sum()) for point in points]
    low, high = 1e-6, 1e6
    for _ in range(200):
        sigma = (low * high) ** 0.5
        weights = [0 if j == i else exp(-d / (2 * sigma**2)) for j, d in enumerate(apart)]
        p = [weight / max(sum(weights), 1e-300) for weight in weights]
        found = 2 ** -sum(q * log(q, 2) for q in p if q > 0)
        low, high = (sigma, high) if found < target else (low, sigma)
    return p


def slow_joint(points: np.ndarray, target: float) -> np.ndarray:
    rows = np.array([slow_row(points, i, target) for i in range(len(points))])
    return np.asarray((rows + rows.T) / (2 * len(points)))


def slow_divergence(p: np.ndarray, place: np.ndarray) -> float:
    n = len(place)
    weights = [[0 if i == j else 1 / (1 + ((place[i] - place[j]) ** 2).sum()) for j in range(n)] for i in range(n)]
    q = np.array(weights) / np.sum(weights)
    return float(sum(p[i, j] * log(p[i, j] / q[i, j]) for i in range(n) for j in range(n) if p[i, j] > 0))


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Clusters of different widths, whose rows come in several chunks."""
    monkeypatch.setattr(perplexity, "ROWS", 7)
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(size=(12, 4)) * width + 5 * width for width in (0.1, 1, 10)])


@pytest.mark.parametrize("target", [1.5, 4, 11.6])
def test_probabilities_and_divergence_are_those_of_a_slow_rewrite(points: np.ndarray, target: float) -> None:
    near, expected = nearness(points, target), slow_joint(points, target)
    np.testing.assert_allclose(near.perplexities, target, atol=1e-6)
    joint = np.concatenate([near.joint(slice(0, 20)), near.joint(slice(20, 36))])
    np.testing.assert_allclose(joint, expected, atol=1e-9)
    assert joint.sum() == pytest.approx(1)
    place = np.random.default_rng(1).normal(size=(36, 2)) * 3
    assert divergence(near, place) == pytest.approx(slow_divergence(expected, place))


def test_the_divergence_is_that_of_scikit_learn_where_its_method_is_exact(points: np.ndarray) -> None:
    method = TSNE(perplexity=8, method="exact", init="random", random_state=0, max_iter=1000)
    place = method.fit_transform(points).astype(float)
    assert divergence(nearness(points, 8), place) == pytest.approx(method.kl_divergence_, rel=1e-3)


def test_more_equal_points_than_the_perplexity_come_as_near_to_it_as_they_can() -> None:
    points = np.concatenate([np.zeros((8, 3)), np.random.default_rng(0).normal(size=(12, 3))])
    near = nearness(points, 4)
    assert near.twins.tolist() == [7] * 8 + [1] * 12
    np.testing.assert_allclose(near.perplexities, [7] * 8 + [4] * 12, atol=1e-6)
    assert np.isfinite(divergence(near, np.random.default_rng(1).normal(size=(20, 2))))


def test_points_that_are_all_equal_are_all_equally_near() -> None:
    near = nearness(np.ones((10, 3)), 3)
    np.testing.assert_allclose(near.joint(slice(0, 10)), (1 - np.eye(10)) / 90)
    assert divergence(near, np.zeros((10, 2))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("target", [1, 9])
def test_a_perplexity_that_no_row_can_have_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match=f"perplexity={target} must be above 1 and below 9, the other points"):
        nearness(np.random.default_rng(0).normal(size=(10, 2)), target)
