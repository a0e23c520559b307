"""A plane whose distance is known: walks end as soon as the saved image is on its other side."""

import math

import numpy as np
import pytest
import torch
from plane import LABELS, PIXELS, SIDE, plane
from torch import Tensor

from cnnviz_core.methods.attacks.eight_bit import as_pixels, eight_bit
from cnnviz_core.methods.attacks.first_success import first_success, fools
from cnnviz_core.methods.attacks.projected_gradient import projected_gradient


@pytest.mark.parametrize("norm", [2.0, math.inf])
def test_what_is_nearer_than_the_ball_is_wide_fools_and_is_inside_of_it(norm: float) -> None:
    size = 6 / 255 * (math.sqrt(3 * SIDE * SIDE) if norm == 2 else 1)
    saved, fooled = first_success(plane, PIXELS, LABELS, norm=norm, epsilon=size, steps=6)
    assert fooled.tolist() == [True, True, False]
    change = (as_pixels(saved) - PIXELS).flatten(1)
    assert (torch.linalg.vector_norm(change, ord=norm, dim=1) <= size + 1e-6).all()
    assert fools(plane, as_pixels(saved), LABELS).tolist() == fooled.tolist()


def test_an_image_is_left_alone_where_it_fools_and_the_others_go_the_whole_way() -> None:
    saved, _ = first_success(plane, PIXELS, LABELS, norm=math.inf, epsilon=6 / 255, steps=5)  # steps of 3 levels
    assert [int(change) for change in ((as_pixels(saved) - PIXELS) * 255).abs().flatten(1).amax(1).round()] == [3, 6, 6]
    whole = projected_gradient(plane, PIXELS, LABELS, norm=math.inf, epsilon=6 / 255, steps=5, step=3 / 255)
    assert torch.equal(saved[2], eight_bit(whole, PIXELS, epsilon=6 / 255)[2])


def test_no_image_is_asked_for_a_gradient_after_its_success() -> None:
    asked: list[int] = []

    def counted(images: Tensor) -> Tensor:
        if images.requires_grad:
            asked.append(len(images))
        return plane(images)

    first_success(counted, PIXELS, LABELS, norm=math.inf, epsilon=6 / 255, steps=5)
    assert asked == [3, 3, 2, 1, 1]


def test_a_success_that_rounding_undoes_is_none() -> None:
    def first(images: Tensor) -> Tensor:
        rise = (images - PIXELS)[:, 0, 0, 0] * 255
        return torch.stack([0.3 - rise, torch.zeros(len(rise))], dim=1)

    _, fooled = first_success(first, PIXELS, LABELS, norm=math.inf, epsilon=0.6 / 255, steps=2)
    assert not fooled.any()
    _, fooled = first_success(first, PIXELS, LABELS, norm=math.inf, epsilon=1 / 255, steps=2)
    assert fooled.all()


def test_what_begins_on_the_other_side_has_fooled_already() -> None:
    saved, fooled = first_success(plane, PIXELS, 1 - LABELS, norm=math.inf, epsilon=6 / 255, steps=5)
    assert fooled.all()
    np.testing.assert_array_equal(saved.numpy(), (PIXELS * 255).round().byte().numpy())
