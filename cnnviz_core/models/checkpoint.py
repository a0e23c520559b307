"""An unfinished training as a file, from which it goes on as if it had never stopped."""

import json
from pathlib import Path

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
    tensors |= {f"momentum/{k}": value for k, value in enumerate(_momentum(training)) if value is not None}
    for epochs, state in training.snapshots.items():
        tensors |= {f"snapshot/{epochs!r}/{name}": value for name, value in state.items()}
    facts = {"step": training.step, "loss": training.loss, "curves": training.curves}
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    write(path, save(whole, {"training": json.dumps(facts)}))


def _momentum(training: Training) -> list[Tensor | None]:
    parameters = training.net.parameters()
    return [training.optimiser.state[value].get("momentum_buffer") for value in parameters]


def resume(path: Path, training: Training) -> None:
    """Bring a training that has just started to where the file has it. Raises InputError where it is cut off."""
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()["training"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"the unfinished training {path} cannot be read ({error}); remove it to begin anew") from None
    training.net.load_state_dict(_below("net", tensors))
    momentum = _below("momentum", tensors)
    for k, parameter in enumerate(training.net.parameters()):
        if str(k) in momentum:
            buffer = torch.empty_like(parameter.detach()).copy_(momentum[str(k)])
            training.optimiser.state[parameter]["momentum_buffer"] = buffer
    for key, value in _below("snapshot", tensors).items():
        epochs, _, name = key.partition("/")
        training.snapshots[float(epochs)] = {**training.snapshots.get(float(epochs), {}), name: value}
    training.step, training.loss, training.curves = facts["step"], facts["loss"], facts["curves"]


def _below(start: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(f"{start}/"): value for key, value in tensors.items() if key.startswith(f"{start}/")}
