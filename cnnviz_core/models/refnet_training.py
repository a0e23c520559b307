"""``cnnviz train refnet``: from the committed recipe to the files that the package ships."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnviz_core.datasets.diorama import CLASSES, diorama_arrays
from cnnviz_core.files import digest, whole_folder
from cnnviz_core.lab import Progress
from cnnviz_core.models import augment, checkpoint, folding, refnet, starting, training
from cnnviz_core.models.card import LIMITS, Card, encoded, markdown, measured
from cnnviz_core.models.folding import folded, with_batch_norm
from cnnviz_core.models.history import halved, history_file, sha256, write_history, write_weights
from cnnviz_core.models.recipe import Recipe
from cnnviz_core.models.refnet import MEAN, STD, RefNet
from cnnviz_core.models.training import Split, Training, started, train
from cnnviz_core.network import History
from cnnviz_core.store import Store

SPLITS = ("train", "validation", "test")


def trained_refnet(
    recipe: Recipe, *, name: str, root: Path, store: Store, progress: Progress, device: str
) -> tuple[Path, Card]:
    """The folder ``root/name`` with weights, history and card, and the card; trained unless it is there already."""
    splits = {split: Split(*diorama_arrays(split, store=store, progress=progress)) for split in SPLITS}
    return make(recipe, splits, name=name, classes=CLASSES, root=root, progress=progress, device=device)


def make(
    recipe: Recipe, splits: Mapping[str, Split], *, name: str, classes: tuple[str, ...], root: Path,
    progress: Progress, device: str,
) -> tuple[Path, Card]:  # fmt: skip
    """As `trained_refnet`, on any images; an unfinished training of the same recipe and images goes on."""
    folder, source = root / name, made_from(recipe, splits)
    card_file = folder / "card.json"
    if card_file.is_file() and (card := json.loads(card_file.read_text(encoding="utf-8")))["key"] == _key(source):
        return folder, card
    unfinished = root / ".unfinished" / f"{name}-{_key(source)}.safetensors"
    done = started(with_batch_norm(RefNet(len(classes), recipe.dropout)), recipe, device=device)
    if unfinished.is_file():
        checkpoint.resume(unfinished, done)
    train(
        done, recipe, splits["train"], splits["validation"], normalise=normalise, text=name,
        keep=partial(checkpoint.keep, unfinished), progress=progress,
    )  # fmt: skip
    card = _written(done, recipe, splits, folder, classes, {"name": name, "key": _key(source), **source})
    unfinished.unlink(missing_ok=True)
    return folder, card


def normalise(pixels: Tensor) -> Tensor:
    """What the net is fed, for pixels (n, 3, h, w) in [0, 1]."""
    mean, std = (pixels.new_tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (pixels - mean) / std


def made_from(recipe: Recipe, splits: Mapping[str, Split]) -> dict[str, Any]:
    """All that the result depends on, the processor aside."""
    code = (Path(str(module.__file__)) for module in (augment, folding, refnet, starting, training))
    return {
        "recipe": asdict(recipe),
        "data": {name: {"images": len(split), "sha256": _hash(split)} for name, split in splits.items()},
        "versions": {"torch": torch.__version__, "numpy": np.__version__},
        "code": digest(*(path.read_bytes() for path in code)),
    }


def _hash(split: Split) -> str:
    total = hashlib.sha256(np.ascontiguousarray(split.pixels).data)
    total.update(np.ascontiguousarray(split.labels).data)
    return total.hexdigest()


def _key(source: Mapping[str, Any]) -> str:
    return digest(json.dumps(source, sort_keys=True))


def _written(
    done: Training, recipe: Recipe, splits: Mapping[str, Split], folder: Path, classes: tuple[str, ...],
    start: dict[str, Any],
) -> Card:  # fmt: skip
    """Fill the folder, whole or not at all, in place of an older one."""
    device, net = done.device.type, RefNet(len(classes)).to(done.device)
    test = partial(measured, net, splits["test"], classes, epsilon=recipe.epsilon, normalise=normalise, device=device)
    net.load_state_dict(folded(done.net))
    before = test()["accuracy"]
    state = halved(net.state_dict())
    net.load_state_dict(state)
    card: dict[str, Any] = {
        **start, "what": _what(recipe), "test": test(), "accuracy in 32 bit": before,
        **{name: round(values[-1], 6) for name, values in done.curves.items()}, "limits": list(LIMITS),
    }  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)
    with whole_folder(folder) as filling:
        weights = filling / f"{folder.name}.safetensors"
        write_weights(weights, state)
        if recipe.history:
            write_history(weights, recipe.epochs, History(done.snapshots, done.curves))
        files = [file for file in (weights, history_file(weights)) if file.is_file()]
        card["files"] = {file.name: sha256(file) for file in files}
        (filling / "card.json").write_text(encoded(card), encoding="utf-8")
        (filling / "card.md").write_text(markdown(card), encoding="utf-8")
    return card


def _what(recipe: Recipe) -> str:
    """One sentence."""
    plan = "AlexNet's plan in small, for 96 x 96 pixels, trained on diorama, the embedded world of cnnviz"
    if recipe.alpha == 1:
        return f"{plan}."
    return f"{plan}, with adversarial images as in Goodfellow et al. 2015 (alpha {recipe.alpha:g})."
