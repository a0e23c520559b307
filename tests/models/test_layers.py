"""Layers of real architectures and of toys: names, shapes, blocks, codes; nothing is left in the network."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models as zoo

from cnnviz_core.models.layers import codes_layer, find_layers
from cnnviz_core.network import Layer
from cnnviz_core.operations import capture

ALEXNET = "conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5 fc6 relu6 fc7 relu7 fc8"
VGG16 = (
    "conv1_1 relu1_1 conv1_2 relu1_2 pool1 conv2_1 relu2_1 conv2_2 relu2_2 pool2 conv3_1 relu3_1 conv3_2 relu3_2 "
    "conv3_3 relu3_3 pool3 conv4_1 relu4_1 conv4_2 relu4_2 conv4_3 relu4_3 pool4 conv5_1 relu5_1 conv5_2 relu5_2 "
    "conv5_3 relu5_3 pool5 fc6 relu6 fc7 relu7 fc8"
)
SQUEEZENET = "conv1 relu1 pool1 fire2 fire3 fire4 pool4 fire5 fire6 fire7 fire8 pool8 fire9 conv10 relu10 pool10"
CODES = {
    "alexnet": "relu7", "vgg11": "relu7", "resnet18": "avgpool", "squeezenet1_0": "fire9", "googlenet": "avgpool",
    "mobilenet_v3_small": "hardswish14", "convnext_tiny": "norm22", "vit_b_16": "class_token", "swin_t": "avgpool",
    "densenet121": "avgpool", "shufflenet_v2_x0_5": "avgpool",
}  # fmt: skip
SIDES = {"vit_b_16": 224, "alexnet": 224, "vgg11": 224, "vgg16": 224}  # the others take small images


def build(name: str) -> nn.Module:
    options = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net: nn.Module = zoo.get_model(name, weights=None, **options)
    return net.eval().requires_grad_(False)


def found(name: str, side: int | None = None) -> tuple[nn.Module, Tensor, dict[str, Layer]]:
    net, side = build(name), side or SIDES.get(name, 64)
    image = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    return net, image, find_layers(net, image)[0]


@pytest.mark.parametrize("name", CODES)
def test_declared_layers_are_the_true_ones(name: str) -> None:
    net, image, layers = found(name)
    with torch.no_grad():
        outputs = capture(net, image, [layer.site for layer in layers.values()])
        logits = net(image)
    for layer in layers.values():
        output = outputs[layer.site][0]
        assert tuple(output.movedim(-1, 0).shape if layer.channels_last else output.shape) == layer.shape
        if layer.kind in ("relu", "norm", "conv") and layer.path:
            assert net.get_submodule(layer.path) is not net
    last = outputs[list(layers.values())[-1].site]
    torch.testing.assert_close(last.flatten(1), logits, rtol=1e-4, atol=1e-5)
    assert codes_layer(layers) == CODES[name]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


@pytest.mark.parametrize(("name", "names"), [("alexnet", ALEXNET), ("squeezenet1_0", SQUEEZENET), ("vgg16", VGG16)])
def test_names_are_those_of_the_paper(name: str, names: str) -> None:
    assert " ".join(found(name)[2]) == names


def test_numbers_of_the_paper_for_receptive_fields_of_alexnet() -> None:
    """R-CNN (Girshick et al. 2014) and Long et al. 2014, table 1."""
    paper = {"conv1": (11, 4), "pool1": (19, 8), "conv2": (51, 8), "pool2": (67, 16), "conv3": (99, 16),
             "conv4": (131, 16), "conv5": (163, 16), "pool5": (195, 32)}  # fmt: skip
    layers = found("alexnet")[2]
    fields = {name: layers[name].receptive_field for name in paper}
    assert {name: (f.size[0], f.stride[0]) for name, f in fields.items() if f} == paper
    assert layers["fc6"].receptive_field is None


def test_blocks_are_named_by_their_own_name_or_class_and_hide_what_is_in_them() -> None:
    resnet, googlenet = found("resnet18")[2], found("googlenet")[2]
    assert list(resnet)[:6] == ["conv1", "norm1", "relu1", "pool1", "layer1_0", "layer1_1"]
    assert list(resnet)[-2:] == ["avgpool", "fc"]
    pools = [name for name in googlenet if "pool" in name]
    assert pools == ["pool1", "pool2", "pool3", "pool4", "avgpool"]
    blocks = [name for name, layer in googlenet.items() if layer.kind == "block"]
    assert blocks == [f"inception{k}" for k in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")]


def test_blocks_without_a_shortcut_are_blocks_as_well() -> None:
    layers = found("mobilenet_v3_small")[2]
    assert sum(layer.kind == "block" for layer in layers.values()) == 11
    assert next(layer.path for layer in layers.values() if layer.kind == "block") == "features.1"


def test_rectified_marks_outputs_that_cannot_be_negative() -> None:
    for name in ("squeezenet1_0", "resnet18", "densenet121", "shufflenet_v2_x0_5"):
        net, image, layers = found(name)
        rectified = [layer.site for layer in layers.values() if layer.rectified]
        outputs = capture(net, image, rectified)
        assert len(rectified) > 3
        assert all(output.min() == 0 for output in outputs.values())
    assert not found("densenet121")[2]["denseblock1"].rectified


class Reused(nn.Module):
    """One nn.ReLU used twice, in place; a functional ReLU; an addition without a module of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.relu, self.head = nn.ReLU(inplace=True), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.b(self.relu(self.a(x))))
        h = self.c(x)
        h = F.relu(h) + h
        logits: Tensor = self.head(F.dropout(h, training=self.training).mean((2, 3)))
        return logits


