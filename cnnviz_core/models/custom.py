"""A user's own network."""

import importlib
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
from torch import nn

from cnnviz_core.errors import InputError, nearest
from cnnviz_core.models.assemble import assemble
from cnnviz_core.models.class_names import class_names
from cnnviz_core.models.weights import load_weights
from cnnviz_core.network import Model, draw_weights


def custom_classifier(
    *, name: str, factory: str, weights: str | None, mean: Sequence[float], std: Sequence[float],
    size: int | Sequence[int], resize: int | None, classes: str | Sequence[str] | None, seed: int,
) -> Model:  # fmt: skip
    """The network that ``package.module:function``, importable from the working folder, returns when called.

    `weights`: a file, "none" for random ones drawn from `seed`, or None to leave them as the function gives them.
    """
    net = _made(factory)
    if weights is None:
        source = f"as {factory} gives them"
    elif weights == "none":
        draw_weights(net, np.random.default_rng(seed))
        source = f"random, seed {seed}"
    else:
        load_weights(net, weights)
        source = Path(weights).name
    return assemble(
        net, name=name, size=size, resize=resize, mean=mean, std=std, classes=class_names(classes), weights=source
    )


def _made(factory: str) -> nn.Module:
    path, colon, function_name = factory.partition(":")
    if not (colon and function_name.isidentifier() and all(part.isidentifier() for part in path.split("."))):
        raise InputError(f"model.factory={factory!r} must be package.module:function")
    module = _imported(path, factory)
    function = getattr(module, function_name, None)
    if not callable(function):
        names = [name for name, value in vars(module).items() if callable(value)]
        raise InputError(f"model.factory={factory}: {path} has no function {function_name!r}"
                         f"{nearest(function_name, names)}")  # fmt: skip
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise InputError(f"model.factory={factory} must be callable without arguments ({error})") from None
    net = function()
    if not isinstance(net, nn.Module):
        raise InputError(f"model.factory={factory} must return a torch.nn.Module, but returns {type(net).__name__}")
    return net


def _imported(path: str, factory: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{path}.".startswith(f"{error.name}."):
            raise InputError(f"model.factory={factory}: {path} needs {error.name!r}, which is not installed") from None
        files = [file.stem for file in Path(folder).glob("*.py")]
        raise InputError(f"model.factory={factory}: there is no module {path!r}, neither installed nor in {folder}"
                         f"{nearest(path, files)}") from None  # fmt: skip
