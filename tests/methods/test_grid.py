import numpy as np
import pytest

from cnnviz_core.methods.grid import enlarged, magnified, scaled, square_columns, tiled, untiled, vis_square


def caffe_vis_square(data: np.ndarray, padval: float) -> np.ndarray:
    """Each pixel of the grid by its own arithmetic, from the description in Caffe's notebook."""
    low, high = data.min(), data.max()
    n, height, width = data.shape[:3]
    columns = 1
    while columns**2 < n:
        columns += 1
    rows = -(-n // columns)
    grid = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, *data.shape[3:]), padval)
    for k in range(n):
        for i in range(height):
            for j in range(width):
                place = (k // columns) * (height + 1) + i, (k % columns) * (width + 1) + j
                grid[place] = (data[k, i, j] - low) / (high - low)
    return grid


@pytest.mark.parametrize("shape", [(1, 2, 3), (5, 3, 2), (9, 2, 2), (7, 3, 3, 3), (10, 1, 4, 3)])
def test_vis_square_is_caffes_grid(shape: tuple[int, ...]) -> None:
    data = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(vis_square(data, pad_value=0.5), caffe_vis_square(data, 0.5), rtol=1e-12)


def test_one_scale_for_all_tiles() -> None:
    silent, weak, strong = np.zeros((2, 2)), np.full((2, 2), 0.25), np.full((2, 2), 1.0)
    grid = vis_square(np.stack([silent, weak, strong]), pad=0)
    assert [grid[0, 0], grid[0, 2], grid[2, 0]] == [0, 0.25, 1]


def test_equal_values_are_drawn_as_zeros() -> None:
    assert not scaled(np.full((2, 3, 3), 7.0)).any()


@pytest.mark.parametrize("pad", [0, 1, 3])
def test_untiled_gives_the_pictures_back(pad: int) -> None:
    data = np.random.default_rng(1).normal(size=(11, 3, 5, 3))
    whole = tiled(data, columns=4, pad=pad)
    np.testing.assert_array_equal(untiled(whole, count=11, size=(3, 5), pad=pad), data)


def test_a_grid_has_no_row_without_pictures() -> None:
    assert square_columns(5) == 3
    assert vis_square(np.zeros((5, 4, 4)), pad=1).shape == (2 * 5 - 1, 3 * 5 - 1)


def test_enlarged_repeats_each_pixel_up_to_the_least_height() -> None:
    data = np.arange(12.0).reshape(1, 3, 4)
    larger = enlarged(data, 7)
    assert larger.shape == (1, 9, 12)
    assert all(larger[0, i, j] == data[0, i // 3, j // 3] for i in range(9) for j in range(12))
    np.testing.assert_array_equal(enlarged(data, 3), data)


def test_magnified_is_smooth_and_keeps_flat_pictures() -> None:
    np.testing.assert_allclose(magnified(np.full((2, 5, 5, 3), 0.25), 30), np.full((2, 30, 30, 3), 0.25))
    ramp = magnified(np.linspace(0, 1, 5)[None, :, None, None] * np.ones((1, 5, 5, 1)), 40)
    assert (np.diff(ramp[0, :, 0, 0]) >= -1e-12).all()
    assert (ramp.min(), ramp.max()) == (0, 1)


def test_magnified_makes_large_pictures_smaller_without_losing_fine_ones() -> None:
    checkers = np.indices((60, 60)).sum(axis=0)[None, :, :, None] % 2 * 1.0
    np.testing.assert_allclose(magnified(checkers, 20), 0.5, atol=0.1)
    picture = np.random.default_rng(0).random((1, 9, 9, 3))
    np.testing.assert_allclose(magnified(picture, 9), picture, atol=1e-12)


def test_magnified_puts_what_is_not_square_in_the_middle_of_gray() -> None:
    wide = magnified(np.ones((1, 2, 4, 1)), 8)[0, :, :, 0]
    np.testing.assert_allclose(wide[2:6], 1)
    np.testing.assert_allclose(wide[[0, 1, 6, 7]], 0.5)
