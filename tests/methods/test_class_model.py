"""The class model of a linear classifier, which is known in closed form."""

import pytest
import torch
from torch import Tensor

from cnnviz_core.methods.class_model import balanced_penalty, class_model, log_probability, raw_score

WEIGHTS = torch.randn(4, 3 * 5 * 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
START = torch.zeros(2, 3, 5, 5, dtype=torch.float64)
OUTPUTS = torch.tensor([2, 0])


def linear(images: Tensor) -> Tensor:
    return images.flatten(1) @ WEIGHTS.T


def test_of_a_linear_score_it_is_the_weights() -> None:
    found = class_model(linear, OUTPUTS, START, penalty=0.3, tries=60, first=0.5)
    torch.testing.assert_close(found.images.flatten(1), WEIGHTS[OUTPUTS] / 0.6, rtol=1e-4, atol=1e-4)
    best = WEIGHTS[OUTPUTS].pow(2).sum(dim=1) / 1.2
    torch.testing.assert_close(torch.from_numpy(found.values[-1]), best)


def test_the_probability_lets_the_score_be() -> None:
    raw, soft = (
        class_model(linear, OUTPUTS, START, penalty=0.3, tries=60, first=0.5, softmax=softmax)
        for softmax in (False, True)
    )
    assert (raw_score(linear(soft.images), OUTPUTS) < raw_score(linear(raw.images), OUTPUTS)).all()
    assert (soft.values[-1] < 0).all()
    assert (soft.values[-1] > soft.values[0]).all()


def test_the_two_objectives() -> None:
    logits = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]], dtype=torch.float64)
    outputs = torch.tensor([1, 2])
    torch.testing.assert_close(raw_score(logits, outputs), torch.tensor([2.0, 5.0], dtype=torch.float64))
    expected = logits.softmax(dim=1)[[0, 1], [1, 2]].log()
    torch.testing.assert_close(log_probability(logits, outputs), expected)


def test_by_the_balanced_penalty_an_image_pays_what_its_score_is_worth() -> None:
    images = torch.full((2, 3, 2, 2), 2.0)
    logits = torch.tensor([[9.0, 0, 0], [0, 3, 3]])
    assert balanced_penalty(logits, images) * images[0].pow(2).sum() == pytest.approx((6 + 1) / 2)
    assert balanced_penalty(logits, torch.zeros(2, 3, 2, 2)) == 0


def test_the_first_step_has_its_length_whatever_it_brings() -> None:
    found = class_model(linear, OUTPUTS, START, penalty=100.0, tries=0, first=0.5)
    torch.testing.assert_close(found.images.flatten(1).norm(dim=1), torch.full((2,), 0.5, dtype=torch.float64))
    assert (found.values[0] < 0).all()
