"""Any classifier of torchvision, with its own pretrained weights, weights from a file, or none."""

import re
import urllib.error
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
from torch import nn
from torchvision import models as zoo

from cnnviz_core.errors import InputError, nearest
from cnnviz_core.models.assemble import assemble
from cnnviz_core.models.class_names import class_names
from cnnviz_core.models.weights import load_weights
from cnnviz_core.network import Model, draw_weights

_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")  # classifiers that only help training
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


def torchvision_classifier(
    *, name: str, weights: str | None, size: int | Sequence[int] | None, resize: int | None,
    classes: str | Sequence[str] | None, seed: int,
) -> Model:  # fmt: skip
    """The torchvision classifier of that name.

    `weights`: "default" for torchvision's own, a file, or "none" for random ones, drawn from `seed`. Size, resize and
    classes are those of torchvision's weights where they are None.
    """
    _check_name(name)
    chosen = _entry(name, weights)
    recipe, names = chosen.transforms(), class_names(classes)
    outputs = len(names) if names is not None else len(chosen.meta["categories"])
    net = build(name, outputs, size)
    source = _fill(net, weights, chosen, seed)
    sides = recipe.crop_size[0] if size is None else size
    shorter = sides if isinstance(sides, int) else min(sides)
    return assemble(
        net, name=name, size=sides, resize=resize or round(shorter * recipe.resize_size[0] / recipe.crop_size[0]),
        mean=recipe.mean, std=recipe.std, classes=names or chosen.meta["categories"], weights=source,
    )  # fmt: skip


def _check_name(name: str) -> None:
    known = zoo.list_models(module=zoo)
    if name not in known:
        raise InputError(
            f"model.name={name!r} is no classifier of torchvision{nearest(name, known)} There are: {', '.join(known)}"
        )


def _entry(name: str, weights: str | None) -> Any:
    """Which of torchvision's weights are meant: those whose file has this name, else the default ones."""
    entries = zoo.get_model_weights(name)
    file = Path(weights or "").name
    return next((entry for entry in entries if _file_name(entry) == file), entries.DEFAULT)


def build(name: str, outputs: int, size: int | Sequence[int] | None = None) -> nn.Module:
    """The network without weights of its own, leaving torch's random numbers as they were.

    Only vision transformers are made for one `size` in pixels: they have a parameter for each place.
    """
    options: dict[str, Any] = {"num_classes": outputs}
    if name.startswith("vit_") and isinstance(size, int):
        options["image_size"] = size
    if name in ("googlenet", "inception_v3"):
        options |= {"aux_logits": False, "init_weights": False, "transform_input": True}
    with torch.random.fork_rng(devices=[]):
        net: nn.Module = zoo.get_model(name, weights=None, **options)
    return net


def _fill(net: nn.Module, weights: str | None, entry: Any, seed: int) -> str:
    """Give the network its weights; returns where they come from, in words."""
    if weights is None or weights == "none":
        draw_weights(net, np.random.default_rng(seed))
        return f"random, seed {seed}"
    if weights == "default":
        _load(net, downloaded(entry))
        return f"torchvision, {entry}"
    _load(net, Path(weights).expanduser())
    return Path(weights).name


def _load(net: nn.Module, path: Path) -> None:
    load_weights(net, path, rename=lambda key: _OLD_DENSENET.sub(r"\1\2", key), ignored=_AUXILIARY)


def _file_name(entry: Any) -> str:
    return Path(urlparse(entry.url).path).name


@dataclass(frozen=True)
class Download:
    """A file that is fetched once."""

    url: str
    path: Path

    @property
    def here(self) -> bool:
        return self.path.is_file()


def expected_download(*, name: str, weights: str | None) -> Download | None:
    """The file that these settings need from the network, whether it is already here or not."""
    _check_name(name)
    if weights != "default":
        return None
    return _download(_entry(name, weights))


def _download(entry: Any) -> Download:
    return Download(entry.url, Path(torch.hub.get_dir()) / "checkpoints" / _file_name(entry))


def downloaded(entry: Any) -> Path:
    """The file of torchvision's weights, fetched on first use into torch's cache and checked against its checksum."""
    file = _download(entry)
    if file.here:
        return file.path
    checksum = re.search(r"-([0-9a-f]{8,})\.", file.path.name)
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(file.url, str(file.path), checksum[1] if checksum else None, progress=False)
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(
            f"model.weights=default: {file.path.name} could not be fetched from {file.url} ({reason}). "
            f"Put that file at {file.path}, or use model.weights=PATH or model.weights=none (random weights)"
        ) from None
    return file.path
