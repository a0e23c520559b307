"""Noise of known mean and spread, a step whose effect on a linear score is known, and what is said most often."""

import numpy as np
import torch

from cnnviz_core.methods.attacks.rubbish import favorite, rubbish, step_toward


def test_noise_has_the_mean_and_the_spread_of_each_color() -> None:
    mean, std = np.array([0.2, 0.5, 0.7]), np.array([0.1, 0.2, 0.4])
    noise = rubbish(40, mean, std, (30, 30), np.random.default_rng(0))
    torch.testing.assert_close(noise.mean(dim=(0, 2, 3)), torch.tensor([0.2, 0.5, 0.7]), atol=0.01, rtol=0)
    torch.testing.assert_close(noise.std(dim=(0, 2, 3)), torch.tensor([0.1, 0.2, 0.4]), atol=0.01, rtol=0)
    assert noise.min() < 0
    assert noise.max() > 1
    plane = noise[:, 0].numpy()
    assert abs(np.corrcoef(plane[..., 1:].ravel(), plane[..., :-1].ravel())[0, 1]) < 0.03


def test_a_step_moves_each_value_along_the_sign_of_the_goals_slope() -> None:
    weights = torch.tensor([1.0, -1, 2, -2, 3, -3, 0, 4, -4, 5, -5, 6])
    pixels = torch.full((1, 3, 2, 2), 0.5)

    def logits(images: torch.Tensor) -> torch.Tensor:
        score = images.flatten(1) @ weights
        return torch.stack([score, -score], dim=1)

    for target, sign in ((0, 1), (1, -1)):
        moved = step_toward(logits, pixels, torch.tensor([target]), 0.1)
        torch.testing.assert_close((moved - pixels).flatten(), 0.1 * sign * weights.sign())
    assert step_toward(logits, pixels, torch.tensor([0]), 0.7).max() == 1


def test_the_favorite_is_found_on_one_half_and_counted_on_the_other() -> None:
    assert favorite(np.array([4, 1, 4, 1, 2, 4, 4])) == (4, 1, 3)
    assert favorite(np.array([3])) == (3, 0, 0)
