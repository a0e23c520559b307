"""What a figure works with: a model, a data set, and the lab that brings them together."""

import copy
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.errors import InputError, nearest
from cnnviz_core.operations import Site, capture


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
        found = capture(self.net, self.normalise(pixels), {layer.site for layer in layers})
        return tuple(
            found[layer.site].movedim(-1, 1) if layer.channels_last else found[layer.site] for layer in layers
        )

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
    def rectified_layers(self) -> tuple[Layer, ...]:
        """The layers whose output is that of ReLUs, and so zero where a unit is silent."""
        return tuple(layer for layer in self.layers.values() if layer.rectified)

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
        return replace(self, net=self.net.to(device))

    def randomised(self, rng: np.random.Generator) -> "Model":
        """The same network untrained, the control of many figures; see `draw_weights`."""
        net = copy.deepcopy(self.net)
        draw_weights(net, rng)
        return replace(self, name=f"{self.name} (random weights)", net=net, fingerprint="", weights="random")


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


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with labels, and whatever else is known about them."""

    name: str
    fingerprint: str  # hash of the pixels, the labels and the annotations, or of the generator that makes them
    images: Sequence[Tensor]  # read when asked for; each (3, h, w), 8 bit, of any size
    ids: tuple[str, ...]  # one readable name per image, such as its path
    labels: np.ndarray  # (n,) index into class_names
    class_names: tuple[str, ...]
    outputs: tuple[int, ...] | None = None  # the model output that is each class, where a table says so
    masks: Sequence[np.ndarray] | None = None  # each (h, w), True on the object
    boxes: Sequence[np.ndarray] | None = None  # each (k, 4): top, left, bottom, right in pixels, bottom/right exclusive
    left_out: tuple[str, ...] = ()  # files that could not be used, and why

    @property
    def has(self) -> tuple[str, ...]:
        """Which kinds of ground truth there are."""
        return tuple(what for what in ("boxes", "masks") if getattr(self, what) is not None)

    def __len__(self) -> int:
        return len(self.ids)


def resized(image: Tensor, resize: int, size: tuple[int, int]) -> Tensor:
    """(c, h, w) with its shorter side brought to `resize` pixels (antialiased), then its centre of `size` cut out.

    As torchvision's Resize and CenterCrop do, with the sizes that they round to. An image that would be too small for
    the cut is enlarged until it fills it, and never distorted.
    """
    image = _without_far_ends(image)
    height, width = image.shape[-2:]
    scale = max(Fraction(resize, min(height, width)), Fraction(size[0], height), Fraction(size[1], width))
    new = int(height * scale), int(width * scale)
    if new != (height, width):
        image = F.interpolate(image[None], new, mode="bilinear", antialias=True, align_corners=False)[0]
    top, left = round((new[0] - size[0]) / 2), round((new[1] - size[1]) / 2)
    return image[..., top : top + size[0], left : left + size[1]]


def _without_far_ends(image: Tensor) -> Tensor:
    """At most 16 times as long as wide: enlarged as a whole, an image of 1 x 2000 pixels would fill the memory."""
    limit = 16 * min(image.shape[-2:])
    top, left = (max(length - limit, 0) // 2 for length in image.shape[-2:])
    return image[..., top : image.shape[-2] - top, left : image.shape[-1] - left]


def chosen_device(name: str) -> str:
    """The device of that name; `auto` is the fastest there is. Raises InputError where this machine has none such."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, there in present.items() if there)
    if not present.get(name, False):
        there = [device for device, there in present.items() if there]
        raise InputError(f"device={name} is not available on this machine; it has: {', '.join(there)}")
    return name


def _unique(names: Iterable[str]) -> dict[str, int]:
    """The place of each name that stands there once: two outputs of one name cannot be told apart by it."""
    listed = list(names)
    counts = Counter(listed)
    return {name: i for i, name in enumerate(listed) if counts[name] == 1}


Progress = Callable[[Iterable[Any], str, int], Iterator[Any]]
"""Gives the items on, one by one, and shows a text and how many of the total number are done."""


