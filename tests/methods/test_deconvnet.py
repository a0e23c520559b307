"""The deconvnet projection, against a float64 rewrite of Zeiler and Fergus, and against Captum."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from captum.attr import Deconvolution
from oracle import signed
from torch import Tensor, nn

from cnnviz_core.methods.deconvnet import (
    class_projections,
    closeups,
    keep_map,
    keep_strongest_unit,
    keep_units,
    project,
    visible,
)
from cnnviz_core.methods.saliency import class_gradients


@dataclass(frozen=True)
class Stack:
    """A chain of modules whose layers have the names given."""

    modules: dict[str, nn.Module]

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        found = {}
        for name, module in self.modules.items():
            pixels = found[name] = module(pixels)
            if set(names) <= set(found):
                break
        return tuple(found[name] for name in names)


@pytest.fixture
def stack() -> Stack:
    torch.manual_seed(0)
    modules: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(3, 5, 3, stride=2, padding=1),
        "relu1": nn.ReLU(inplace=True),
        "pool1": nn.MaxPool2d(3, stride=2, padding=1),
        "conv2": nn.Conv2d(5, 4, 3, padding=1),
        "relu2": nn.ReLU(inplace=True),
    }
    return Stack({name: module.double().requires_grad_(False) for name, module in modules.items()})


@pytest.fixture
def images() -> Tensor:
    return torch.from_numpy(np.random.default_rng(4).random((2, 3, 20, 20)))


def geometry(conv: nn.Conv2d) -> tuple[np.ndarray, int, int]:
    assert not isinstance(conv.padding, str)
    return conv.weight.numpy(), conv.padding[0], conv.stride[0]


def convolve(x: np.ndarray, conv: nn.Conv2d) -> np.ndarray:
    weight, pad, step = geometry(conv)
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    side = (padded.shape[1] - weight.shape[2]) // step + 1
    out = np.zeros((len(weight), side, side))
    for f, y, z in np.ndindex(*out.shape):
        out[f, y, z] = (weight[f] * padded[:, step * y : step * y + 3, step * z : step * z + 3]).sum()
    assert conv.bias is not None
    return np.asarray(out + conv.bias.numpy()[:, None, None])


def transposed(signal: np.ndarray, conv: nn.Conv2d, side: int) -> np.ndarray:
    """Each value adds its filter, times itself, where it looked: no bias."""
    weight, pad, step = geometry(conv)
    out = np.zeros((weight.shape[1], side + 2 * pad, side + 2 * pad))
    for f, y, z in np.ndindex(*signal.shape):
        out[:, step * y : step * y + 3, step * z : step * z + 3] += signal[f, y, z] * weight[f]
    return out[:, pad : pad + side, pad : pad + side]


def pooled(x: np.ndarray) -> tuple[np.ndarray, dict[tuple[int, ...], tuple[int, ...]]]:
    """3 x 3 maxima with stride 2 and padding 1, and their switches."""
    side = (x.shape[1] - 1) // 2 + 1
    out = np.zeros((len(x), side, side))
    switches: dict[tuple[int, ...], tuple[int, ...]] = {}
    for c, y, z in np.ndindex(*out.shape):
        window = [(c, i, j) for i in range(2 * y - 1, 2 * y + 2) for j in range(2 * z - 1, 2 * z + 2)]
        inside = [place for place in window if min(place[1:]) >= 0 and max(place[1:]) < x.shape[1]]
        switches[c, y, z] = max(inside, key=lambda place: x[place])
        out[c, y, z] = x[switches[c, y, z]]
    return out, switches


def rewritten(stack: Stack, image: np.ndarray, channel: int) -> np.ndarray:
    """Section 2.1: unpool, rectify, filter, down to the pixels."""
    conv1, conv2 = stack.modules["conv1"], stack.modules["conv2"]
    assert isinstance(conv1, nn.Conv2d)
    assert isinstance(conv2, nn.Conv2d)
    rectified = convolve(image, conv1).clip(0)
    pool, switches = pooled(rectified)
    top = convolve(pool, conv2).clip(0)
    signal = np.zeros_like(top)
    signal[channel] = top[channel]
    signal = transposed(signal.clip(0), conv2, pool.shape[1])
    unpooled = np.zeros_like(rectified)
    for place, switch in switches.items():
        unpooled[switch] += signal[place]
    return transposed(unpooled.clip(0), conv1, image.shape[1])


@pytest.mark.parametrize("channel", range(4))
def test_is_the_projection_of_the_paper(stack: Stack, images: Tensor, channel: int) -> None:
    found = project(stack, images, "relu2", seed=keep_map(channel)).numpy()
    for image, projection in zip(images.numpy(), found, strict=True):
        np.testing.assert_allclose(projection, rewritten(stack, image, channel), atol=1e-12)


def test_signed_seeds_are_rectified_at_once(stack: Stack, images: Tensor) -> None:
    signs = torch.from_numpy(np.random.default_rng(5).normal(size=(2, 4, 5, 5)))
    signed = project(stack, images, "relu2", seed=lambda _: signs)
    positive = project(stack, images, "relu2", seed=lambda _: signs.clamp(min=0))
    assert torch.equal(signed, positive)
    assert not torch.equal(project(stack, images, "conv2", seed=lambda _: signs), positive)


@pytest.mark.parametrize("target", [0, 3])
def test_agrees_with_captum_where_relus_are_modules(images: Tensor, target: int) -> None:
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(5, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(294, 4)
    ).double()
    stack = Stack({"logits": net})

    def one_logit(logits: Tensor) -> Tensor:
        return nn.functional.one_hot(torch.full((len(logits),), target), 4).double()

    found = project(stack, images, "logits", seed=one_logit)
    with pytest.warns(UserWarning, match="forward hooks|backward hooks"):
        captum = Deconvolution(net).attribute(images.clone().requires_grad_(), target=target)
    np.testing.assert_allclose(found, captum.detach(), atol=1e-5)


def test_one_linear_layer_goes_back_by_its_transpose(images: Tensor) -> None:
    torch.manual_seed(2)
    linear = Stack({"conv": nn.Conv2d(3, 5, 3, stride=2, bias=False).double()})
    y = torch.from_numpy(np.random.default_rng(6).normal(size=(2, 5, 9, 9)))
    (forward,) = linear.activations(images, "conv")
    back = project(linear, images, "conv", seed=lambda _: y)
    assert torch.allclose((forward * y).sum(), (images * back).sum())


def test_is_zero_outside_the_receptive_field(stack: Stack, images: Tensor) -> None:
    """Position (2, 2) of relu2 sees pool1 1..3, conv1 1..7, pixels 1..15."""
    only = torch.zeros(2, 4, 5, 5, dtype=torch.float64)
    only[:, :, 2, 2] = 1
    found = project(stack, images, "relu2", seed=lambda _: only)
    inside = torch.zeros(20, 20, dtype=torch.bool)
    inside[1:16, 1:16] = True
    assert found[..., ~inside].count_nonzero() == 0
    assert found[..., inside].count_nonzero() > 0


def test_seeds_keep_one_map_or_its_strongest_unit() -> None:
    activations = torch.tensor([[[[1.0, 2.0], [5.0, 3.0]], [[9.0, 9.0], [9.0, 9.0]]]])
    assert keep_map(0)(activations).tolist() == [[[[1, 2], [5, 3]], [[0, 0], [0, 0]]]]
    assert keep_strongest_unit(0)(activations).tolist() == [[[[0, 0], [5, 0]], [[0, 0], [0, 0]]]]


def test_pictures_of_projections_have_zero_in_the_middle_and_are_scaled_each() -> None:
    projections = np.zeros((2, 3, 40, 40))
    projections[0], projections[1, :, :20] = 7, -0.01
    projections[0, 0, 0, 0] = 1000  # a few pixels may be brighter than all others
    projections[1, 0, 39, :10] = 0.005
    found = visible(projections)
    assert found.shape == (2, 40, 40, 3)
    assert (found[0] == 1).all()
    assert (found[1, :20] == 0).all()
    assert (found[1, 20:39] == 0.5).all()
    np.testing.assert_allclose(found[1, 39, :10, 0], 0.75)


def test_closeups_are_of_one_size_and_hold_what_is_bright() -> None:
    projections = np.zeros((3, 3, 9, 12))
    projections[0, 1, 2:5, 3:7] = 1
    projections[0, 0, 8, 11] = 0.01
    projections[1, 0, 8, 11] = -2
    found = closeups(projections)
    assert found.shape == (3, 3, 4, 4)
    assert found[0, 1].sum() == 12
    assert found[1, 0, 3, 3] == -2
    assert not found[2].any()


def test_keep_units_keeps_one_unit_of_each_image() -> None:
    activations = torch.from_numpy(np.random.default_rng(11).normal(size=(3, 4, 5, 6)))
    kept = keep_units([2, 0, 2], [4, 1, 0], [5, 3, 0])(activations)
    expected = np.zeros((3, 4, 5, 6))
    for image, unit in enumerate([(2, 4, 5), (0, 1, 3), (2, 0, 0)]):
        expected[image][unit] = activations[image][unit]
    np.testing.assert_array_equal(kept.numpy(), expected)


def test_units_kept_together_are_projected_as_each_alone(stack: Stack, images: Tensor) -> None:
    (maps,) = stack.activations(images, "relu2")
    channels = [1, 3]
    places = [divmod(int(maps[k, c].argmax()), maps.shape[3]) for k, c in enumerate(channels)]
    rows, columns = ([place[axis] for place in places] for axis in (0, 1))
    together = project(stack, images, "relu2", seed=keep_units(channels, rows, columns))
    for k, channel in enumerate(channels):
        alone = project(stack, images[k : k + 1], "relu2", seed=keep_strongest_unit(channel))
        torch.testing.assert_close(together[k : k + 1], alone)


class Averaging:
    """1 x 1 filters, ReLU, and scores that weigh the maps' averages: small enough to go back by hand."""

    first, last = signed(4, 3, seed=7), signed(2, 4, seed=8)

    def __call__(self, pixels: Tensor) -> Tensor:
        return self.activations_and_logits(pixels)[1]

    def activations_and_logits(self, pixels: Tensor, *names: str) -> tuple[tuple[Tensor, ...], Tensor]:
        maps = torch.einsum("mc,nchw->nmhw", self.first, pixels).relu()
        return (maps,), maps.clone().mean(dim=(2, 3)) @ self.last.T


