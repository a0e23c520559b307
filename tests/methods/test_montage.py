import numpy as np
import torch

from cnnviz_core.methods.montage import apart, corners, scattered, seamed, sheet_side, smaller, thumbnails


def flat(*values: int, side: int = 2) -> np.ndarray:
    return np.array([np.full((side, side, 3), value) for value in values], dtype=np.uint8)


def test_thumbnails_are_the_middle_made_small() -> None:
    images = torch.zeros(1, 3, 4, 8)
    images[:, 0, :, 2:6] = 1  # the middle square
    images[:, 1, :2] = 0.5
    small = thumbnails(images, 2)
    assert small.shape == (1, 2, 2, 3)
    assert (small[..., 0] == 255).all()
    assert small[0, 0, 0, 1] > small[0, 1, 0, 1]
    np.testing.assert_array_equal(thumbnails(images, 4)[0, :, :, 1], [[128] * 4] * 2 + [[0] * 4] * 2)


def test_tiles_lie_at_their_places_and_touch_the_border() -> None:
    place = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 0.5]])
    at = corners(place, (6, 10), 2)
    np.testing.assert_array_equal(at, [[0, 0], [4, 8], [2, 4]])
    whole = scattered(flat(10, 20, 30), at, (6, 10))
    assert (whole[:2, :2] == 10).all()
    assert (whole[4:, 8:] == 20).all()
    assert (whole[2:4, 4:6] == 30).all()
    assert (whole == 255).all(axis=2).sum() == 60 - 12


def test_a_later_tile_covers_an_earlier_one() -> None:
    assert (scattered(flat(10, 20), np.zeros((2, 2), dtype=int), (2, 2)) == 20).all()


def test_tiles_that_would_hide_others_are_left_out() -> None:
    at = np.array([[0, 0], [5, 5], [0, 6], [6, 0], [11, 6], [30, 3]])
    assert apart(at, 6) == [0, 2, 3, 4, 5]  # the second is within 5 of the first in both directions
    assert apart(at, 0) == list(range(6))
    assert apart(at, 100) == [0]


def test_tiles_are_brought_to_another_size() -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(smaller(tiles, 8), tiles)
    assert smaller(tiles, 4).shape == (2, 4, 4, 3)
    assert (smaller(flat(7, side=8), 3) == 7).all()
    assert smaller(flat(7), 5).shape == (1, 5, 5, 3)


def test_sheets_are_bounded_and_their_tiles_are_whole_blocks_of_jpeg() -> None:
    assert [sheet_side(count, 224) for count in (10, 400, 2000, 5000)] == [128, 128, 64, 40]
    assert sheet_side(100, 28) == 32
    for count in range(1000, 9000, 333):
        assert sheet_side(count, 224) % 8 == 0
        assert count * sheet_side(count, 224) ** 2 <= 2**23


def test_seams_are_between_the_tiles_that_they_are_of() -> None:
    tiles = flat(1, 2, 3, 4, 5, 6).reshape(2, 3, 2, 2, 3)
    right = np.arange(100, 104, dtype=np.uint8)[:, None].repeat(3, 1).reshape(2, 2, 3)
    below = np.arange(200, 203, dtype=np.uint8)[:, None].repeat(3, 1).reshape(1, 3, 3)
    whole = seamed(tiles, right, below, width=1)[..., 0]
    np.testing.assert_array_equal(whole[1], [1, 1, 100, 2, 2, 101, 3, 3])
    np.testing.assert_array_equal(whole[2], [200, 200, 0, 201, 201, 0, 202, 202])
    np.testing.assert_array_equal(whole[3], [4, 4, 102, 5, 5, 103, 6, 6])
