"""A plane that is near and one that is far and turned: errors of both, by input and by size."""

import numpy as np
import pytest
import torch
from plane import LABELS, PIXELS, plane
from torch import Tensor

from cnnviz_core.methods.attacks.threats import sign_noise
from cnnviz_core.methods.attacks.two_networks import PAIR, Rows, errors_of_both

INPUTS = ("clean", "signs", "uniform", "one", "many", "other")


def brightness(images: Tensor) -> Tensor:
    """Says 0 of what is brighter than three levels below the middle."""
    score = (images - 125 / 255).mean(dim=(1, 2, 3)) * 255 + 1e-3
    return torch.stack([score, torch.zeros_like(score)], dim=1)


@pytest.fixture(scope="module")
def rows() -> Rows:
    return errors_of_both(
        (plane, brightness), PIXELS, LABELS, epsilon=6 / 255, sizes=[3 / 255, 8 / 255], steps=4,
        rng=np.random.default_rng(1),
    )  # fmt: skip


def test_each_errs_on_images_that_its_own_gradient_moved_across(rows: Rows) -> None:
    errors = {name: {key: rows[f"{name} {key}"].tolist() for key in INPUTS} for name in PAIR}
    assert errors["plain"]["clean"] == errors["hardened"]["clean"] == [0, 0, 0]
    assert errors["plain"]["one"] == errors["plain"]["many"] == [1, 1, 0]
    assert errors["hardened"]["one"] == errors["hardened"]["many"] == [1, 1, 1]
    assert errors["plain"]["other"] == errors["hardened"]["other"] == [0, 0, 0]


def test_by_size(rows: Rows) -> None:
    assert rows["plain by size"].tolist() == [[[1, 0, 0], [1, 1, 0]]] * 2
    assert rows["hardened by size"].tolist() == [[[0, 0, 0], [1, 1, 1]]] * 2


def test_nothing_is_farther_than_allowed_and_sure_is_the_probability(rows: Rows) -> None:
    assert max(rows[f"{name} {key} excess"].max() for name in PAIR for key in INPUTS) <= 1e-6
    np.testing.assert_allclose(rows["plain clean sure"], 1 / (1 + np.exp(-np.array([2, 5, 11.0]))), rtol=1e-2)


def test_both_see_the_same_noise(rows: Rows) -> None:
    noisy = sign_noise(PIXELS, 6 / 255, np.random.default_rng(1))
    for name, network in zip(PAIR, (plane, brightness), strict=True):
        sure = network(noisy).double().softmax(1).amax(1)
        np.testing.assert_allclose(rows[f"{name} signs sure"], sure.numpy(), atol=1e-4)