def test_of_an_average_the_place_that_adds_most_is_sent_back() -> None:
    pixels, outputs = signed(2, 3, 4, 5, seed=9), torch.tensor([1, 0])
    found = class_projections(Averaging(), pixels, outputs, "maps").numpy()
    for image, output, projection in zip(pixels.numpy(), outputs, found, strict=True):
        weights = Averaging.last[output].numpy() / 20
        added = {(y, z): weights @ np.maximum(Averaging.first.numpy() @ image[:, y, z], 0) for y, z in np.ndindex(4, 5)}
        expected = np.zeros((3, 4, 5))
        y, z = max(added, key=lambda place: added[place])
        expected[:, y, z] = np.maximum(weights, 0) @ Averaging.first.numpy()
        np.testing.assert_allclose(projection, expected, atol=1e-12)


def test_a_signal_at_all_places_can_cancel_where_one_place_does_not() -> None:
    """The reason for `class_projections`: filters of 1 x 2 pixels whose sum is negative."""
    first, second = nn.Conv2d(3, 1, 1, bias=False), nn.Conv2d(1, 1, (1, 2), bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.ones(1, 3, 1, 1))
        second.weight.copy_(torch.tensor([[[[1.0, -2.0]]]]))

    class Cancelling(Averaging):
        def activations_and_logits(self, pixels: Tensor, *names: str) -> tuple[tuple[Tensor, ...], Tensor]:
            maps = second(first(pixels).relu()).relu()
            return (maps,), maps.clone().mean(dim=(2, 3))

    pixels = torch.tensor([[9.0, 0.0, 9.0, 0.0, 9.0, 0.0]]).expand(1, 3, 1, 6)
    uniform = class_gradients(Cancelling(), pixels, torch.tensor([0]), ["deconvnet"])["deconvnet"]
    assert uniform[..., 1:].count_nonzero() == 0
    assert class_projections(Cancelling(), pixels, torch.tensor([0]), "maps").amax() > 0
