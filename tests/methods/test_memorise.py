"""Labels learned by heart: random ones too, to the same bits, and stopped where the loss is no number."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnnviz_core.methods.memorise import Lesson, memorise, permutation
from cnnviz_core.network import draw_weights

LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])


@pytest.fixture
def net() -> nn.Module:
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(8 * 16, 3)
    )
    draw_weights(net, np.random.default_rng(0))
    return net.requires_grad_(False)


@pytest.fixture
def images() -> Tensor:
    return torch.from_numpy(np.random.default_rng(1).standard_normal((10, 3, 6, 6), dtype=np.float32))


def taught(net: nn.Module, images: Tensor, seed: int = 0, **changed: float) -> Lesson:
    settings = {"rate": 1e-2, "batch": 4, "passes": 60, "enough": 1.0} | changed
    rng = np.random.default_rng(seed)
    return memorise(net, lambda chosen: images[chosen], LABELS, rng, **settings)  # type: ignore[arg-type]


def test_labels_of_noise_are_learned_by_heart(net: nn.Module, images: Tensor) -> None:
    lesson = taught(net, images)
    assert lesson.accuracy == 1
    assert lesson.passes < 60
    assert not lesson.diverged
    np.testing.assert_array_equal(net(images).argmax(dim=1).numpy(), LABELS)


def test_same_seed_same_bits_and_another_order_another_net(net: nn.Module, images: Tensor) -> None:
    nets = [copy.deepcopy(net) for _ in range(3)]
    for one, seed in zip(nets, (0, 0, 1), strict=True):
        taught(one, images, seed, passes=3, enough=None)  # type: ignore[arg-type]
    weights = [one.get_parameter("5.weight") for one in nets]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_first_step_is_adams(net: nn.Module, images: Tensor) -> None:
    """Adam's first step moves each weight by the rate, against the sign of its derivative."""
    before = copy.deepcopy(net).requires_grad_(True)
    nn.functional.cross_entropy(before.eval()(images), torch.from_numpy(LABELS)).backward()  # type: ignore[no-untyped-call]
    taught(net, images, passes=1, batch=10)
    old, new = before.get_parameter("5.weight"), net.get_parameter("5.weight")
    assert old.grad is not None
    large = old.grad.abs() > 1e-4
    expected = (old - 1e-2 * old.grad.sign())[large]
    torch.testing.assert_close(new[large], expected.detach(), atol=1e-4, rtol=0)


def test_the_net_is_left_as_a_model_has_it_and_its_statistics_are_kept(net: nn.Module, images: Tensor) -> None:
    taught(net, images, passes=2)
    assert not net.training
    assert not any(value.requires_grad or value.grad is not None for value in net.parameters())
    assert not net.get_buffer("1.running_mean").any()


def test_without_a_goal_all_passes_are_made(net: nn.Module, images: Tensor) -> None:
    assert taught(net, images, enough=None, passes=25).passes == 25  # type: ignore[arg-type]


def test_a_loss_that_is_no_number_ends_the_training_with_finite_weights(net: nn.Module, images: Tensor) -> None:
    images[3] = torch.inf
    lesson = taught(net, images)
    assert lesson.diverged
    assert lesson.passes == 1
    assert all(torch.isfinite(value).all() for value in net.parameters())


def test_a_permutation_changes_a_label() -> None:
    for seed in range(20):
        order = permutation(np.array([4, 7]), np.random.default_rng(seed))
        assert order.tolist() == [1, 0]
    order = permutation(LABELS, np.random.default_rng(0))
    assert sorted(order) == list(range(10))
    with pytest.raises(ValueError, match="one label cannot be permuted"):
        permutation(np.array([3, 3]), np.random.default_rng(0))
