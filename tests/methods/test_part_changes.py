"""Distances of signs against loops, and what is drawn again against the definition."""

import numpy as np
import pytest

from cnnviz_core.methods.part_changes import (
    clearest,
    drawn_means,
    often_together,
    pairs,
    sign_distances,
    signs,
    square_at,
)


def test_signs_have_three_values_and_rounding_is_none() -> None:
    found = signs(np.array([[2.0, -1e-9, 0.0, -0.3, 3e-6]]), size=2.0)
    np.testing.assert_array_equal(found, [[1, 0, 0, -1, 1]])


def test_distances_count_the_entries_that_differ() -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.integers(-1, 2, (n, 17)).astype(np.int8) for n in (4, 3))
    expected = [[sum(a != b for a, b in zip(x, y, strict=True)) / 17 for y in second] for x in first]
    np.testing.assert_allclose(sign_distances(first, second), expected, atol=1e-12)
    assert np.diagonal(sign_distances(first, first)).max() == 0


def test_pairs_are_all_of_different_images() -> None:
    np.testing.assert_array_equal(pairs(np.array([[9.0, 1, 2], [3, 9, 4], [5, 6, 9]])), [1, 2, 3, 4, 5, 6])


def test_means_of_draws_are_those_of_the_drawn_images() -> None:
    rng = np.random.default_rng(1)
    distances = rng.random((2, 4, 4))
    distances += distances.transpose(0, 2, 1)
    found = drawn_means(distances, 50, np.random.default_rng(2))
    counts = np.random.default_rng(2).multinomial(4, [0.25] * 4, size=50)
    for values, count in zip(found, counts, strict=True):
        drawn = np.repeat(np.arange(4), count).tolist()
        some = [(i, j) for i in drawn for j in drawn if i != j] or [
            (i, j) for i in range(4) for j in range(4) if i != j
        ]
        expected = [np.mean([each[i, j] for i, j in some]) for each in distances]
        np.testing.assert_allclose(values, expected)
    assert found.shape == (50, 2)


def test_one_image_drawn_alone_stands_for_all() -> None:
    found = drawn_means(np.array([[0.0, 0.5], [0.5, 0.0]]), 30, np.random.default_rng(0))
    np.testing.assert_allclose(found, 0.5)


def test_the_points_that_are_most_often_visible_together() -> None:
    visible = np.array([[1, 1, 0, 1], [1, 0, 1, 1], [0, 1, 1, 1], [1, 0, 0, 1], [0, 1, 1, 0]], dtype=bool)
    assert often_together(visible, 2) == (0, 3)  # thrice; (1, 2) only twice
    assert often_together(visible, 3) == (0, 1, 3)
    assert often_together(visible, 5) == ()


def test_the_clearest_object_shows_most() -> None:
    points = np.zeros((3, 2, 3))
    points[1, 0, 2] = points[2, 1, 2] = 1
    assert clearest(points)[0, 2] == 1


@pytest.mark.parametrize(("center", "corner"), [((10.0, 10.0), (8, 8)), ((0.5, 19.5), (0, 16)), ((19.0, 0.0), (16, 0))])
def test_a_square_lies_inside(center: tuple[float, float], corner: tuple[int, int]) -> None:
    assert square_at(np.array(center), 4, (20, 20)) == corner


def test_a_square_larger_than_the_image_begins_at_its_corner() -> None:
    assert square_at(np.array([2.0, 2.0]), 9, (5, 5)) == (0, 0)
