import numpy as np

from cnnviz_core.methods.features_at import Grid, columns_at, even_grid


def test_the_nearest_centre_is_found_as_by_trying_all() -> None:
    grid = Grid((4, 5), (0.5, 2.5), (8.0, 6.0))
    points = np.random.default_rng(0).uniform(-5, 40, (50, 2))
    centres = grid.centres().reshape(-1, 2)
    expected = [np.unravel_index(np.abs(centres - point).sum(axis=1).argmin(), (4, 5)) for point in points]
    np.testing.assert_array_equal(grid.nearest(points), np.array(expected))
    np.testing.assert_array_equal(grid.nearest(np.array([[4.5, 2.5]])), [[0, 0]])


def test_columns_are_those_of_the_positions() -> None:
    maps = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    grid = even_grid((3, 4), (30, 40))
    np.testing.assert_array_equal(grid.centres()[1, 2], [15, 25])
    np.testing.assert_array_equal(columns_at(maps, grid, np.array([[16.0, 24.0], [0.0, 39.0]])), [[6, 18], [3, 15]])
