import numpy as np
import pytest

from cnnviz_core.methods.annotations import fits, inside, on_object

INSTANCES = np.zeros((12, 16), dtype=int)
INSTANCES[2:6, 3:9] = 1
INSTANCES[7:11, 10:12] = 2


def test_a_box_fits_as_far_as_it_overlaps_the_smallest_one() -> None:
    boxes = np.array([[2, 3, 6, 9], [7, 10, 11, 14]], dtype=float)
    np.testing.assert_allclose(fits(boxes, INSTANCES), [1, 0.5])


def test_an_object_that_is_not_seen_has_no_fit() -> None:
    boxes = np.array([[0, 0, 3, 3], [2, 3, 6, 9], [7, 10, 11, 12]], dtype=float)
    np.testing.assert_allclose(fits(boxes[:2], np.where(INSTANCES == 1, 2, 0)), [1])
    assert fits(np.zeros((0, 4)), INSTANCES).shape == (0,)


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        (0, 0, True),
        (11, 15, True),
        (-0.4, 3, True),
        (3, -0.4, True),
        (-0.6, 3, False),
        (3, -0.6, False),
        (12.1, 3, False),
        (3, 16.5, False),
    ],
)
def test_inside_allows_both_ways_to_count_pixels(row: float, column: float, expected: bool) -> None:
    assert inside(np.array([[[row, column, 1.0]]]), (12, 16)).tolist() == [[expected]]


def test_on_object_looks_at_visible_points_of_each_objects_own_pixels() -> None:
    points = np.array(
        [
            [[2, 3, 1], [5.4, 8.9, 1], [1.2, 2.9, 1], [0, 0, 0]],  # both corners, a neighbor, a hidden one
            [[2, 3, 1], [8, 11, 1], [12, 16, 1], [-1, 10, 1]],  # on the other object, on its own, off, off
        ]
    )
    assert on_object(points, INSTANCES).tolist() == [1, 1, 1, 0, 1, 0, 0]


def test_without_keypoints_there_is_nothing_to_say() -> None:
    assert on_object(np.zeros((2, 0, 3)), INSTANCES).shape == (0,)