def no_progress(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
    """Shows nothing."""
    yield from items


@dataclass(frozen=True, eq=False)
class Lab:
    """A model, a data set and a seed: everything that a figure is computed from."""

    model: Model
    dataset: Dataset
    seed: int
    device: str = "cpu"
    progress: Progress = no_progress

    def __post_init__(self) -> None:
        outputs, known = self.dataset.outputs, len(self.model.classes)
        if outputs is not None and (wrong := [o for o in outputs if not 0 <= o < known]):
            raise InputError(f"dataset.classes gives model output {wrong[0]}, but model {self.model.name} "
                             f"has the outputs 0 to {known - 1}")

    def rng(self, name: str) -> np.random.Generator:
        """A fresh generator for the figure of that name: the same whatever was computed before."""
        digest = hashlib.sha256(f"{self.seed} {name}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    def track(self, items: Sequence[Any], text: str) -> Iterator[Any]:
        """The items, with progress shown."""
        return self.progress(items, text, len(items))

    def pixels(self, ids: Iterable[int]) -> Tensor:
        """Images (n, 3, h, w) in the model's size, in [0, 1], in steps of 1/255: 8 bits hold them without loss."""
        images = [resized(self.dataset.images[i], self.model.resize, self.model.size) for i in ids]
        return torch.stack(images).to(self.device).float() / 255

    def masks(self, ids: Iterable[int]) -> np.ndarray | None:
        """Object masks (n, h, w) in the model's frame, from masks or else from boxes; None where there are neither."""
        whole = [self._whole_mask(i) for i in ids]
        if any(mask is None for mask in whole):
            return None
        cut = [resized(torch.from_numpy(m)[None].float(), self.model.resize, self.model.size)[0] for m in whole]
        return torch.stack(cut).numpy() > 0.5

    def _whole_mask(self, i: int) -> np.ndarray | None:
        if self.dataset.masks is not None:
            return self.dataset.masks[i]
        if self.dataset.boxes is None or len(self.dataset.boxes[i]) == 0:
            return None
        mask = np.zeros(self.dataset.images[i].shape[-2:], dtype=bool)
        for top, left, bottom, right in np.round(self.dataset.boxes[i]).astype(int):
            mask[top:bottom, left:right] = True
        return mask

    @cached_property
    def outputs(self) -> tuple[int, ...] | None:
        """The model output that is each class of the data set: by its table, else by equal names; else None."""
        if self.dataset.outputs is not None:
            return self.dataset.outputs
        exact, folded = (_unique(map(spelt, self.model.classes)) for spelt in (str, str.casefold))
        found = [exact.get(name, folded.get(name.casefold())) for name in self.dataset.class_names]
        return None if None in found else tuple(i for i in found if i is not None)

    @cached_property
    def targets(self) -> np.ndarray | None:
        """(n,) the model output that is right for each image, or None where the classes are not the model's."""
        return None if self.outputs is None else np.array(self.outputs)[self.dataset.labels]

    def logits(self, ids: Sequence[int], batch: int = 32) -> np.ndarray:
        """Logits (n, classes) of the images, in batches."""
        chunks = [ids[start : start + batch] for start in range(0, len(ids), batch)]
        with torch.no_grad():
            steps = self.track(chunks, "running the model")
            return np.concatenate([self.model(self.pixels(chunk)).float().cpu().numpy() for chunk in steps])

    def spread(self, count: int) -> list[int]:
        """At most `count` images, spread evenly over the data set."""
        total = len(self.dataset)
        return sorted({int(i) for i in np.linspace(0, total - 1, min(count, total)).round()})

    def examples(self, count: int, search: int) -> list[int]:
        """Images that are good to show: of as many classes as there are, the surest of `search` images of each.

        Sure is the probability of the right output where that is known and is also the predicted one, else of the
        predicted one. The `search` images are spread evenly over the data set. With fewer classes than `count`, each
        class gives its second surest too, and so on; there are fewer than `count` only where there are fewer images.
        """
        ids = np.array(self.spread(search))
        logits = torch.from_numpy(self.logits(ids.tolist())).double()
        sureness, predicted = (values.numpy() for values in logits.softmax(1).max(1))
        if self.targets is not None:
            sureness = np.where(predicted == self.targets[ids], sureness, -sureness)
        seen: Counter[int] = Counter()
        ranked: list[tuple[int, int]] = []
        for k in np.argsort(-sureness, kind="stable"):
            ranked.append((seen[predicted[k]], int(ids[k])))
            seen[predicted[k]] += 1
        return [i for _, i in sorted(ranked, key=lambda entry: entry[0])[:count]]

    def with_model(self, model: Model) -> "Lab":
        """The same lab with another model, such as a control."""
        return replace(self, model=model)
