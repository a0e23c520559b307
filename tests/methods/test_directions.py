"""Random directions: their distribution, and the images farthest along them."""

import numpy as np

from cnnviz_core.methods.directions import farthest, mirrored, positive_directions, rotated_axes


def test_axes_are_orthonormal_and_point_everywhere() -> None:
    rng = np.random.default_rng(0)
    axes = rotated_axes(7, 4, rng)
    np.testing.assert_allclose(axes @ axes.T, np.eye(4), atol=1e-12)
    assert rotated_axes(3, 10, rng).shape == (3, 3)
    many = np.concatenate([rotated_axes(3, 1, rng) for _ in range(4000)])
    np.testing.assert_allclose(many.mean(axis=0), 0, atol=0.05)  # also the signs are even
    np.testing.assert_allclose(many.T @ many / 4000, np.eye(3) / 3, atol=0.03)


def test_positive_directions() -> None:
    found = positive_directions(5, 2000, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)
    assert found.min() >= 0
    np.testing.assert_allclose((found**2).mean(axis=0), 0.2, atol=0.02)


def test_farthest_images_against_a_loop() -> None:
    rng = np.random.default_rng(1)
    codes, directions = rng.standard_normal((9, 4)).astype(np.float32), rng.standard_normal((3, 4))
    images, along = farthest(codes, directions, 5)
    for k, direction in enumerate(directions):
        products = [sum(float(a) * b for a, b in zip(code, direction, strict=True)) for code in codes]
        order = sorted(range(9), key=lambda i: -products[i])[:5]
        assert images[k].tolist() == order
        np.testing.assert_allclose(along[k], [products[i] for i in order])


def test_equal_images_come_in_order() -> None:
    assert farthest(np.zeros((4, 2)), np.ones((1, 2)), 3)[0].tolist() == [[0, 1, 2]]


def test_a_mirror_leaves_distances_and_mixes_units() -> None:
    rng = np.random.default_rng(2)
    codes, axes = rng.standard_normal((6, 8)), rotated_axes(8, 4, rng)
    found = mirrored(codes, axes)
    distances = [np.linalg.norm(each[:, None] - each[None], axis=2) for each in (codes, found)]
    np.testing.assert_allclose(distances[0], distances[1])
    np.testing.assert_allclose(mirrored(found, axes), codes)
    assert np.abs(found - codes).min() > 1e-3
