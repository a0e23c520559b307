"""Places in the network's frame, against the pixels that are brought there."""

import numpy as np
import pytest
import torch

from cnnviz_core.lab import resized
from cnnviz_core.methods.framing import framed


@pytest.mark.parametrize(("image", "resize", "size"), [
    ((60, 90), 40, (32, 32)), ((90, 60), 40, (36, 32)), ((30, 41), 64, (64, 64)), ((7, 300), 32, (32, 32)),
    ((48, 48), 48, (48, 48)),
])  # fmt: skip
def test_a_point_is_where_its_pixels_come_to_lie(image: tuple[int, int], resize: int, size: tuple[int, int]) -> None:
    center = np.array(image) // 2 - (1, 0)
    picture = torch.zeros(1, *image)
    picture[0, center[0] : center[0] + 2, center[1] : center[1] + 2] = 1  # a dot around a corner between pixels
    seen = resized(picture, resize, size)[0].double().numpy()
    rows, columns = (np.arange(length) + 0.5 for length in size)
    where = (seen.sum(1) @ rows / seen.sum(), seen.sum(0) @ columns / seen.sum())
    found = framed(center[None] + 1.0, image, resize=resize, size=size)[0]
    np.testing.assert_allclose(found, where, atol=0.35)


def test_points_beyond_the_cut_lie_outside() -> None:
    found = framed(np.array([[5.0, 0.0], [5.0, 30.0], [0.0, 15.0]]), (10, 30), resize=10, size=(10, 10))
    np.testing.assert_allclose(found, [[5, -10], [5, 20], [0, 5]])
