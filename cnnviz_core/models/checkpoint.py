"""An unfinished training as a file, from which it goes on as if it had never stopped."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from cnnviz_core.errors import InputError
from cnnviz_core.files import write
from cnnviz_core.models.training import Training


def keep(path: Path, training: Training) -> None:
    """Write all that the next step depends on: the old file stays until the new one is whole."""
    tensors = {f"net/{name}": value for name, value in training.net.state_dict().items()}
    for k, moments in enumerate(_moments(training)):
        tensors |= {f"moment/{k}/{name}": value for name, value in moments.items()}
    for epochs, state in training.snapshots.items():
        tensors |= {f"snapshot/{epochs!r}/{name}": value for name, value in state.items()}
    facts = {"step": training.step, "loss": training.loss, "curves": training.curves}
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    write(path, save(whole, {"training": json.dumps(facts)}))


def _moments(training: Training) -> list[dict[str, Any]]:
    """What the optimiser remembers of each parameter."""
    return [training.optimiser.state[value] for value in training.net.parameters()]


def resume(path: Path, training: Training) -> None:
    """Bring a training that has just started to where the file has it. Raises InputError where it is cut off."""
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()["training"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"the unfinished training {path} cannot be read ({error}); remove it to begin anew") from None
    training.net.load_state_dict(_below("net", tensors))
    parameters, moments = list(training.net.parameters()), _moments(training)
    for key, value in _below("moment", tensors).items():
        k, _, name = key.partition("/")
        moments[int(k)][name] = torch.empty_like(parameters[int(k)].detach()).copy_(value) if value.ndim else value
    for key, value in _below("snapshot", tensors).items():
        epochs, _, name = key.partition("/")
        training.snapshots[float(epochs)] = {**training.snapshots.get(float(epochs), {}), name: value}
    training.step, training.loss, training.curves = facts["step"], facts["loss"], facts["curves"]


def _below(start: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(f"{start}/"): value for key, value in tensors.items() if key.startswith(f"{start}/")}
