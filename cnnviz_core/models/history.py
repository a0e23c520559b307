"""Weights and the history of their training as files: in 16 bit, read when asked for."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from cnnviz_core.errors import InputError
from cnnviz_core.files import write
from cnnviz_core.models.weights import read_weights
from cnnviz_core.network import History

State = Mapping[str, Tensor]


def history_file(weights: Path) -> Path:
    """Where the history of the training lies whose result is the file `weights`."""
    return weights.with_name(f"{weights.stem}-history.safetensors")


def halved(state: State) -> dict[str, Tensor]:
    """The tensors in 16 bit, on the processor, which no later step of a training changes."""
    return {name: value.detach().to("cpu", torch.float16, copy=True).contiguous() for name, value in state.items()}


def write_weights(path: Path, state: State) -> None:
    """Write the weights of a net in 16 bit."""
    write(path, save(halved(state)))


def write_history(weights: Path, epochs: int, history: History) -> None:
    """Write the history beside the weights, which are those after the last of the `epochs` and are not stored twice."""
    tensors = {
        f"{after:g}/{name}": value for after, state in history.weights.items() for name, value in halved(state).items()
    }
    facts = {"epochs": epochs, "curves": dict(history.curves), "weights": sha256(weights)}
    write(history_file(weights), save(tensors, {"history": json.dumps(facts)}))


def read_history(weights: Path) -> History:
    """The history that lies beside the weights; tensors are read when asked for.

    Raises InputError where its file is cut off, of another format, or belongs to other weights.
    """
    path = history_file(weights)
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()["history"])
            times = sorted({float(key.partition("/")[0]) for key in file.keys()})  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"model.weights={weights}: {path.name} beside it is no history of a training ({error})"
        ) from None
    if facts["weights"] != sha256(weights):
        raise InputError(f"model.weights={weights}: {path.name} beside it is the history of other weights; remove it")
    return History(Snapshots(weights, times, float(facts["epochs"])), facts["curves"])


def sha256(path: Path) -> str:
    """Hash of a file, 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Snapshots(Mapping[float, State]):
    """The weights of a net by the number of epochs after which it had them, read from the files when asked for."""

    def __init__(self, weights: Path, times: list[float], epochs: float) -> None:
        self.weights, self.epochs = weights, epochs
        self.times = [*times, epochs]

    def __getitem__(self, epochs: float) -> State:
        if epochs == self.epochs:
            return read_weights(self.weights)
        if epochs not in self.times:
            raise KeyError(epochs)
        start = f"{epochs:g}/"
        with safe_open(history_file(self.weights), "pt") as file:
            names = [key for key in file.keys() if key.startswith(start)]  # noqa: SIM118
            return {key.removeprefix(start): file.get_tensor(key) for key in names}

    def __iter__(self) -> Iterator[float]:
        return iter(self.times)

    def __len__(self) -> int:
        return len(self.times)
