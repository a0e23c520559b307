"""Many steps in a ball, against loops in float64, Foolbox and what a ball is."""

import math

import numpy as np
import pytest
import torch
from foolbox_peer import attacked
from slow_net import ANSWERS, FAST, IMAGES, SLOW
from torch import Tensor

from cnnviz_core.methods.attacks.fast_gradient_sign import fast_gradient_sign
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size
from cnnviz_core.methods.attacks.projected_gradient import inside, projected_gradient, random_start, steepest

PIXELS = IMAGES.sigmoid()
BALLS = [(math.inf, 0.1), (2, 0.7)]


def loss(images: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(FAST(images), ANSWERS, reduction="none")


def slowly(image: np.ndarray, label: int, norm: float, epsilon: float, step: float, steps: int) -> np.ndarray:
    """The definition, for one image, with the projection written out value by value."""
    now = image.copy()
    for _ in range(steps):
        scores = SLOW.run(now)[-1]
        p = np.exp(scores) / np.exp(scores).sum()
        up = sum((p[c] - (c == label)) * SLOW.back(now, c)[0] for c in range(len(p)))
        now = now + step * (np.sign(up) if norm == math.inf else up / np.sqrt((up**2).sum()))
        change = now - image
        if norm == math.inf:
            change = np.array([min(max(value, -epsilon), epsilon) for value in change.ravel()]).reshape(image.shape)
        elif (length := math.sqrt((change**2).sum())) > epsilon:
            change = change * epsilon / length
        now = np.clip(image + change, 0, 1)
    return now


@pytest.mark.parametrize(("norm", "epsilon"), BALLS)
def test_is_the_definition(norm: float, epsilon: float) -> None:
    step = epsilon / 3
    found = projected_gradient(FAST, PIXELS, ANSWERS, norm=norm, epsilon=epsilon, steps=6, step=step)
    for image, label, values in zip(PIXELS.numpy(), ANSWERS.tolist(), found.numpy(), strict=True):
        np.testing.assert_allclose(values, slowly(image, label, norm, epsilon, step, 6), atol=1e-12)


@pytest.mark.parametrize(("norm", "epsilon"), BALLS)
@pytest.mark.parametrize("random", [True, False])
def test_agrees_with_foolbox(norm: float, epsilon: float, random: bool) -> None:
    start = random_start(PIXELS, norm=norm, epsilon=epsilon, rng=np.random.default_rng(1)) if random else None
    found = projected_gradient(
        FAST, PIXELS, ANSWERS, norm=norm, epsilon=epsilon, steps=7, step=0.3 * epsilon, start=start
    )
    name = {math.inf: "LinfPGD", 2: "L2PGD"}[norm]
    peer = attacked(name, FAST, PIXELS, ANSWERS, epsilon=epsilon, start=start, steps=7, rel_stepsize=0.3)
    torch.testing.assert_close(found, peer, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("norm", "epsilon"), BALLS)
def test_stays_in_the_ball_and_in_the_range_and_raises_the_loss(norm: float, epsilon: float) -> None:
    found = projected_gradient(FAST, PIXELS, ANSWERS, norm=norm, epsilon=epsilon, steps=10, step=epsilon / 2)
    assert (perturbation_size(found, PIXELS, norm) <= epsilon + 1e-12).all()
    assert 0 <= float(found.min()) <= float(found.max()) <= 1
    assert (loss(found) > loss(PIXELS)).all()


def test_more_small_steps_do_at_least_as_well_as_one() -> None:
    one = fast_gradient_sign(FAST, PIXELS, ANSWERS, 0.1)
    many = projected_gradient(FAST, PIXELS, ANSWERS, norm=math.inf, epsilon=0.1, steps=20, step=0.02)
    assert float(loss(many).mean()) > float(loss(one).mean())


def test_one_whole_step_is_the_fast_gradient_sign() -> None:
    found = projected_gradient(FAST, PIXELS, ANSWERS, norm=math.inf, epsilon=0.1, steps=1, step=0.1)
    torch.testing.assert_close(found, fast_gradient_sign(FAST, PIXELS, ANSWERS, 0.1))


def test_each_image_has_its_own_ball() -> None:
    bounds = torch.tensor([0.0, 0.3, 0.6], dtype=torch.float64)
    whole = projected_gradient(FAST, PIXELS, ANSWERS, norm=2, epsilon=bounds, steps=4, step=bounds / 2)
    np.testing.assert_allclose(perturbation_size(whole, PIXELS, 2)[0], 0, atol=1e-15)
    for k in range(3):
        alone = projected_gradient(
            FAST, PIXELS[[k]], ANSWERS[[k]], norm=2, epsilon=float(bounds[k]), steps=4, step=float(bounds[k]) / 2
        )
        torch.testing.assert_close(alone, whole[[k]])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_steepest_way_has_length_one_however_small_the_slope(dtype: torch.dtype) -> None:
    slopes = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0), dtype=dtype)
    for size in (1.0, 1e-30):
        lengths = steepest(slopes * size, 2).flatten(1).norm(dim=1)
        torch.testing.assert_close(lengths, torch.ones(2, dtype=dtype))
    assert (steepest(torch.zeros(1, 3, 2, 2), 2) == 0).all()


@pytest.mark.parametrize(("norm", "epsilon"), BALLS)
def test_random_starts_fill_the_ball_evenly(norm: float, epsilon: float) -> None:
    grey = torch.full((2000, 3, 1, 1), 0.5, dtype=torch.float64)
    epsilon = epsilon / 2
    found = random_start(grey, norm=norm, epsilon=epsilon, rng=np.random.default_rng(0))
    sizes = perturbation_size(found, grey, norm) / epsilon
    assert sizes.max() <= 1 + 1e-12
    assert (sizes < 0.5).mean() == pytest.approx(1 / 8, abs=0.03)  # half as wide, in three dimensions
    np.testing.assert_allclose((found - grey).mean(dim=0).numpy(), 0, atol=0.1 * epsilon)
    assert torch.equal(found, random_start(grey, norm=norm, epsilon=epsilon, rng=np.random.default_rng(0)))
    edge = random_start(torch.ones(1, 3, 4, 4), norm=norm, epsilon=epsilon, rng=np.random.default_rng(0))
    assert edge.max() <= 1


def test_another_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="norm must be 2 or inf, not 1"):
        inside(PIXELS, PIXELS, 0.1, 1)