def test_reused_functional_and_in_place_operations() -> None:
    net, image = Reused().eval(), torch.randn(1, 3, 9, 9)
    layers, _ = find_layers(net, image)
    assert list(layers) == ["conv1", "relu1", "conv2", "relu2", "conv3", "add3", "avgpool", "fc"]
    assert [layer.kind for layer in layers.values()][4:6] == ["conv", "block"]
    out = capture(net, image, [layer.site for layer in layers.values()])
    value = {name: out[layer.site] for name, layer in layers.items()}
    torch.testing.assert_close(value["conv1"], net.a(image))
    torch.testing.assert_close(value["relu1"], net.a(image).relu())
    torch.testing.assert_close(value["relu2"], net.b(value["relu1"]).relu())
    torch.testing.assert_close(value["add3"], net.c(value["relu2"]).relu() + net.c(value["relu2"]))


def test_output_of_each_module_by_its_path() -> None:
    net = build("resnet18")
    image = torch.randn(1, 3, 64, 64)
    _, parts = find_layers(net, image)
    part = parts["layer1.0.conv1"]
    outputs: list[Tensor] = []
    handle = net.get_submodule("layer1.0.conv1").register_forward_hook(lambda *seen: outputs.append(seen[2]))
    net(image)
    handle.remove()
    torch.testing.assert_close(capture(net, image, [part.site])[part.site], outputs[0])
    assert (part.kind, part.weight) == ("conv", "layer1.0.conv1.weight")


class Functional(nn.Module):
    """Weights that belong to no layer module."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(5, 3, 3, 3))
        self.matrix = nn.Parameter(torch.randn(2, 5))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.relu(F.conv2d(x, self.kernel, stride=2)).amax((2, 3)), self.matrix)


def test_weights_of_functional_layers_are_found() -> None:
    layers, _ = find_layers(Functional(), torch.randn(1, 3, 8, 8))
    assert [(layer.name, layer.weight) for layer in layers.values() if layer.weight] == [
        ("conv1", "kernel"), ("fc2", "matrix")
    ]  # fmt: skip


class Crash(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.inner = nn.Conv2d(3, 2, 1), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        raise ZeroDivisionError(self.inner(self.conv(x)).shape)


def test_no_hook_is_left_after_a_crash() -> None:
    net = Crash()
    with pytest.raises(ZeroDivisionError):
        find_layers(net, torch.randn(1, 3, 4, 4))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())
    assert torch.overrides._get_current_function_mode_stack() == []  # type: ignore[no-untyped-call]


def plain(*sizes: int, between: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    convs = [[nn.Conv2d(a, b, 3, padding=1), between()] for a, b in pairwise((3, *sizes))]
    return nn.Sequential(*[module for pair in convs for module in pair], nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(sizes[-1], 2))  # fmt: skip


def test_plain_nets_and_their_activations() -> None:
    layers, _ = find_layers(plain(4, 5, 6, between=nn.ReLU6), torch.randn(1, 3, 8, 8))
    assert list(layers) == ["conv1", "relu1", "conv2", "relu2", "conv3", "relu3", "pool3", "fc4"]
    assert layers["relu1"].kind == "relu6"
    assert layers["relu1"].rectified
    layers, _ = find_layers(plain(4, 5, between=nn.Hardtanh), torch.randn(1, 3, 8, 8))
    assert layers["hardtanh1"].kind == "hardtanh"


@pytest.mark.parametrize(
    ("stages", "names"),
    [
        ((2, 1), "conv1_1 conv1_2 pool1 conv2_1 pool2 fc3"),
        ((1, 2), "conv1 pool1 conv2 conv3 pool3 fc4"),
        ((1, 2, 2), "conv1_1 pool1 conv2_1 conv2_2 pool2 conv3_1 conv3_2 pool3 fc4"),
    ],
)
def test_stages_of_several_convolutions_are_numbered_as_in_a_vgg(stages: tuple[int, ...], names: str) -> None:
    parts: list[nn.Module] = []
    for stage in stages:
        parts += [nn.Conv2d(3, 3, 3, padding=1) for _ in range(stage)] + [nn.MaxPool2d(2)]
    net = nn.Sequential(*parts, nn.Flatten(), nn.LazyLinear(2))
    image = torch.randn(1, 3, 16, 16)
    net(image)
    assert " ".join(find_layers(net, image)[0]) == names


class Attention(nn.Module):
    """Attention on the main line, without a shortcut: an operation with two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.attention = nn.Conv2d(3, 8, 4, stride=4), nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.conv(x).flatten(2).transpose(1, 2)
        logits: Tensor = self.head(self.attention(tokens, tokens, tokens)[0][:, 0])
        return logits


def test_operations_with_two_outputs_are_no_layers() -> None:
    layers, _ = find_layers(Attention().eval(), torch.randn(1, 3, 16, 16))
    assert list(layers) == ["conv1", "class_token", "fc2"]
    assert layers["class_token"].shape == (8,)
    assert layers["class_token"].receptive_field is None


def test_preparing_the_image_is_no_layer() -> None:
    class Swapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = plain(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.net(torch.cat([x[:, 2:], x[:, 1:2], x[:, :1]], 1) * 2 - 1)
            return logits

    layers, _ = find_layers(Swapped(), torch.randn(1, 3, 8, 8))
    assert list(layers)[:2] == ["conv1", "relu1"]


def test_an_output_that_does_not_come_from_the_image_is_refused() -> None:
    class Constant(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.zeros(len(x), 2)

    with pytest.raises(LookupError, match="not a tensor that torch operations made of the image"):
        find_layers(Constant(), torch.randn(1, 3, 4, 4))
    with pytest.raises(LookupError, match="no layer before the classifier"):
        codes_layer(find_layers(nn.Sequential(nn.Flatten(), nn.Linear(48, 2)), torch.randn(1, 3, 4, 4))[0])
