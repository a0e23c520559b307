"""Inversion of codes that can be inverted exactly, against a slow descent, and of objectives that try to break it."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnnviz_core.methods.inversion import Code, code_at, invert
from cnnviz_core.methods.natural_prior import BOUND, Frame
from cnnviz_core.network import draw_weights

RNG = np.random.default_rng(0)
IMAGES, NOISE = (torch.from_numpy(RNG.standard_normal((3, 3, 8, 8))) for _ in range(2))
NOTHING = torch.zeros(3, dtype=torch.float64)


def convolved() -> nn.Sequential:
    net = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 6, 3), nn.ReLU())
    draw_weights(net, np.random.default_rng(1))
    return net.double().requires_grad_(False)


def target(code: Code) -> Tensor:
    with torch.no_grad():
        return code(IMAGES)


def test_the_code_that_is_the_image_gives_the_image_back() -> None:
    found = invert(lambda images: images, IMAGES, NOISE, smoothness=NOTHING, steps=150, bound=0, tolerance=1e-9)
    torch.testing.assert_close(found.images, IMAGES, rtol=0, atol=1e-3)
    assert (found.errors < 1e-6).all()


def test_from_the_original_with_nothing_asked_there_is_no_error() -> None:
    net = convolved()
    found = invert(net, target(net), IMAGES, smoothness=NOTHING, steps=30, bound=0)
    assert not found.values.any()
    assert not found.errors.any()
    assert not found.steps.any()
    torch.testing.assert_close(found.images, IMAGES, rtol=0, atol=0)


def paper_step(net: nn.Module, goal: Tensor, x: np.ndarray, lam: float, rate: float) -> np.ndarray:
    """A step of the paper's descent in its own units, x of length about 1, with slopes by central differences."""
    size = x.size

    def objective(x: np.ndarray) -> float:
        code: Tensor = net(torch.from_numpy(x * np.sqrt(size))[None])[0]
        down, right = np.diff(x, axis=1, append=x[:, -1:]), np.diff(x, axis=2, append=x[:, :, -1:])
        bound = float(BOUND * size**2 * (x**6).sum())
        return float((code - goal).pow(2).sum() / goal.pow(2).sum()) + bound + lam * float((down**2 + right**2).sum())

    slope = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-6
        slope[place] = (objective(x + step) - objective(x - step)) / 2e-6
    return x - rate * slope


def test_a_step_is_the_papers() -> None:
    net = convolved()
    goal, start = target(net), IMAGES[:1] + 0.1 * NOISE[:1]
    found = invert(net, goal[:1], start, smoothness=NOTHING[:1] + 5, steps=1, rate=0.004)
    assert found.values[1, 0] < found.values[0, 0]
    x = paper_step(net, goal[0], start[0].numpy() / np.sqrt(192), 5.0, 0.004)
    np.testing.assert_allclose(found.images[0].numpy() / np.sqrt(192), x, rtol=1e-4, atol=1e-8)


def test_the_objective_never_rises_for_any_image() -> None:
    net = convolved()
    found = invert(net, target(net), NOISE, smoothness=torch.tensor([0.5, 5, 50]), steps=60, tolerance=0)
    assert (np.diff(found.values, axis=0) <= 0).all()
    assert found.values.shape == (61, 3)
    assert (found.values[-1] < 0.1 * found.values[0]).all()


def test_images_are_inverted_together_as_if_each_were_alone() -> None:
    net, lam = convolved(), torch.tensor([0.5, 5, 50], dtype=torch.float64)
    together = invert(net, target(net), NOISE, smoothness=lam, steps=40)
    for k in range(3):
        alone = invert(net, target(net)[k : k + 1], NOISE[k : k + 1], smoothness=lam[k : k + 1], steps=40)
        torch.testing.assert_close(together.images[k], alone.images[0], rtol=1e-6, atol=1e-6)
        assert together.steps[k] == alone.steps[0]


def test_finished_images_leave_the_batch() -> None:
    seen = []

    def code(images: Tensor) -> Tensor:
        seen.append(len(images))
        return images

    lam = torch.tensor([0.0, 1e3, 1e3], dtype=torch.float64)
    found = invert(code, IMAGES, NOISE, smoothness=lam, steps=200, tolerance=0.05)
    assert seen[0] == 3
    assert seen[-1] < 3
    assert len(seen) == len(found.values) < 201
    assert found.steps.max() == len(seen) - 1
    assert found.steps.min() < found.steps.max()


@pytest.mark.parametrize("rate", [1e3, 1e30])
def test_a_rate_that_is_far_too_large_is_halved_until_it_leads_down(rate: float) -> None:
    net = convolved()
    found = invert(net, target(net), NOISE, smoothness=NOTHING + 5, steps=120, rate=rate)
    assert np.isfinite(found.values).all()
    assert found.images.isfinite().all()
    assert (found.values[-1] < found.values[0]).all()


def test_what_is_no_number_is_never_gone_to() -> None:
    def cliff(images: Tensor) -> Tensor:
        return torch.where(images < 1, images, torch.nan)

    found = invert(cliff, IMAGES + 2, NOISE - 5, smoothness=NOTHING, steps=80, bound=0)
    assert np.isfinite(found.values).all()
    assert (found.images < 1).all()
    with pytest.raises(FloatingPointError, match="no number at the start"):
        invert(cliff, IMAGES, NOISE + 9, smoothness=NOTHING, steps=1)


def test_values_outside_the_mask_do_not_count() -> None:
    mask = torch.zeros(1, 3, 8, 8)
    mask[..., 3:5, 3:5] = 1
    found = invert(lambda images: images, IMAGES, NOISE, smoothness=NOTHING, steps=300, bound=0, mask=mask)
    inside = mask.bool().expand_as(IMAGES)
    torch.testing.assert_close(found.images[inside], IMAGES[inside], rtol=0, atol=0.1)
    torch.testing.assert_close(found.images[~inside], NOISE[~inside], rtol=0, atol=0)


def test_a_code_of_zeros_is_not_divided_by() -> None:
    found = invert(lambda images: images, 0 * IMAGES, NOISE, smoothness=NOTHING, steps=50, bound=0)
    assert (np.diff(found.values, axis=0) <= 0).all()
    assert np.isfinite(found.errors).all()


def test_only_the_network_up_to_the_layer_is_run() -> None:
    class Layers:
        def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
            assert names == ("pool",)
            return (pixels.mean(dim=(2, 3)),)

    code = code_at(Layers(), "pool", Frame((0.5, 0.5, 0.5), 0.2))
    torch.testing.assert_close(code(IMAGES), 0.5 + 0.2 * IMAGES.mean(dim=(2, 3)))
