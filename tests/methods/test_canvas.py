"""Where pictures lie on a sheet."""

import numpy as np

from cnnviz_core.methods.canvas import Row, sheet


def test_rows_lie_below_each_other_with_their_gaps() -> None:
    tiles = np.arange(4 * 2 * 2 * 3).reshape(4, 2, 2, 3) / 100
    found = sheet([Row(tiles), Row(tiles[:2], above=5, middle=3)], pad=1)
    assert found.corners == [[(0, 0), (0, 3), (0, 6), (0, 9)], [(8, 0), (8, 6)]]
    assert found.pixels.shape == (10, 11, 3)
    for k, (top, left) in enumerate(found.corners[0]):
        np.testing.assert_array_equal(found.pixels[top : top + 2, left : left + 2], tiles[k])
    covered = np.zeros((10, 11), dtype=bool)
    for top, left in [*found.corners[0], *found.corners[1]]:
        covered[top : top + 2, left : left + 2] = True
    assert (found.pixels[~covered] == 1).all()
