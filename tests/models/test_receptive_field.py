"""Receptive fields against the true dependence of outputs on pixels, found by gradients in float64."""

from collections.abc import Callable

import numpy as np
import oracle
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.models.layers import find_layers
from cnnviz_core.network import Layer
from cnnviz_core.operations import capture

SIZE = (66, 50)
SQUARE = (96, 96)


def conv(inputs: int, outputs: int, kernel: int | tuple[int, int], **options: object) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, **options)  # type: ignore[arg-type]


class Toy(nn.Module):
    """A network given as a function of its convolutions, with a classifier at the end."""

    def __init__(self, body: Callable[["Toy", Tensor], Tensor], *parts: nn.Module) -> None:
        super().__init__()
        self.body, self.parts, self.head = body, nn.ModuleList(parts), nn.LazyLinear(4)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(self, x).flatten(1))
        return logits


def chain(net: Toy, x: Tensor) -> Tensor:
    x = F.max_pool2d(F.relu(net.parts[0](x)), 3, stride=2, ceil_mode=True)
    x = F.avg_pool2d(net.parts[1](F.pad(x, (2, 0, 1, 0))), (2, 1))
    maps: Tensor = net.parts[2](x)
    normed: Tensor = F.local_response_norm(maps, 3)
    return normed


def branches(net: Toy, x: Tensor) -> Tensor:
    x = torch.cat([net.parts[0](x), net.parts[1](x), F.max_pool2d(x, 3, 1, 1)], dim=1)
    x = F.relu(net.parts[2](x)) + net.parts[3](x)
    first, second = x.chunk(2, dim=1)
    x = torch.cat([first, net.parts[4](second)], dim=1)
    n, c, h, w = x.shape
    x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
    wide: Tensor = net.parts[5](x)
    return x * 2 + wide[:, :4]


def channels_last(net: Toy, x: Tensor) -> Tensor:
    x = net.parts[0](x).permute(0, 2, 3, 1)
    x = F.gelu(net.parts[1](F.layer_norm(x, x.shape[-1:])))
    quarters = [x[:, a::2, b::2, :] for a in (0, 1) for b in (0, 1)]
    x = torch.cat([quarter[:, :30, :-1] for quarter in quarters], -1)
    return F.relu(net.parts[2](x.permute(0, 3, 1, 2)))


TOYS = {
    "chain": lambda: Toy(chain, conv(3, 6, (5, 3), stride=(2, 1), padding=(2, 0)), conv(6, 6, 3, dilation=2),
                         conv(6, 8, 3, padding="same", groups=2)),
    "branches": lambda: Toy(branches, conv(3, 4, 3, padding=1), conv(3, 4, 5, padding=2),
                            conv(11, 4, 3, stride=2, padding=1), conv(11, 4, 1, stride=2),
                            conv(2, 2, 3, padding=1), conv(4, 6, (1, 3), padding=(0, 1))),
    "channels_last": lambda: Toy(channels_last, conv(3, 4, 3, stride=2), nn.Linear(4, 4), conv(16, 5, 2)),
}  # fmt: skip


def made(name: str) -> tuple[nn.Module, dict[str, Layer]]:
    torch.manual_seed(0)
    net = TOYS[name]().double().eval()
    net(torch.randn(1, 3, *SIZE, dtype=torch.float64))
    net.requires_grad_(False)
    return net, find_layers(net, torch.randn(1, 3, *SIZE, dtype=torch.float64))[0]


