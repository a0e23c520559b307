from itertools import product

import numpy as np
import pytest

from cnnviz_core.methods.feature_flow import carried, energy, flow, unary_costs
from cnnviz_core.methods.features_at import Grid

TERMS = {"smoothness": 0.15, "truncation": 2.0, "small": 0.01}


def best_of_all(costs: np.ndarray) -> tuple[float, np.ndarray]:
    """The least energy by trying every flow."""
    rows, columns, labels = costs.shape[:3]
    reach = labels // 2
    each = list(product(range(-reach, reach + 1), repeat=2))
    tried = (np.array(chosen).reshape(rows, columns, 2) for chosen in product(each, repeat=rows * columns))
    return min(((slow_energy(found, costs), found) for found in tried), key=lambda pair: pair[0])


def slow_energy(found: np.ndarray, costs: np.ndarray) -> float:
    rows, columns, labels = costs.shape[:3]
    total = 0.0
    for y, x in product(range(rows), range(columns)):
        d, r = found[y, x]
        total += costs[y, x, d + labels // 2, r + labels // 2] + 0.01 * (abs(d) + abs(r))
        for v, u in ((y + 1, x), (y, x + 1)):
            if v < rows and u < columns:
                total += 0.15 * min(abs(found[v, u] - found[y, x]).sum(), 2.0)
    return total


@pytest.mark.parametrize(("rows", "columns"), [(1, 4), (4, 1)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_row_of_cells_is_solved_exactly(rows: int, columns: int, seed: int) -> None:
    costs = np.random.default_rng(seed).random((rows, columns, 3, 3))
    least, expected = best_of_all(costs)
    found = flow(costs, **TERMS, steps=6)
    np.testing.assert_array_equal(found, expected)
    assert energy(found, costs, **TERMS) == pytest.approx(least)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_grid_is_solved_as_by_trying_all_flows(seed: int) -> None:
    costs = np.random.default_rng(seed).random((2, 2, 3, 3))
    least, _ = best_of_all(costs)
    assert energy(flow(costs, **TERMS, steps=30), costs, **TERMS) == pytest.approx(least)


def test_costs_are_one_minus_the_cosine() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 5, 3, 4))
    costs = unary_costs(a, b, 2)
    for y, x, d, r in product(range(3), range(4), range(-2, 3), range(-2, 3)):
        expected = 1.0
        if 0 <= y + d < 3 and 0 <= x + r < 4:
            p, q = a[:, y, x], b[:, y + d, x + r]
            expected = 1 - p @ q / np.linalg.norm(p) / np.linalg.norm(q)
        assert costs[y, x, d + 2, r + 2] == pytest.approx(expected)


def test_a_planted_shift_is_found_and_nothing_moves_where_nothing_differs() -> None:
    source = np.random.default_rng(0).normal(size=(6, 7, 8))
    target = np.roll(source, (1, -2), axis=(1, 2))
    found = flow(unary_costs(source, target, 3), smoothness=0.1, truncation=3, small=0.001, steps=15)
    assert (found[1:-1, 2:] == [1, -2]).all()
    for same in (source, np.zeros((6, 7, 8)), np.ones((6, 7, 8))):
        still = flow(unary_costs(same, same, 3), smoothness=0.1, truncation=3, small=0.001, steps=15)
        assert (still == 0).all()


def test_points_are_carried_by_the_flow_between_the_centres() -> None:
    rows, columns = np.indices((3, 4))
    displacements = np.stack([rows - 1, 2 * columns], axis=-1)
    grid = Grid((3, 4), (2.0, 4.0), (4.0, 8.0))
    points = np.array([[2.0, 4.0], [6.0, 16.0], [4.0, 28.0], [-5.0, 99.0]])
    expected = points + np.array([[-4, 0], [0, 24], [-2, 48], [-4, 48]])
    np.testing.assert_allclose(carried(points, displacements, grid), expected)
