"""One step up the loss, against the paper's formula in loops, finite differences and Foolbox."""

import numpy as np
import pytest
import torch
from foolbox_peer import attacked
from slow_net import ANSWERS, FAST, IMAGES, SLOW, each_image
from torch import Tensor

from cnnviz_core.methods.attacks.fast_gradient_sign import fast_gradient_sign, gradient_sign, loss_direction, moved

PIXELS = IMAGES.sigmoid()  # in [0, 1]


def loss(image: np.ndarray, label: int) -> float:
    scores = SLOW.run(image)[-1]
    return float(np.log(np.exp(scores - scores[label]).sum()))


def slope(image: np.ndarray, label: int) -> np.ndarray:
    """Of the loss by the pixels: sum over classes of (p - 1 where it is the label) times the slope of the score."""
    scores = SLOW.run(image)[-1]
    p = np.exp(scores) / np.exp(scores).sum()
    return np.asarray(sum((p[c] - (c == label)) * SLOW.back(image, c)[0] for c in range(len(p))))


def test_is_the_slope_of_the_loss_but_for_the_probability_of_the_other_classes() -> None:
    found = loss_direction(FAST, IMAGES, ANSWERS).numpy()
    for values, (image, label) in zip(found, each_image(), strict=True):
        others = 1 - np.exp(-loss(image, label))
        np.testing.assert_allclose(values * others, slope(image, label), atol=1e-12)


def test_is_the_slope_by_finite_differences() -> None:
    found = loss_direction(FAST, IMAGES, ANSWERS).numpy()
    rng, step = np.random.default_rng(3), 1e-6
    for values, (image, label) in zip(found, each_image(), strict=True):
        direction = rng.normal(size=image.shape)
        ahead, behind = (loss(image + sign * step * direction, label) for sign in (1, -1))
        others = 1 - np.exp(-loss(image, label))
        assert (ahead - behind) / (2 * step) == pytest.approx(others * (values * direction).sum(), rel=1e-4)


@pytest.mark.parametrize("clipped", [True, False])
def test_each_pixel_moves_by_epsilon_to_where_the_loss_rises(clipped: bool) -> None:
    found = fast_gradient_sign(FAST, PIXELS, ANSWERS, 0.4, clipped=clipped).numpy()
    for image, label, moved_to in zip(PIXELS.numpy(), ANSWERS.tolist(), found, strict=True):
        expected = image + 0.4 * np.sign(slope(image, label))
        np.testing.assert_allclose(moved_to, expected.clip(0, 1) if clipped else expected, atol=1e-12)
    assert (found.max() > 1) is not clipped


@pytest.mark.parametrize("epsilon", [0.02, 0.3])
def test_agrees_with_foolbox(epsilon: float) -> None:
    peer = attacked("LinfFastGradientAttack", FAST, PIXELS, ANSWERS, epsilon=epsilon)
    found = fast_gradient_sign(FAST, PIXELS, ANSWERS, epsilon)
    torch.testing.assert_close(found, peer, rtol=0, atol=1e-6)
    assert (found != PIXELS).any()


def test_a_pixel_on_which_the_loss_does_not_depend_stays() -> None:
    def blind(pixels: Tensor) -> Tensor:
        """Does not see the second color."""
        return FAST(pixels * torch.tensor([1.0, 0.0, 1.0]).view(3, 1, 1))

    found = fast_gradient_sign(blind, PIXELS, ANSWERS, 0.1)
    assert torch.equal(found[:, 1], PIXELS[:, 1])
    assert (gradient_sign(blind, PIXELS, ANSWERS)[:, 1] == 0).all()


def test_points_upwards_also_where_the_network_is_so_sure_that_the_loss_is_zero() -> None:
    def sure(pixels: Tensor) -> Tensor:
        """The label of each image far above the others, in single precision."""
        return 300 * torch.nn.functional.one_hot(ANSWERS, 3).float() + FAST(pixels.double()).float()

    pixels = PIXELS.float()
    assert (sure(pixels).log_softmax(dim=1).gather(1, ANSWERS[:, None]) == 0).all()
    leaving = FAST(moved(PIXELS, gradient_sign(sure, pixels, ANSWERS), 1e-4)).log_softmax(dim=1)
    others = (
        FAST(PIXELS).scatter(1, ANSWERS[:, None], -torch.inf).logsumexp(1)
        - FAST(PIXELS).gather(1, ANSWERS[:, None])[:, 0]
    )
    moved_others = (
        leaving.scatter(1, ANSWERS[:, None], -torch.inf).logsumexp(1) - leaving.gather(1, ANSWERS[:, None])[:, 0]
    )
    assert (moved_others > others).all()


def test_each_image_has_its_own_epsilon_and_is_alone_in_its_batch() -> None:
    bounds = torch.tensor([0.0, 0.1, 0.2], dtype=torch.float64)
    whole = fast_gradient_sign(FAST, PIXELS, ANSWERS, bounds)
    assert torch.equal(whole[0], PIXELS[0])
    for k in range(3):
        alone = fast_gradient_sign(FAST, PIXELS[[k]], ANSWERS[[k]], float(bounds[k]))
        torch.testing.assert_close(alone, whole[[k]])


def test_works_where_gradients_are_off_and_leaves_none_behind() -> None:
    with torch.no_grad():
        inside = fast_gradient_sign(FAST, PIXELS, ANSWERS, 0.1)
    assert torch.equal(inside, fast_gradient_sign(FAST, PIXELS, ANSWERS, 0.1))
    assert not inside.requires_grad
    assert not PIXELS.requires_grad
