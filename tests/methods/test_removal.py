"""Deletion and insertion, against one pixel at a time by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from cnnviz_core.methods.removal import area_under, ranked, replacement_logits


def weighing(pixels: Tensor) -> Tensor:
    """Two logits: the sum of all pixels, each with a weight of its own, and of the red ones alone."""
    weights = torch.arange(1.0, 1 + pixels[0].numel(), dtype=pixels.dtype).reshape(pixels[0].shape)
    return torch.stack([(pixels * weights).sum(dim=(1, 2, 3)), pixels[:, 0].sum(dim=(1, 2))], dim=1)


@pytest.fixture
def images() -> Tensor:
    return torch.from_numpy(np.random.default_rng(2).random((2, 3, 4, 5)))


def test_ranks_fall_with_the_values_and_equal_values_are_in_random_order() -> None:
    maps = np.array([[[0.0, 3.0], [2.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    orders = [ranked(maps, np.random.default_rng(seed)) for seed in range(40)]
    assert {order[0, 0, 1] for order in orders} == {0}
    assert {order[0, 1, 0] for order in orders} == {1}
    assert {order[0, 0, 0] for order in orders} == {2, 3}
    assert {order[1, 0, 0] for order in orders} == {0, 1, 2, 3}
    assert all(sorted(order[1].ravel()) == [0, 1, 2, 3] for order in orders)


@pytest.mark.parametrize("batch", [1, 4, 100])
def test_pixels_are_replaced_one_after_another(images: Tensor, batch: int) -> None:
    ranks = ranked(np.random.default_rng(3).random((2, 4, 5)), np.random.default_rng(4))
    shares = np.array([0, 0.25, 0.5, 1])
    found = replacement_logits(weighing, images[0], images[1], ranks, shares, batch=batch)
    assert found.shape == (2, 4, 2)
    for k in range(2):
        current = images[0].clone()
        for rank in range(20):
            if rank in (0, 5, 10):
                step = {0: 0, 5: 1, 10: 2}[rank]
                torch.testing.assert_close(found[k, step], weighing(current[None])[0])
            row, column = np.argwhere(ranks[k] == rank)[0]
            current[:, row, column] = images[1][:, row, column]
        torch.testing.assert_close(found[k, 3], weighing(current[None])[0])


def test_the_ends_are_the_two_images_whatever_the_order(images: Tensor) -> None:
    ranks = ranked(np.random.default_rng(5).random((3, 4, 5)), np.random.default_rng(6))
    found = replacement_logits(weighing, images[0], images[1], ranks, np.array([0.0, 1.0]), batch=4)
    for k in range(3):
        torch.testing.assert_close(found[k], weighing(images))


def test_the_area_is_the_mean_height() -> None:
    shares = np.array([0.0, 0.5, 1.0])
    assert area_under(np.array([[2.0, 2.0, 2.0], [1.0, 0.5, 0.0], [1.0, 0.0, 0.0]]), shares).tolist() == [2, 0.5, 0.25]
    uneven = area_under(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.2, 1.0]))
    assert float(uneven) == pytest.approx(0.1 + 0.8)


def test_the_ends_run_once(images: Tensor) -> None:
    sizes = []

    def counting(pixels: Tensor) -> Tensor:
        sizes.append(len(pixels))
        return weighing(pixels)

    ranks = ranked(np.random.default_rng(5).random((3, 4, 5)), np.random.default_rng(6))
    replacement_logits(counting, images[0], images[1], ranks, np.array([0, 0.3, 0.6, 1]), batch=3)
    assert sizes == [3, 3, 2]
