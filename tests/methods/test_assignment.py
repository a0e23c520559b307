from itertools import permutations

import numpy as np
import pytest

from cnnviz_core.methods import assignment
from cnnviz_core.methods.assignment import (
    bisected,
    cost,
    filled,
    greedy,
    grid_size,
    improved,
    lower_bound,
    on_grid,
    optimal,
)


def slow_cost(points: np.ndarray, size: tuple[int, int], cells: list[int]) -> float:
    places = [np.array([row, column]) for row in range(size[0]) for column in range(size[1])]
    differences = [points[k] - place for k, place in zip(cells, places, strict=True)]
    return sum(float(down) ** 2 + float(across) ** 2 for down, across in differences)


def map_points(count: int, size: tuple[int, int]) -> np.ndarray:
    """Clusters of a map, stretched over a grid."""
    rng = np.random.default_rng(count)
    middles = rng.uniform(-10, 10, (7, 2))
    return on_grid(middles[rng.integers(7, size=count)] + rng.normal(size=(count, 2)), size)


@pytest.mark.parametrize("count", [6, 8])
def test_the_best_filling_is_the_cheapest_of_all(count: int) -> None:
    size = (2, 3)
    points = map_points(count, size)
    best = min(slow_cost(points, size, list(cells)) for cells in permutations(range(count), 6))
    found = optimal(points, size)
    assert len(set(found.tolist())) == 6
    assert cost(points, size, found) == pytest.approx(slow_cost(points, size, found.tolist())) == pytest.approx(best)


def test_cell_after_cell_takes_the_nearest_that_is_left() -> None:
    points = np.array([[0.0, 0.4], [0.0, 0.1], [1.0, 1.0], [0.2, 0.0]])
    assert greedy(points, (2, 2)).tolist() == [1, 0, 3, 2]


@pytest.mark.parametrize(("count", "size"), [(300, (12, 25)), (310, (15, 20)), (40, (1, 40))])
def test_a_large_grid_is_nearly_as_good_as_the_best_and_says_how_nearly(
    monkeypatch: pytest.MonkeyPatch, count: int, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(assignment, "WINDOW", 8)
    monkeypatch.setattr(assignment, "ROWS", 37)
    points = map_points(count, size)
    best, fast = filled(points, size, exact=10**6), filled(points, size, exact=0)
    assert (best.optimal, fast.optimal) == (True, False)
    for found in (best, fast):
        assert len(set(found.cells.tolist())) == size[0] * size[1]
        assert found.cost == pytest.approx(cost(points, size, found.cells))
    scan = cost(points, size, greedy(points, size))
    assert fast.bound <= best.cost * (1 + 1e-9)
    assert best.cost <= fast.cost <= 1.02 * best.cost < scan
    assert fast.bound > 0.9 * best.cost


def test_the_bound_meets_the_cost_of_the_best_filling() -> None:
    points = map_points(120, (10, 12))
    best = optimal(points, (10, 12))
    assert lower_bound(points, (10, 12), best, rounds=500) == pytest.approx(cost(points, (10, 12), best), rel=1e-6)
    assert lower_bound(points, (10, 12), np.arange(120)) <= cost(points, (10, 12), best)


def test_improving_never_makes_it_worse_and_takes_in_what_was_left_out() -> None:
    size = (4, 4)
    points = np.concatenate([[[50.0, 50.0]], np.argwhere(np.ones(size)).astype(float)])
    start = np.arange(16)
    assert improved(points, size, start).tolist() == list(range(1, 17))


def test_points_on_a_grid_stay_where_they_are() -> None:
    size = (6, 9)
    cells = np.argwhere(np.ones(size)).astype(float)
    order = np.random.default_rng(0).permutation(54)
    for found in (optimal(cells[order], size), bisected(cells[order], size), greedy(cells[order], size)):
        np.testing.assert_array_equal(cells[order][found], cells)


def test_the_map_is_stretched_over_the_grid_upright() -> None:
    place = np.array([[-1.0, 5.0], [3.0, 1.0], [1.0, 3.0]])  # upper left, lower right, middle
    np.testing.assert_allclose(on_grid(place, (3, 5)), [[0, 0], [2, 4], [1, 2]])
    np.testing.assert_allclose(on_grid(np.ones((4, 2)), (3, 5)), 0)


@pytest.mark.parametrize("count", [*range(1, 40), 400, 1797, 2000])
def test_a_grid_has_about_the_shape_asked_for_and_room_for_nearly_all(count: int) -> None:
    rows, columns = grid_size(count, 1.25)
    assert rows * columns <= count
    assert count - rows * columns < rows
    if count > 20:
        assert 1 / 2 < columns / rows / 1.25 < 2
    assert grid_size(2000, 1.25) == (40, 50)
