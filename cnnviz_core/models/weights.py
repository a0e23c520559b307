"""Weights files: read without running what may be in them, and checked against the network."""

import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from cnnviz_core.errors import InputError, nearest

State = dict[str, Tensor]

PICKLED = (".pth", ".pt", ".bin", ".ckpt")
_WRAPPERS = ("state_dict", "model_state_dict", "model")  # keys under which training scripts keep the weights
_PREFIXES = ("module.", "_orig_mod.")  # what DataParallel and torch.compile put before every name
_SHOWN = 3


def read_weights(file: str | Path) -> State:
    """The tensors of a ``.safetensors`` or ``.pth``/``.pt`` file by name.

    Raises InputError, naming the file, where it is missing, cut off, of another format, holds code, or holds NaN.
    """
    path = Path(file).expanduser()
    _check_file(path)
    state = _plain(_read_safetensors(path) if path.suffix == ".safetensors" else _read_pickled(path), path)
    for name, value in state.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise InputError(f"model.weights={path}: {name} holds NaN or infinity, so the network can give no answer")
    return state


def _check_file(path: Path) -> None:
    allowed = (".safetensors", *PICKLED)
    if path.is_dir():
        raise InputError(f"model.weights={path} is a folder; name the file in it ({', '.join(allowed)})")
    if not path.is_file():
        others = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"model.weights={path}: there is no such file{nearest(path.name, others)}")
    if path.suffix not in allowed:
        raise InputError(f"model.weights={path}: format {path.suffix!r} is unknown; allowed are {', '.join(allowed)}")


def _read_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"model.weights={path} is cut off or no safetensors file ({error})") from None


def _read_pickled(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        code = re.search(r"GLOBAL ([\w.]+)", str(error))
        if code is None:
            raise InputError(_broken(path)) from None
        raise InputError(
            f"model.weights={path} holds more than tensors ({code[1]}). Loading such a file can run any program, "
            "so it is refused; save the weights alone: torch.save(net.state_dict(), FILE)"
        ) from None
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError, AttributeError, OSError):
        raise InputError(_broken(path)) from None


def _broken(path: Path) -> str:
    return f"model.weights={path} is cut off or no weights file: torch cannot read its {path.stat().st_size} bytes"


def _plain(content: Any, path: Path) -> State:
    """The state dict itself, without what training scripts wrap around it."""
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not content:
        raise InputError(f"model.weights={path} holds {type(content).__name__}, not tensors by name")
    wrong = [key for key, value in content.items() if not (isinstance(key, str) and isinstance(value, Tensor))]
    if wrong:
        raise InputError(f"model.weights={path}: {wrong[0]!r} is no tensor, so the file is not a state dict")
    state = dict(content)
    for prefix in _PREFIXES:
        if all(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def load_weights(
    net: nn.Module, file: str | Path, *, rename: Callable[[str], str] = str, ignored: tuple[str, ...] = ()
) -> None:
    """Put the weights of a file into a network. Raises InputError where the file is for another one.

    `rename` brings the names of older releases up to date; names that begin with one of `ignored` are left out.
    """
    state = {rename(key): value for key, value in read_weights(file).items() if not key.startswith(ignored or ("\0",))}
    expected = net.state_dict()
    missing = [key for key in expected if key not in state and not key.endswith("num_batches_tracked")]
    unexpected = [key for key in state if key not in expected]
    shapes = {key: (tuple(state[key].shape), tuple(expected[key].shape)) for key in state if key in expected}
    wrong = {key: pair for key, pair in shapes.items() if pair[0] != pair[1]}
    if missing or unexpected or wrong:
        reasons = [_some("it lacks", missing), _some("it has the unknown", unexpected), _some(
            "shapes differ:", [f"{key} is {found}, not {needed}" for key, (found, needed) in wrong.items()]
        )]  # fmt: skip
        raise InputError(
            f"model.weights={file} is for another network than {type(net).__name__}: "
            + "; ".join(reason for reason in reasons if reason) + _other_classes(wrong)
        )  # fmt: skip
    net.load_state_dict(state, strict=False)


def _some(text: str, items: list[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return f"{text} {', '.join(items[:_SHOWN])}{more}" if items else ""


def _other_classes(wrong: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]) -> str:
    """A hint, where the files differ in the number of classes alone."""
    sizes = {(found[0], needed[0]) for found, needed in wrong.values() if found and needed}
    same_inputs = all(found[1:] == needed[1:] for found, needed in wrong.values())
    if len(sizes) != 1 or not same_inputs:
        return ""
    ((found, needed),) = sizes
    return f". It seems to be for {found} classes, the network has {needed}; name its classes with model.classes=FILE"
