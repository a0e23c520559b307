"""AlexNet's plan in small: the reference net of the embedded world, trained, adversarially trained or untrained."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from cnnviz_core.datasets.diorama import CLASSES, SIZE
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.files import digest
from cnnviz_core.models.assemble import assemble
from cnnviz_core.models.history import history_file, read_history
from cnnviz_core.models.weights import load_weights
from cnnviz_core.network import Model, draw_weights

MEAN = (0.5, 0.5, 0.5)
STD = (0.25, 0.25, 0.25)
SHIPPED = Path(__file__).parent / "shipped"


class RefNet(nn.Module):
    """AlexNet's sequence of layers (Krizhevsky et al. 2012, sec. 3.5), narrow, for normalised images of 96 x 96 pixels.

    Its pools overlap and the outputs of fc6 and fc7 drop out in training, as there; it has no response normalisation.
    """

    def __init__(self, classes: int = len(CLASSES), dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 40, 9, stride=2, padding=4), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1),
            nn.Conv2d(40, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1),
            nn.Conv2d(64, 96, 3, padding=1), nn.ReLU(),
            nn.Conv2d(96, 96, 3, padding=1), nn.ReLU(),
            nn.Conv2d(96, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Linear(64 * 6 * 6, 128), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(128, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, classes),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n, classes) of normalised images (n, 3, 96, 96)."""
        logits: Tensor = self.classifier(self.features(images).flatten(1))
        return logits


def refnet(*, name: str, weights: str, seed: int, siblings: Sequence[str] = ()) -> Model:
    """The net with the weights of that name that come with the package, with those of a file, or with random ones.

    `weights`: "shipped", a file that ``cnnviz train`` wrote, or "none" for random ones drawn from `seed`. Where the
    history of the training lies beside the weights, the model knows it. `siblings` are names of shipped weights.
    """
    model = _loaded(name, weights, seed)
    others = tuple(_loaded(other, "shipped", seed) for other in siblings)
    fingerprint = digest(model.fingerprint, *(other.fingerprint for other in others)) if others else model.fingerprint
    return replace(model, siblings=others, fingerprint=fingerprint)


def _loaded(name: str, weights: str, seed: int) -> Model:
    net = RefNet()
    if weights == "none":
        draw_weights(net, np.random.default_rng(seed))
        return _assembled(net, name, f"random, seed {seed}")
    path = shipped_weights(name) if weights == "shipped" else Path(weights).expanduser()
    load_weights(net, path)
    model = _assembled(net, name, _shipped_words(path) if weights == "shipped" else path.name)
    model = replace(model, hardened=_hardened(path))
    beside = history_file(path)
    if not beside.is_file():
        return model
    fingerprint = digest(model.fingerprint, beside.read_bytes())
    return replace(model, history=read_history(path), fingerprint=fingerprint)


def shipped_weights(name: str) -> Path:
    """The file of the weights of that name that come with the package. Raises InputError where there are none such."""
    path = SHIPPED / name / f"{name}.safetensors"
    if not path.is_file():
        there = sorted(file.stem for file in SHIPPED.glob("*/*.safetensors") if file.stem == file.parent.name)
        raise InputError(
            f"model.weights=shipped: no weights are shipped for model.name={name}{nearest(name, there)} There are: "
            f"{', '.join(there) or 'none'}. Give a file that `cnnviz train` wrote, or none (random weights)"
        )
    return path


def _hardened(path: Path) -> float:
    """The size of the attacks of its training, as the card beside the weights says; 0 without such."""
    card = path.parent / "card.json"
    recipe = json.loads(card.read_text(encoding="utf-8")).get("recipe", {}) if card.is_file() else {}
    return float(recipe["epsilon"]) if recipe.get("alpha", 1) < 1 else 0.0


def _shipped_words(path: Path) -> str:
    card = json.loads((path.parent / "card.json").read_text(encoding="utf-8"))
    return (
        f"shipped; trained for {card['recipe']['epochs']} epochs on the training split of diorama; "
        f"{card['test']['accuracy']:.1%} right on its test split"
    )


def _assembled(net: RefNet, name: str, weights: str) -> Model:
    return assemble(net, name=name, size=SIZE, resize=None, mean=MEAN, std=STD, classes=CLASSES, weights=weights)