def true_box(
    net: nn.Module, layer: Layer, row: int, column: int, size: tuple[int, int] = SIZE
) -> tuple[int, int, int, int]:
    """The pixels on which a position depends, by gradients at several random images."""
    images = torch.randn(8, 3, *size, dtype=torch.float64, requires_grad=True)
    maps = capture(net, images, [layer.site])[layer.site]
    maps = maps.movedim(-1, 1) if layer.channels_last else maps
    weights = torch.randn(maps.shape[1], dtype=torch.float64)
    (gradient,) = torch.autograd.grad((maps[:, :, row, column] * weights).sum(), images)
    seen = (gradient != 0).any(0).any(0)
    rows, columns = (torch.nonzero(seen.any(axis)).flatten() for axis in (1, 0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


@pytest.mark.parametrize("name", TOYS)
def test_receptive_field_is_the_true_dependence(name: str) -> None:
    net, layers = made(name)
    maps = [layer for layer in layers.values() if layer.spatial]
    assert len(maps) >= 3
    for layer in maps:
        field = layer.receptive_field
        assert field is not None, layer
        _, height, width = layer.shape
        middle = height // 2, width // 2
        assert field.box(*middle, SIZE) == true_box(net, layer, *middle), layer
        for corner in ((0, 0), (height - 1, width - 1), (0, width - 1)):
            claimed, true = field.box(*corner, SIZE), true_box(net, layer, *corner)
            assert all(np.array(claimed[:2]) <= true[:2]), layer
            assert all(np.array(claimed[2:]) >= true[2:]), layer


@pytest.mark.parametrize("name", ["googlenet", "squeezenet1_0", "resnet18", "densenet121"])
def test_receptive_fields_of_known_networks_are_the_true_dependence(name: str) -> None:
    """Of layers that see less than the image, from the first to the last: also behind branches and additions."""
    torch.manual_seed(0)
    network = oracle.net(name)
    layers = find_layers(network, torch.randn(1, 3, *SQUARE, dtype=torch.float64))[0].values()
    local = [layer for layer in layers if layer.spatial and (field := layer.receptive_field) is not None
             and max(field.size) < 0.8 * SQUARE[0]]  # fmt: skip
    assert len(local) >= 4
    for layer in local[:: max(len(local) // 4, 1)]:
        assert layer.receptive_field is not None
        middle = layer.shape[1] // 2, layer.shape[2] // 2
        assert layer.receptive_field.box(*middle, SQUARE) == true_box(network, layer, *middle, SQUARE), layer


SPREADING: dict[str, Callable[[Tensor], Tensor]] = {
    "squeeze and excitation": lambda x: x * x.mean((2, 3), keepdim=True).sigmoid(),
    "adaptive squeeze": lambda x: x * F.adaptive_avg_pool2d(x, 1),
    "group norm": lambda x: F.group_norm(x, 2),
    "layer norm over maps": lambda x: F.layer_norm(x, x.shape[1:]),
    "batch statistics": lambda x: F.batch_norm(x, None, None, training=True),
    "softmax over positions": lambda x: x.flatten(2).softmax(-1).view_as(x),
    "roll": lambda x: x.roll(3, 2),
    "mirrored border": lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    "uneven adaptive pooling": lambda x: F.adaptive_avg_pool2d(x, (5, 7)),
    "flip": lambda x: x.flip(3),
    "rows by columns": lambda x: x[..., :9].transpose(2, 3) @ x,
    "in place, under another name": lambda x: _through_view(x),
}


def _through_view(x: Tensor) -> Tensor:
    x = x.clone()
    part = x[:, :, :1]
    part += x.mean((2, 3), keepdim=True)
    return x * 1


@pytest.mark.parametrize("name", SPREADING)
def test_what_is_not_local_sees_the_whole_image(name: str) -> None:
    torch.manual_seed(0)
    net = Toy(lambda net, x: net.parts[1](SPREADING[name](net.parts[0](x))), conv(3, 4, 3), conv(4, 4, 1)).eval()
    image = torch.randn(1, 3, *SIZE)
    net(image)
    layers, _ = find_layers(net.requires_grad_(False), image)
    assert layers["conv1"].receptive_field is not None
    assert layers["conv2"].receptive_field is None


def test_rows_and_columns_stay_apart() -> None:
    _, layers = made("chain")
    field = layers["conv1"].receptive_field
    assert field is not None
    assert (field.size, field.stride, field.start) == ((5, 3), (2, 1), (-2, 0))
