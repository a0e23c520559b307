"""Model: what it is fed, what its layers give, and what is known about them."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import VisionTransformer

from cnnviz_core.errors import InputError
from cnnviz_core.models.assemble import assemble
from cnnviz_core.network import Model, ReceptiveField, draw_weights

MEAN, STD = (0.2, 0.4, 0.6), (0.5, 0.25, 0.125)


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce, self.conv = nn.Conv2d(channels, channels, 1), nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.conv(self.reduce(x).relu())
        return x.relu()


class Tiny(nn.Module):
    """A convolution, a residual block, channels last for a while, and a hidden fully connected layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True))
        self.residual, self.norm = Residual(6), nn.LayerNorm(6)
        self.hidden, self.head = nn.Linear(6 * 64, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.residual(self.stem(x)).permute(0, 2, 3, 1))
        logits: Tensor = self.head(self.hidden(x.flatten(1)).relu_())
        return logits


def tiny() -> Model:
    net = Tiny()
    draw_weights(net, np.random.default_rng(0))
    return assemble(net, name="tiny", size=16, resize=18, mean=MEAN, std=STD, classes=list("abc"), weights="drawn")


def pixels(count: int = 4) -> Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_pixels_are_normalised_by_the_model() -> None:
    model = tiny()
    fed = model.normalise(pixels())
    for channel in range(3):
        torch.testing.assert_close(fed[:, channel], (pixels()[:, channel] - MEAN[channel]) / STD[channel])
    lowest, highest = (model.normalise(torch.full((1, 3, 1, 1), v)).flatten().tolist() for v in (0.0, 1.0))
    assert lowest == pytest.approx([-0.4, -1.6, -4.8])
    assert highest == pytest.approx([1.6, 2.4, 3.2])
    torch.testing.assert_close(model(pixels()), model.net(fed))
    assert model.normalise(pixels().double()).dtype == torch.float32


def test_probabilities_are_a_distribution() -> None:
    found = tiny().probabilities(pixels())
    torch.testing.assert_close(found.sum(1), torch.ones(4))
    torch.testing.assert_close(found.log() - found.log()[:, :1], tiny()(pixels()) - tiny()(pixels())[:, :1])


def test_activations_are_those_of_the_layers_in_the_order_asked_for() -> None:
    model = tiny()
    assert list(model.layers) == ["conv1", "norm1", "relu1", "residual", "norm2", "fc1", "relu3", "fc2"]
    codes, conv, block, norm = model.activations(pixels(), "relu3", "conv1", "residual", "norm2")
    net, fed = model.net, model.normalise(pixels())
    stem = net.get_submodule("stem")(fed)
    torch.testing.assert_close(conv, net.get_submodule("stem.0")(fed))
    torch.testing.assert_close(block, net.get_submodule("residual")(stem))
    torch.testing.assert_close(norm.movedim(1, -1), net.get_submodule("norm")(block.permute(0, 2, 3, 1)))
    torch.testing.assert_close(model(pixels()), net.get_submodule("head")(codes))
    for name, found in zip(model.layers, model.activations(pixels(), *model.layers), strict=True):
        assert tuple(found.shape) == (4, *model.layer(name).shape), name
    assert model.activations(pixels()) == ()
    twice = model.activations(pixels(), "conv1", "conv1")
    assert torch.equal(twice[0], twice[1])


def test_activations_can_be_differentiated() -> None:
    model, images = tiny(), pixels().requires_grad_()
    (conv,) = model.activations(images, "conv1")
    (gradient,) = torch.autograd.grad(conv[:, 2, 4, 4].sum(), images)
    box = model.layer("conv1").receptive_field
    assert box is not None
    top, left, bottom, right = box.box(4, 4, (16, 16))
    inside = torch.zeros(16, 16, dtype=torch.bool)
    inside[top:bottom, left:right] = True
    assert torch.equal((gradient != 0).any(0).any(0), inside)


def test_module_paths_are_accepted_too() -> None:
    model = tiny()
    (inner,) = model.activations(pixels(), "residual.conv")
    assert inner.shape == (4, *model.layer("residual.conv").shape)
    with pytest.raises(
        InputError, match=r"model tiny has no layer 'conv2'; did you mean 'conv1'.*It has: conv1, norm1"
    ):
        model.activations(pixels(), "conv2")


def test_what_is_known_about_the_layers() -> None:
    model = tiny()
    assert model.codes_layer == "relu3"
    first, second, last = model.first_conv, model.second_conv, model.last_maps
    assert first is not None
    assert second is not None
    assert last is not None
    assert (first.name, second.name, last.name) == ("conv1", "residual.conv", "residual")
    assert [layer.name for layer in model.rectified_layers] == ["relu1", "residual", "relu3"]
    follows = {name: model.rectified(layer).name for name, layer in model.layers.items()}
    assert follows == {"conv1": "relu1", "norm1": "relu1", "relu1": "relu1", "residual": "residual",
                       "norm2": "norm2", "fc1": "relu3", "relu3": "relu3", "fc2": "fc2"}  # fmt: skip
    assert model.rectified(model.layer("residual.conv")).name == "residual.conv"


