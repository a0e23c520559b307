import numpy as np
import pytest

from cnnviz_core.methods.sift import descriptors


def ramp(size: int = 64) -> np.ndarray:
    """Brighter to the right, and from row 40 on downwards."""
    rows, columns = np.indices((size, size))
    return np.broadcast_to(np.where(rows < 40, 2 * columns, 3 * rows - 120), (3, size, size)).astype(np.uint8)


@pytest.mark.parametrize("radius", [6.0, 10.0, 20.0])
def test_a_plain_ramp_has_gradients_of_one_direction_inside_the_radius(radius: float) -> None:
    found = descriptors(ramp(), np.array([[20.0, 30.0]]), radius=radius)[0].reshape(4, 4, 8)
    assert found.shape == (4, 4, 8)
    inner = found[1:3, 1:3]
    assert (inner.argmax(axis=2) == 0).all()
    assert inner[..., 0].min() > 5 * np.delete(inner, 0, axis=2).max()


def test_the_radius_says_how_far_a_descriptor_sees() -> None:
    point, image = np.array([[32.5, 32.5]]), np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)
    changed = image.copy()
    changed[:, :, 58:] = 0
    near, far = (np.abs(descriptors(image, point, radius=r) - descriptors(changed, point, radius=r)).max()
                 for r in (10.0, 30.0))  # fmt: skip
    assert near == 0
    assert far > 0


def test_descriptors_are_in_the_order_of_the_points_and_move_with_the_image() -> None:
    image = np.random.default_rng(1).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    points = np.random.default_rng(2).uniform(20, 28, (5, 2))
    one_by_one = [descriptors(image, point[None], radius=8)[0] for point in points]
    np.testing.assert_array_equal(descriptors(image, points, radius=8), one_by_one)
    moved = np.roll(image, (3, 2), axis=(1, 2))
    np.testing.assert_allclose(descriptors(moved, points + np.array([3, 2]), radius=8), one_by_one, atol=1)
    assert descriptors(image, np.zeros((0, 2)), radius=8).shape == (0, 128)
