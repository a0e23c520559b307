"""A network with all that is known about it: its layers, their receptive fields, and how pixels are fed to it."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnnviz_core.errors import InputError, nearest
from cnnviz_core.operations import Call, Site, Watch, capture, capture_all


@dataclass(frozen=True)
class ReceptiveField:
    """The input pixels that one position of a layer can see, as (vertical, horizontal) pairs in input pixels.

    Position i sees the pixels from ``start + stride * i`` on, `size` of them; those outside the image are padding.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    start: tuple[int, int]

    def box(self, row: int, column: int, image_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Top, left, bottom, right (exclusive) of what position (row, column) sees, cut to the image."""
        top, left = (self.start[i] + self.stride[i] * (row, column)[i] for i in (0, 1))
        bottom, right = top + self.size[0], left + self.size[1]
        return max(top, 0), max(left, 0), min(bottom, image_size[0]), min(right, image_size[1])


@dataclass(frozen=True)
class Layer:
    """A named place in a network: the output of one operation of its forward pass."""

    name: str  # the papers' word: conv1, relu1, pool1 ... fc8
    path: str  # the module in which the operation runs, as in net.named_modules(); of a block, the block itself
    kind: str  # conv, norm, pool, fc, block, token, or an activation's own name: relu, gelu ...
    site: Site  # the operation whose output this is
    shape: tuple[int, ...]  # of its output for one image, channels first
    receptive_field: ReceptiveField | None  # None: the whole image
    channels_last: bool = False  # whether the operation itself gives (height, width, channels)
    weight: str | None = None  # the parameter that is the weight of a conv or fc layer
    rectified: bool = False  # whether it gives what ReLUs gave: a relu layer, or a block that ends in one

    @property
    def spatial(self) -> bool:
        """Whether its output is maps: (channels, height, width)."""
        return len(self.shape) == 3 and min(self.shape[1:]) > 1

    @property
    def weighted(self) -> bool:
        """Whether it is a convolution, a fully connected layer or a block, and not a norm, activation or pooling."""
        return self.kind in ("conv", "fc", "block")

    @property
    def activation(self) -> bool:
        """Whether it is a non-linearity, applied element by element."""
        return self.kind not in ("conv", "norm", "pool", "fc", "block", "token", "softmax")


@dataclass(frozen=True, eq=False)
class History:
    """How a network was trained: its weights on the way, and curves of its progress."""

    weights: Mapping[float, Mapping[str, Tensor]]  # by the number of epochs after which the network had them
    curves: Mapping[str, Sequence[float]]  # one value per whole epoch, such as loss and accuracy


@dataclass(frozen=True, eq=False)
class Model:
    """A classifier with all that is known about it. Pixels are RGB in [0, 1]; it normalises them itself."""

    name: str
    fingerprint: str  # hash of the weights, the architecture and the preprocessing
    net: nn.Module  # in evaluation mode, without gradients for its weights
    size: tuple[int, int]  # height and width of its input, in pixels
    resize: int  # shorter side, in pixels, to which images are brought before the centre is cut out
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    classes: tuple[str, ...]  # the name of each output
    layers: Mapping[str, Layer]  # by name, from the image to the logits
    codes_layer: str  # the layer right before the classifier, after its non-linearity
    weights: str  # where they come from, for people
    parts: Mapping[str, Layer] = field(default_factory=dict)  # the output of each module, by its path in the net
    history: History | None = None  # where its training is known
    hardened: float = 0.0  # by how much, of the range of pixels, images were attacked on which it was trained too
    siblings: tuple["Model", ...] = ()  # the same plan, trained in another way: the same images, the same outputs

    @property
    def device(self) -> torch.device:
        return next(self.net.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.net.parameters()).dtype

    def normalise(self, pixels: Tensor) -> Tensor:
        """What the network is fed: (pixels - mean) / std, in its own precision and on its own device."""
        pixels = pixels.to(self.device, self.dtype)
        mean, std = (pixels.new_tensor(values).view(1, 3, 1, 1) for values in (self.mean, self.std))
        return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, 3, h, w) with pixels in [0, 1]."""
        logits: Tensor = self.net(self.normalise(pixels))
        return logits

    def probabilities(self, pixels: Tensor) -> Tensor:
        """Softmax of the logits, (n, classes)."""
        return self(pixels).softmax(dim=1)

    def layer(self, name: str) -> Layer:
        """The layer of that name, or the output of the module of that path (``layer1.0.conv1``).

        Raises InputError, with the nearest name, where there is neither.
        """
        if name in self.layers:
            return self.layers[name]
        if name in self.parts:
            return self.parts[name]
        raise InputError(
            f"model {self.name} has no layer {name!r}{nearest(name, [*self.layers, *self.parts])} "
            f"It has: {', '.join(self.layers)}"
        )

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        """The outputs of the named layers, each (n, *layer.shape), from one forward pass that ends at the last."""
        layers = [self.layer(name) for name in names]
        found = capture(self.net, self.normalise(pixels), *_sites(layers))
        return tuple(found[layer.site] for layer in layers)

    def activations_and_logits(self, pixels: Tensor, *names: str) -> tuple[tuple[Tensor, ...], Tensor]:
        """The outputs of the named layers and the logits (n, classes), from one forward pass.

        With gradients enabled the logits can be differentiated by the outputs.
        """
        layers = [self.layer(name) for name in names]
        found, logits = capture_all(self.net, self.normalise(pixels), *_sites(layers))
        return tuple(found[layer.site] for layer in layers), logits

    def module(self, layer: Layer) -> nn.Module:
        """The module in which the layer's operation runs."""
        return self.net.get_submodule(layer.path)

    def weights_of(self, layer: Layer) -> Tensor:
        """The weight of a conv layer, (out, in / groups, height, width), or of an fc layer, (out, in).

        Raises InputError for a layer without a weight parameter of its own.
        """
        if layer.weight is None:
            having = [name for name, other in self.layers.items() if other.weight]
            raise InputError(
                f"layer {layer.name} of model {self.name} has no weights of its own; those with: {', '.join(having)}"
            )
        return self.net.get_parameter(layer.weight)

    @property
    def first_conv(self) -> Layer | None:
        """The convolution that sees the pixels themselves, where it is the first weighted layer."""
        first = next((layer for layer in self.layers.values() if layer.weighted), None)
        return first if first is not None and first.kind == "conv" else None

    @property
    def second_conv(self) -> Layer | None:
        """The first convolution after `first_conv`, also inside a block, whose kernel is larger than one pixel."""
        first = self.first_conv
        if first is None:
            return None
        candidates = {layer.weight: layer for layer in [*self.parts.values(), *self.layers.values()] if layer.weight}
        later = (layer for layer in candidates.values() if layer.kind == "conv" and layer.site > first.site)
        wide = [layer for layer in later if max(self.weights_of(layer).shape[2:]) > 1]
        return min(wide, key=lambda layer: layer.site, default=None)

    @property
    def last_maps(self) -> Layer | None:
        """The last activation or block, up to the codes layer, whose output is maps."""
        names = list(self.layers)
        before = [self.layers[name] for name in names[: names.index(self.codes_layer) + 1]]
        maps = [layer for layer in before if layer.spatial and (layer.activation or layer.kind == "block")]
        return maps[-1] if maps else None

    @property
    def ranked_layers(self) -> tuple[Layer, ...]:
        """The layers whose strongest places are worth knowing: activations, blocks and poolings that give maps.

        Not what a maximum pooling follows at once, unless it is `last_maps`: the pooling has the same strongest values.
        """
        ordered = list(self.layers.values())
        pooled = {layer.name for layer, following in pairwise(ordered) if "max_pool" in following.site[0]}
        maps = [layer for layer in ordered if layer.spatial and (layer.activation or layer.kind in ("block", "pool"))]
        return tuple(layer for layer in maps if layer.name not in pooled or layer == self.last_maps)

    @property
    def finished_layers(self) -> tuple[Layer, ...]:
        """The layers whose output goes on as it is: not a conv, fc or norm layer before an activation of its own."""
        return tuple(layer for layer in self.layers.values() if self.rectified(layer) is layer)

    @property
    def averaged(self) -> Layer | None:
        """The maps of which all that follows is told only the averages over all places, where there are such."""
        ordered = list(self.layers.values())
        for layer, following in pairwise(ordered):
            single = following.kind == "pool" and following.shape == (layer.shape[0], *[1] * len(following.shape[1:]))
            if layer.spatial and single and "max" not in following.site[0]:
                return layer
        return None

    @property
    def rectified_layers(self) -> tuple[Layer, ...]:
        """The layers whose output is that of ReLUs, and so zero where a unit is silent."""
        return tuple(layer for layer in self.layers.values() if layer.rectified)

    @property
    def rectified_maps(self) -> tuple[Layer, ...]:
        """The rectified layers, up to the codes layer, whose output is maps."""
        names = list(self.layers)
        before = names[: names.index(self.codes_layer) + 1]
        return tuple(layer for layer in self.rectified_layers if layer.spatial and layer.name in before)

    def rectified(self, layer: Layer) -> Layer:
        """The activation that follows the layer before the next weighted one; the layer itself where none does."""
        names = list(self.layers)
        if layer.name not in names or layer.activation or layer.kind == "block":
            return layer
        for name in names[names.index(layer.name) + 1 :]:
            if self.layers[name].activation:
                return self.layers[name]
            if self.layers[name].weighted:
                break
        return layer

    def to(self, device: str) -> "Model":
        """The same model on another device."""
        return replace(self, net=self.net.to(device), siblings=tuple(other.to(device) for other in self.siblings))

    def precise(self) -> "Model":
        """A copy in double precision, for small differences of answers; on the CPU, since not every device has it."""
        return replace(self, net=copy.deepcopy(self.net).to("cpu", torch.float64))

    def after_epoch(self, epochs: float) -> "Model":
        """The same network as it was after that many epochs of training, one of those of its history.

        Raises LookupError where the history is not known, or not at that time.
        """
        if self.history is None or epochs not in self.history.weights:
            raise LookupError(f"model {self.name} has no weights from after {epochs:g} epochs")
        net = copy.deepcopy(self.net)
        net.load_state_dict({name: value.to(self.dtype) for name, value in self.history.weights[epochs].items()})
        name = f"{self.name} (after {epochs:g} epochs)"
        return replace(self, name=name, net=net, fingerprint="", weights=name)

    def randomised(self, rng: np.random.Generator, *, above: Layer | None = None) -> "Model":
        """The same network untrained, the control of many figures; see `draw_weights`.

        With `above`, one of `layers`, only what comes after that layer: it and all before it stay as they are.
        """
        net = copy.deepcopy(self.net)
        draw_weights(net, rng)
        what = ""
        if above is not None:
            net.load_state_dict(self._weights_up_to(above), strict=False)
            what = f" above {above.name}"
        return replace(
            self, name=f"{self.name} (random weights{what})", net=net, fingerprint="", weights=f"random{what}"
        )

    def _weights_up_to(self, last: Layer) -> dict[str, Tensor]:
        """The parameters and statistics that the forward pass reads up to `last`, by name: those of no layer too."""
        read: set[int] = set()
        reached = False

        def see(call: Call) -> Any:
            nonlocal reached
            if not reached:
                read.update(map(id, call.tensors()))
                reached = call.site == last.site
            return call.output

        with torch.no_grad(), Watch(see):
            self.net(self.normalise(torch.full((1, 3, *self.size), 0.5)))
        named = [*self.net.named_parameters(remove_duplicate=False), *self.net.named_buffers(remove_duplicate=False)]
        return {name: value for name, value in named if id(value) in read}


def _sites(layers: Sequence[Layer]) -> tuple[set[Site], set[Site]]:
    """Where the layers run, and which of them have their channels last."""
    return {layer.site for layer in layers}, {layer.site for layer in layers if layer.channels_last}


def draw_weights(net: nn.Module, rng: np.random.Generator) -> None:
    """Make a network untrained: He-normal weights, zero biases, fresh statistics.

    Drawn by numpy, since torch's own draws differ between kinds of processors.
    """
    with torch.no_grad():
        for name, value in net.named_parameters():
            if value.ndim > 1:
                scale = np.float32(np.sqrt(2 / value[0].numel()))
                value.copy_(torch.from_numpy(rng.standard_normal(tuple(value.shape), dtype=np.float32) * scale))
            else:
                value.fill_(float(name.endswith("weight")))
        for name, statistic in net.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                statistic.fill_(float(name.endswith("var")))
