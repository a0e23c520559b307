"""Places and units that are shown, against slow rewrites and by hand."""

import numpy as np

from cnnviz_core.methods.strongest import Strongest
from cnnviz_core.methods.unit_rows import distinct, likes, one_per_image, responding


def found() -> Strongest:
    """Two channels: one with two places in image 7, and one with two places only."""
    values = np.array([[9, 8, 7, 6, 5], [3, 1, -np.inf, -np.inf, -np.inf]], dtype=np.float32)
    images = np.array([[7, 7, 2, 7, 4], [0, 1, -1, -1, -1]])
    return Strongest(values, images, images * 10, images * 100)


def test_every_image_comes_once_with_its_strongest_place() -> None:
    single = one_per_image(found(), 4)
    np.testing.assert_array_equal(single.images, [[7, 2, 4, -1], [0, 1, -1, -1]])
    np.testing.assert_array_equal(single.values, [[9, 7, 5, -np.inf], [3, 1, -np.inf, -np.inf]])
    np.testing.assert_array_equal(single.rows[0], [70, 20, 40, -1])
    np.testing.assert_array_equal(single.columns[0], [700, 200, 400, -1])
    assert one_per_image(found(), 2).images.tolist() == [[7, 2], [0, 1]]


def test_random_places_against_a_slow_rewrite() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 9, (5, 20))
    values = -np.sort(-rng.standard_normal((5, 20)), axis=1).astype(np.float32)
    single = one_per_image(Strongest(values, images, images, images), 6)
    for channel in range(5):
        order = list(dict.fromkeys(images[channel].tolist()))[:6]
        assert single.images[channel].tolist() == order
        expected = [values[channel][images[channel] == i][0] for i in order]
        np.testing.assert_array_equal(single.values[channel], np.array(expected, dtype=np.float32))


def test_a_channel_responds_where_all_its_places_are_above_zero() -> None:
    assert responding(one_per_image(found(), 2)).tolist() == [0, 1]
    assert responding(one_per_image(found(), 3)).tolist() == [0]


def test_likes_are_mean_directions_from_the_mean() -> None:
    codes = np.array([[1.0, 0], [3, 0], [-2, 0], [-2, 0]]) + 5
    directions = likes(codes, np.array([[0, 1], [0, 2], [3, -1], [-1, -1]]))
    np.testing.assert_allclose(directions, [[1, 0], [0, 0], [-1, 0], [0, 0]], atol=1e-6)


def test_distinct_channels_have_much_in_common_and_not_with_each_other() -> None:
    directions = np.array([[0.9, 0], [0.89, 0.01], [0, 0.3], [0, 0], [-0.2, 0]])
    assert distinct(directions, 3) == [0, 2, 4]
    assert distinct(np.array([[0.5, 0], [0.4, 0], [0, 0.3]]), 9) == [0, 2, 1]