def test_weights_of_layers() -> None:
    model = tiny()
    assert torch.equal(model.weights_of(model.layer("conv1")), model.net.get_parameter("stem.0.weight"))
    assert model.weights_of(model.layer("fc2")).shape == (3, 8)
    with pytest.raises(InputError, match="layer relu1 of model tiny has no weights of its own; those with: conv1, fc1"):
        model.weights_of(model.layer("relu1"))


def test_first_conv_sees_the_pixels_or_there_is_none() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(768, 8), nn.ReLU(), nn.Linear(8, 3))
    model = assemble(net, name="mlp", size=16, resize=None, mean=MEAN, std=STD, classes=None, weights="")
    assert (model.first_conv, model.second_conv, model.last_maps) == (None, None, None)
    assert (model.resize, model.classes) == (16, ("output 0", "output 1", "output 2"))


def test_a_random_model_is_another_one_and_follows_from_its_generator() -> None:
    model = tiny()
    before = {key: value.clone() for key, value in model.net.state_dict().items()}
    first, second = (model.randomised(np.random.default_rng(1)) for _ in range(2))
    assert torch.equal(first(pixels()), second(pixels()))
    assert not torch.allclose(first(pixels()), model(pixels()))
    assert all(torch.equal(value, before[key]) for key, value in model.net.state_dict().items())
    assert first.fingerprint == ""
    weight = first.weights_of(first.layer("fc1"))
    assert weight.std() == pytest.approx(np.sqrt(2 / 384), rel=0.05)
    assert first.net.get_buffer("stem.1.running_var").eq(1).all()
    assert first.net.get_parameter("stem.0.bias").eq(0).all()


def test_a_model_may_be_random_above_a_layer_only() -> None:
    model = tiny()
    for name in model.layers:
        half = model.randomised(np.random.default_rng(1), above=model.layer(name))
        (here,), (there,) = (each.activations(pixels(), name) for each in (half, model))
        assert torch.equal(here, there)
    assert [layer.name for layer in model.rectified_maps] == ["relu1", "residual"]
    half = model.randomised(np.random.default_rng(1), above=model.layer("relu1"))
    assert half.name == "tiny (random weights above relu1)"
    weights, wholly = half.net.state_dict(), model.randomised(np.random.default_rng(1)).net.state_dict()
    kept = {name for name, value in model.net.state_dict().items() if torch.equal(value, weights[name])}
    assert all(name in kept for name in weights if name.startswith("stem."))
    assert "stem.1.running_mean" in kept
    assert all(torch.equal(wholly[name], weights[name]) for name in ("residual.conv.weight", "head.weight"))


def test_random_above_a_layer_leaves_tokens_and_positions_that_belong_to_no_layer() -> None:
    net = VisionTransformer(
        image_size=32, patch_size=16, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16, num_classes=5
    )
    for value in net.parameters():
        torch.nn.init.normal_(value, std=0.3)
    model = assemble(net, name="vit", size=32, resize=32, mean=MEAN, std=STD, classes=None, weights="planted")
    images = torch.from_numpy(np.random.default_rng(0).random((2, 3, 32, 32), dtype=np.float32))
    names = list(model.layers)
    for name, following in pairwise(names):
        half = model.randomised(np.random.default_rng(1), above=model.layer(name))
        for layer in names[: names.index(name) + 1]:
            (here,), (there,) = (each.activations(images, layer) for each in (half, model))
            assert torch.equal(here, there), (name, layer)
        assert not torch.equal(half(images), model(images)), (name, following)


def test_fingerprint_follows_the_weights() -> None:
    net = tiny().net
    options: dict[str, Any] = {
        "name": "x",
        "size": 16,
        "resize": 16,
        "mean": MEAN,
        "std": STD,
        "classes": None,
        "weights": "",
    }
    before = assemble(net, **options).fingerprint
    assert assemble(net, **options | {"name": "y", "weights": "z"}).fingerprint == before
    assert assemble(net, **options | {"mean": (0.1, 0.4, 0.6)}).fingerprint != before
    net.get_parameter("head.bias")[0] += 1e-3
    assert assemble(net, **options).fingerprint != before


def test_weights_are_fixed_and_statistics_too() -> None:
    model = tiny()
    assert not model.net.training
    assert not any(parameter.requires_grad for parameter in model.net.parameters())


def test_box_of_a_position_is_cut_to_the_image() -> None:
    field = ReceptiveField(size=(11, 7), stride=(4, 2), start=(-2, -3))
    assert field.box(0, 0, (224, 224)) == (0, 0, 9, 4)
    assert field.box(3, 4, (224, 224)) == (10, 5, 21, 12)
    assert field.box(3, 4, (20, 8)) == (10, 5, 20, 8)
