"""From a network and its preprocessing to a Model."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.models.layers import codes_layer, find_layers
from cnnviz_core.network import Layer, Model

Triple = tuple[float, float, float]


def assemble(
    net: nn.Module, *, name: str, size: int | Sequence[int], resize: int | None, mean: Sequence[float],
    std: Sequence[float], classes: Sequence[str] | None, weights: str,
) -> Model:  # fmt: skip
    """The Model of a network; `classes` None names the outputs by their numbers.

    Raises InputError where the network cannot take images of `size` pixels or does not give one logit per class.
    """
    height, width = pair = _pair(size)
    mean, std = _triple("mean", mean), _triple("std", std)
    if min(std) <= 0:
        raise InputError(f"model.std={list(std)} must be above 0")
    net.eval().requires_grad_(False)
    if next(net.parameters(), None) is None:
        raise InputError(f"model {name} has no weights: {type(net).__name__} has no parameters")
    net.to(memory_format=torch.channels_last)
    layers, parts, outputs = _layers(net, pair, name)
    names = tuple(classes) if classes is not None else tuple(f"output {k}" for k in range(outputs))
    if len(names) != outputs:
        raise InputError(f"model {name} has {outputs} outputs, but model.classes names {len(names)} classes")
    return Model(
        name=name, fingerprint=fingerprint(net, repr((pair, resize, mean, std, names))), net=net, size=pair,
        resize=resize or min(height, width), mean=mean, std=std, classes=names, layers=layers, parts=parts,
        codes_layer=_codes_layer(layers, name), weights=weights,
    )  # fmt: skip


def fingerprint(net: nn.Module, preprocessing: str) -> str:
    """Hash of the weights, the architecture and the preprocessing."""
    total = hashlib.sha256(f"{net!r}\n{preprocessing}".encode())
    for key, value in sorted(net.state_dict().items()):
        if isinstance(value, Tensor):
            total.update(f"\n{key} {value.dtype} {tuple(value.shape)}\n".encode())
            total.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _layers(net: nn.Module, size: tuple[int, int], name: str) -> tuple[dict[str, Layer], dict[str, Layer], int]:
    """The layers, the parts and the number of outputs, from one pass of a noise image."""
    first = next(net.parameters())
    noise = np.random.default_rng(0).standard_normal((1, 3, *size), dtype=np.float32)
    image = torch.from_numpy(noise).to(first.device, first.dtype).contiguous(memory_format=torch.channels_last)
    try:
        layers, parts = find_layers(net, image)
        with torch.no_grad():
            output = net(image)
    except (RuntimeError, ValueError, AssertionError, IndexError, TypeError) as error:
        reason = (re.split(r"\n|\. ", str(error).strip()) or [""])[0]
        raise InputError(
            f"model.size={list(size)}: model {name} cannot take an image of {size[0]} x {size[1]} pixels "
            f"with 3 channels ({type(error).__name__}: {reason})"
        ) from error
    except LookupError as error:
        raise InputError(f"model {name} cannot be followed from the image to its output: {error}") from None
    if output.ndim != 2:
        raise InputError(f"model {name} must give logits (n, classes); for 1 image it gives {tuple(output.shape)}")
    if not output.isfinite().all():
        raise InputError(f"model {name} gives {output[~output.isfinite()][0].item()} for an image of noise")
    return layers, parts, output.shape[1]


def _codes_layer(layers: dict[str, Layer], name: str) -> str:
    try:
        return codes_layer(layers)
    except LookupError as error:
        raise InputError(f"model {name}: {error}; a network with at least two layers is needed") from None


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or any(not isinstance(side, int) or side < 1 for side in pair):
        raise InputError(f"model.size={size!r} must be a number of pixels, such as 224, or [height,width]")
    return pair[0], pair[1]


def _triple(setting: str, values: Sequence[float]) -> Triple:
    numbers = [values] * 3 if isinstance(values, (int, float)) else list(values)
    if len(numbers) != 3 or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in numbers):
        raise InputError(f"model.{setting}={values!r} must be three numbers, for red, green and blue in [0, 1]")
    return float(numbers[0]), float(numbers[1]), float(numbers[2])
