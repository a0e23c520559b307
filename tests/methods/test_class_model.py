"""The class model of a linear classifier, which is known in closed form."""

import numpy as np
import torch
from torch import Tensor

from cnnviz_core.methods.class_model import class_model, log_probability, penalty, raw_score

WEIGHTS = torch.randn(4, 3 * 5 * 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
START = torch.zeros(2, 3, 5, 5, dtype=torch.float64)
OUTPUTS = torch.tensor([2, 0])


def linear(images: Tensor) -> Tensor:
    return images.flatten(1) @ WEIGHTS.T


def test_of_a_linear_score_it_is_the_weights() -> None:
    """The longest image along them, which S - lambda |I|^2 also has at its top, for lambda = |w| / (2 length)."""
    found = class_model(linear, OUTPUTS, START, length=2.0, tries=9)
    norms = WEIGHTS[OUTPUTS].norm(dim=1)
    torch.testing.assert_close(found.images.flatten(1), 2 * WEIGHTS[OUTPUTS] / norms[:, None])
    torch.testing.assert_close(torch.from_numpy(found.values[-1]), 2 * norms)
    np.testing.assert_allclose(penalty(found), norms.numpy() / 4)
    tops = WEIGHTS[OUTPUTS] / (2 * torch.from_numpy(penalty(found))[:, None])
    torch.testing.assert_close(found.images.flatten(1), tops)


def test_a_curved_score_whose_top_lies_inside_needs_no_penalty() -> None:
    top = 0.1 * torch.ones(1, 3, 5, 5, dtype=torch.float64)

    def bowl(images: Tensor) -> Tensor:
        return -(images - top).pow(2).flatten(1).sum(dim=1)[:, None]

    found = class_model(bowl, OUTPUTS[1:], START[:1], length=5.0, tries=80)
    torch.testing.assert_close(found.images, top, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(penalty(found), 0, atol=0.01)
    assert penalty(class_model(bowl, OUTPUTS[1:], START[:1], length=5.0, tries=0)) == 0


def test_the_probability_lets_the_score_be() -> None:
    raw, soft = (
        class_model(linear, OUTPUTS, START, length=0.5, tries=60, softmax=softmax) for softmax in (False, True)
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
