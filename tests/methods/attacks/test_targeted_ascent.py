"""The ascent, against a slow one in loops, and its ends."""

from collections.abc import Callable

import numpy as np
import torch
from oracle import signed
from torch import Tensor

from cnnviz_core.methods.attacks.targeted_ascent import ascend_to

FIRST, LAST = 0.4 * signed(6, 12, seed=1), signed(3, 6, seed=2)
PIXELS = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (5, 3, 2, 2)) / 255)


def logits(pixels: Tensor) -> Tensor:
    """Two layers and a smooth unit between them."""
    return torch.tanh(pixels.flatten(1).to(FIRST) @ FIRST.T) @ LAST.T


def slowly(image: np.ndarray, target: int, rate: float, steps: int) -> tuple[np.ndarray, int, bool]:
    """One image: by the chain rule, step by step, the saved image asked after each."""
    first, last = FIRST.numpy(), LAST.numpy()

    def answer(x: np.ndarray) -> int:
        return int((last @ np.tanh(first @ (np.round(np.clip(x, 0, 1) * 255) / 255))).argmax())

    x, made = image.copy(), 0
    while answer(x) != target and made < steps:
        hidden = np.tanh(first @ x)
        slope = sum(last[target, u] * (1 - hidden[u] ** 2) * first[u] for u in range(6))
        x = np.clip(x + rate * slope / np.sqrt((slope**2).sum()), 0, 1)
        made += 1
    return np.round(x * 255), made, answer(x) == target


def test_it_is_the_ascent_of_the_course() -> None:
    answers, ends = logits(PIXELS).argmax(dim=1), set()
    for shift in (1, 2):
        targets = (answers + shift) % 3
        found = ascend_to(logits, PIXELS, targets, rate=0.1, steps=40)
        for k in range(5):
            saved, made, reached = slowly(PIXELS[k].flatten().numpy(), int(targets[k]), 0.1, 40)
            np.testing.assert_array_equal(found.saved[k].flatten().numpy(), saved)
            assert (found.steps[k], found.reached[k]) == (made, reached)
        ends |= set(found.reached.tolist())
    assert True in ends


def test_an_image_that_is_the_target_stays_as_it_is() -> None:
    found = ascend_to(logits, PIXELS, logits(PIXELS).argmax(dim=1), rate=0.05, steps=9)
    assert found.reached.all()
    assert not found.steps.any()
    np.testing.assert_array_equal(found.saved.numpy(), (PIXELS * 255).round().byte().numpy())


def test_steps_too_small_for_8_bits_add_up_and_the_limit_is_kept() -> None:
    targets = (logits(PIXELS).argmax(dim=1) + 1) % 3
    few = ascend_to(logits, PIXELS, targets, rate=1e-3, steps=2)
    assert not few.reached.any()
    assert (few.steps == 2).all()
    more = ascend_to(logits, PIXELS, targets, rate=1e-3, steps=20)  # a step is a quarter of a level
    assert (more.saved != (PIXELS * 255).round().byte()).flatten(1).any(dim=1).all()


def test_where_there_is_no_slope_or_no_number_it_ends() -> None:
    targets = torch.ones(5, dtype=torch.int64)
    for nothing in (lambda total: 0 * total, lambda total: (0 * total).sqrt()):  # slopes of 0 and of NaN

        def scores(x: Tensor, nothing: Callable[[Tensor], Tensor] = nothing) -> Tensor:
            total = x.sum((1, 2, 3))
            return torch.stack([total + 9, nothing(total)], dim=1)

        found = ascend_to(scores, PIXELS, targets, rate=0.1, steps=5)
        assert not found.reached.any()
        assert not found.steps.any()
        np.testing.assert_array_equal(found.saved.numpy(), (PIXELS * 255).round().byte().numpy())
