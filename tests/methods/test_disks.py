"""Disks around points."""

import numpy as np

from cnnviz_core.methods.disks import disks


def test_disks_hold_the_pixels_that_are_near() -> None:
    found = disks(np.array([[2.5, 3.5], [0.0, 0.0]]), 1.2, (6, 7))
    expected = np.zeros((6, 7), dtype=bool)
    expected[2, 2:5] = expected[1:4, 3] = expected[0, 0] = True
    np.testing.assert_array_equal(found, expected)
    assert not disks(np.zeros((0, 2)), 3, (4, 4)).any()
