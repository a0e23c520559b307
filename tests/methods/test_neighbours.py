import numpy as np
import pytest
from sklearn.manifold import trustworthiness as sklearn_trustworthiness

from cnnviz_core.methods import neighbours
from cnnviz_core.methods.neighbours import chance_purity, distances, label_purity, nearest, trustworthiness


def slow_distance(first: np.ndarray, second: np.ndarray) -> float:
    return sum((float(a) - float(b)) ** 2 for a, b in zip(first, second, strict=True))


def slow_order(points: np.ndarray, i: int) -> list[int]:
    """The other points from near to far."""
    return sorted((j for j in range(len(points)) if j != i), key=lambda j: (slow_distance(points[i], points[j]), j))


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Points far from zero, whose distances are computed in several chunks."""
    monkeypatch.setattr(neighbours, "ROWS", 7)
    return 1000 + np.random.default_rng(0).normal(size=(30, 5))


def test_distances_are_those_of_a_slow_rewrite(points: np.ndarray) -> None:
    found = distances(points, slice(4, 9))
    assert found.shape == (5, 30)
    for row, i in zip(found, range(4, 9), strict=True):
        assert row[i] == np.inf
        others = [j for j in range(30) if j != i]
        np.testing.assert_allclose(row[others], [slow_distance(points[i], points[j]) for j in others], rtol=1e-9)


def test_the_nearest_come_first_and_never_a_point_itself(points: np.ndarray) -> None:
    assert nearest(points, 6).tolist() == [slow_order(points, i)[:6] for i in range(30)]


def test_of_equally_near_points_the_first_is_taken_and_twins_are_neighbours() -> None:
    points = np.array([[0.0], [1.0], [0.0], [-1.0]])
    assert nearest(points, 3).tolist() == [[2, 1, 3], [0, 2, 3], [0, 1, 3], [0, 2, 1]]


def test_purity_counts_neighbours_of_the_same_label() -> None:
    near, labels = np.array([[1, 2], [0, 2], [3, 0], [2, 0]]), np.array([0, 0, 1, 1])
    assert label_purity(near, labels).tolist() == [0.5, 0.5, 0.5, 0.5]
    assert label_purity(near[:, :1], labels).tolist() == [1, 1, 1, 1]


def test_chance_purity_is_that_of_neighbours_drawn_at_random() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    others = [[j for j in range(6) if j != i] for i in range(6)]
    expected = [np.mean([labels[j] == labels[i] for j in others[i]]) for i in range(6)]
    np.testing.assert_allclose(chance_purity(labels), expected)


@pytest.mark.parametrize("count", [1, 5, 14])
def test_trustworthiness_is_that_of_a_slow_rewrite_and_its_mean_that_of_scikit_learn(
    points: np.ndarray, count: int
) -> None:
    place = points[:, :2] + np.random.default_rng(1).normal(size=(30, 2))
    found = trustworthiness(points, place, count)
    largest = count * (2 * 30 - 3 * count - 1) / 2
    for i in range(30):
        ranks = [slow_order(points, i).index(j) + 1 for j in slow_order(place, i)[:count]]
        assert found[i] == pytest.approx(1 - sum(max(rank - count, 0) for rank in ranks) / largest)
    assert found.mean() == pytest.approx(sklearn_trustworthiness(points, place, n_neighbors=count))


def test_a_map_that_keeps_all_distances_can_be_trusted_and_a_random_one_is_half_right() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(size=(200, 2))
    assert trustworthiness(points, 3 - 2 * points, 10).tolist() == [1] * 200
    assert trustworthiness(points, rng.permutation(points), 10).mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("count", [0, 15])
def test_as_many_neighbours_as_half_of_the_points_say_nothing(points: np.ndarray, count: int) -> None:
    with pytest.raises(ValueError, match=f"count={count} must be at least 1 and below half of the 30 points"):
        trustworthiness(points, points, count)
