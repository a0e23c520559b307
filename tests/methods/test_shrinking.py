"""Small images."""

import torch

from cnnviz_core.methods.shrinking import shrunk


def test_every_number_is_the_mean_of_a_part() -> None:
    pixels = torch.arange(2 * 3 * 4 * 6, dtype=torch.float32).reshape(2, 3, 4, 6)
    found = shrunk(pixels, 2)
    assert found.shape == (2, 12)
    assert found[1, 0] == pixels[1, 0, :2, :3].mean()
    assert found[1, 11] == pixels[1, 2, 2:, 3:].mean()
