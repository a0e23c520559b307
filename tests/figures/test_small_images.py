"""Small images, and the groups that are told from them."""

from dataclasses import replace

import numpy as np
import torch
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.small_images import small_images, task


def test_groups_with_enough_images_are_asked_about(make_lab: MakeLab) -> None:
    net = nn.Sequential(pointwise([[1, 0, 0]], [0]), nn.Flatten(), nn.Linear(64, 6))
    images = [torch.full((3, 8, 8), 40 * i, dtype=torch.uint8) for i in range(6)]
    lab = make_lab(net, images)
    of_two = lab.with_dataset(replace(lab.dataset, labels=np.array([0, 0, 1, 2, 2, 0]), families=None))
    asked = task(of_two, 6, 2)
    assert asked is not None
    assert (asked.ids.tolist(), asked.groups.tolist(), asked.what) == ([0, 1, 3, 4, 5], [0, 0, 1, 1, 0], "class")
    assert asked.names == [of_two.dataset.class_names[0], of_two.dataset.class_names[2]]
    assert task(of_two, 6, 4) is None


def test_each_cell_is_the_mean_of_its_part_in_any_batches(make_lab: MakeLab) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 3, 8, 8), dtype=np.uint8)
    net = nn.Sequential(pointwise([[1, 0, 0]], [0]), nn.Flatten(), nn.Linear(64, 6))
    lab = make_lab(net, [torch.from_numpy(each) for each in pixels])
    expected = pixels[[2, 0, 1]].reshape(3, 3, 2, 4, 2, 4).mean(axis=(3, 5)).reshape(3, 12) / 255
    for batch in (1, 2, 9):
        np.testing.assert_allclose(small_images(lab, [2, 0, 1], 2, batch), expected, atol=1e-6)
