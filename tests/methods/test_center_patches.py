"""One stride of pixels for each place, against pixels copied one by one."""

from dataclasses import dataclass

import numpy as np
import pytest

from cnnviz_core.methods.center_patches import assembled, averaged, cut_patches, patches_of


@dataclass(frozen=True)
class Seen:
    size: tuple[int, int]
    stride: tuple[int, int]
    start: tuple[int, int]


FIELD = Seen((7, 9), (3, 4), (-3, -3))  # the patches begin at -1, 2, 5, 8 and at -1, 3, 7


def test_patches_are_the_centers_of_what_units_see() -> None:
    grid = patches_of(FIELD, (4, 3), (11, 11))
    assert grid.tops.tolist() == [-1, 2, 5, 8]
    assert grid.lefts.tolist() == [-1, 3, 7]
    assert grid.size == (3, 4)
    np.testing.assert_array_equal(grid.centers(np.array([0, 4])), [[0.5, 1], [3.5, 5]])


def test_without_a_field_they_divide_the_image() -> None:
    grid = patches_of(None, (2, 3), (8, 10))
    assert (grid.tops.tolist(), grid.lefts.tolist(), grid.size) == ([0, 4], [0, 3, 6], (4, 4))


def test_patches_are_the_pixels_and_beyond_the_image_its_last_ones() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 3, 11, 11), dtype=np.uint8)
    which, places = np.array([2, 0, 1]), np.array([0, 4, 11])
    found = cut_patches(images, which, places, patches_of(FIELD, (4, 3), (11, 11)))
    for patch, image, place in zip(found, which, places, strict=True):
        top, left = -1 + 3 * (place // 3), -1 + 4 * (place % 3)
        for row in range(3):
            for column in range(4):
                at = min(max(top + row, 0), 10), min(max(left + column, 0), 10)
                np.testing.assert_array_equal(patch[:, row, column], images[image, :, at[0], at[1]])


@pytest.mark.parametrize("field", [FIELD, None])
def test_all_patches_together_are_the_image(field: Seen | None) -> None:
    images = np.random.default_rng(0).integers(0, 256, (1, 3, 12, 12), dtype=np.uint8)
    grid, places = patches_of(field, (4, 3), (12, 12)), np.arange(12)
    whole = assembled(cut_patches(images, 0 * places, places, grid).astype(float), grid, (12, 12))
    covered = ~np.isnan(whole)
    np.testing.assert_array_equal(whole[covered], images[0][covered])
    assert covered.all() == (field is None)  # with strides the last patches end at row and column 11


def test_averages_are_means_of_patches() -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 3, 12, 12), dtype=np.uint8)
    grid = patches_of(FIELD, (4, 3), (12, 12))
    found = averaged(images, np.array([[0, 1], [3, 2]]), np.array([[4, 5], [6, 7]]), grid)
    expected = images[[0, 1], :, 2:5].astype(float)
    np.testing.assert_allclose(found[0], (expected[0, :, :, 3:7] + expected[1, :, :, 7:11]) / 510, atol=1e-6)
