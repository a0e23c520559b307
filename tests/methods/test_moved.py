import numpy as np

from cnnviz_core.methods.moved import moved


def test_points_are_as_far_as_asked_for_in_their_direction() -> None:
    points, angles = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.0, np.pi / 2])
    np.testing.assert_allclose(moved(points, 2, angles), [[1, 4], [5, 4]])
    np.testing.assert_array_equal(moved(points, 0, angles), points)
