"""What the book says of its model and data, kept so that an unchanged book is recognised without loading either."""

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz_core.configure import SHIPPED, Settings, named_path, target_module
from cnnviz_core.files import signature
from cnnviz_core.sources import PACKAGE, code_digest
from cnnviz_core.store import Inputs

if TYPE_CHECKING:
    from cnnviz_core.lab import Lab
    from cnnviz_core.network import Layer

Facts = Mapping[str, Any]
"""`model` and `dataset`, each with name, fingerprint and what the text needs; JSON."""

ANSWERS_CODE = f"{PACKAGE}.datasets.with_answers"  # what reads responses and class maps, for every data set
_LOADERS = ("torch", "torchvision", "numpy", "pillow", "scikit-learn", "safetensors")


@cache
def versions(*packages: str) -> dict[str, str]:
    """The installed versions of packages and of Python, without importing them."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def facts_inputs(settings: Settings) -> Inputs:
    """Everything that could change the facts: the two configs, the files that they name, our code, the versions."""
    inputs = {f"version of {name}": number for name, number in versions(*_LOADERS).items()}
    inputs["code of answers"] = code_digest(ANSWERS_CODE)
    inputs["code of attributes"] = code_digest(f"{PACKAGE}.datasets.with_attributes")
    for part, config in (("model", settings.model), ("dataset", settings.dataset)):
        inputs[f"code of {part}"] = code_digest(target_module(config))
        for key, value in config.items():
            inputs[f"{part}.{key}"] = str(value)
            if path := named_path(key, value) or _implied_path(key, value):
                inputs[f"{part}.{key} (files)"] = signature(path)
                history = path.with_name(f"{path.stem}-history.safetensors")
                if key == "weights" and history.is_file():
                    inputs[f"{part}.history (files)"] = signature(history)
    return inputs


def _implied_path(key: str, value: str) -> Path | None:
    """The folder of the shipped weights, or the file of a factory's module where it lies in the working folder."""
    if (key, value) == ("weights", "shipped"):
        return SHIPPED
    path = Path(*str(value).partition(":")[0].split(".")).with_suffix(".py")
    return path if key == "factory" and path.is_file() else None


def save_facts(lab: "Lab", folder: Path) -> None:
    """Write facts.json about a lab."""
    model, data = lab.model, lab.dataset
    facts = {
        "model": {
            "name": model.name, "fingerprint": model.fingerprint, "codes_layer": model.codes_layer,
            "weights": model.weights, "size": list(model.size), "outputs": len(model.classes),
            "layers": {name: _layer_facts(layer) for name, layer in model.layers.items()},
        },
        "dataset": {
            "name": data.name, "fingerprint": data.fingerprint, "images": len(data),
            "classes": len(data.class_names), "has": [*data.has, *data.answered], "left_out": list(data.left_out),
            "labelled": lab.outputs is not None, "answers": data.answers_fingerprint,
        },
    }  # fmt: skip
    (folder / "facts.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")


def _layer_facts(layer: "Layer") -> dict[str, Any]:
    field = layer.receptive_field
    return {
        "path": layer.path, "kind": layer.kind, "shape": list(layer.shape),
        "receptive_field": None if field is None else list(field.size),
        "stride": None if field is None else list(field.stride),
    }  # fmt: skip


def load_facts(settings: Settings, lab: Callable[[], "Lab"]) -> Facts:
    """The facts of these settings, from the store or else from the lab itself."""
    folder = settings.store.fetch("labs", facts_inputs(settings), lambda folder: save_facts(lab(), folder))
    facts: Facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    return facts
