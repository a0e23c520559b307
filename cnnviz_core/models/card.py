"""The model card: what a net was trained on and how, what it can do and what it cannot."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from cnnviz_core.models.training import Normalise, Split, logits

Card = Mapping[str, Any]
"""What can be said in JSON."""

PROBE = 160  # test images whose predictions are kept, by which the net is recognised without rendering all
LIMITS = (
    "It knows the rendered scenes of diorama alone: what it says of a photograph means nothing.",
    "Test images come from the same generator as training images, so that its accuracy says nothing of other worlds.",
    "It is small so that it can be shipped and looked at; larger nets do better.",
    "Adversarial accuracy is against one step of the gradient's sign; stronger attacks leave less of it.",
)


def measured(
    net: nn.Module, test: Split, classes: Sequence[str], *, epsilon: float, normalise: Normalise, device: str
) -> Card:
    """Accuracy overall, per class and under attack, and who is taken for whom."""
    predicted = logits(net, test, normalise, device).argmax(1)
    attacked = logits(net, test, normalise, device, epsilon).argmax(1)
    confusion = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(confusion, (test.labels, predicted), 1)
    right = confusion.diagonal() / confusion.sum(1).clip(1)
    return {
        "images": len(test),
        "accuracy": _rounded((predicted == test.labels).mean()),
        "adversarial accuracy": _rounded((attacked == test.labels).mean()),
        "epsilon": epsilon,
        "accuracy per class": {name: _rounded(value) for name, value in zip(classes, right, strict=True)},
        "confusion": confusion.tolist(),  # rows: what it is; columns: what it is taken for
        "first predictions": predicted[:PROBE].tolist(),
    }


def encoded(card: Card) -> str:
    """The card as JSON, each list of numbers on one line."""
    text = json.dumps(card, indent=1, ensure_ascii=False)
    return re.sub(r"\[[\d\s,]+\]", lambda found: "[" + " ".join(found[0][1:-1].split()) + "]", text) + "\n"


def _rounded(value: float) -> float:
    return round(float(value), 6)


def markdown(card: Card) -> str:
    """The card for people."""
    test, recipe = card["test"], card["recipe"]
    levels = round(test["epsilon"] * 255, 2)
    lines = [
        f"# {card['name']}", "", card["what"], "",
        f"- **Right on the test split**: {test['accuracy']:.2%} of {test['images']} images; "
        f"{card['accuracy in 32 bit']:.2%} before the weights were cut to 16 bit.",
        f"- **Under attack** (fast gradient sign, {levels:g} of 255 levels): {test['adversarial accuracy']:.2%}.",
        f"- **Trained** for {recipe['epochs']} epochs on {card['data']['train']['images']} images of diorama; "
        "then validation accuracy was "
        f"{card['validation accuracy']:.2%} and accuracy on training images {card['training accuracy']:.2%}.", "",
        "## Recipe", "", *_table(("setting", "value"), list(recipe.items())), "",
        "## Right, per class", "",
        *_table(("class", "right"), [(name, f"{value:.1%}") for name, value in test["accuracy per class"].items()]), "",
        "## Taken for another", "", *_table(("is", "taken for", "images"), _confusions(card)), "",
        "## Limits", "", *(f"- {limit}" for limit in card["limits"]), "",
        "## Made from", "",
        *_table(("split", "images", "sha256 of pixels and labels"),
                [(name, split["images"], split["sha256"]) for name, split in card["data"].items()]), "",
        *_table(("file", "sha256"), list(card["files"].items())), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: Sequence[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _confusions(card: Card) -> list[tuple[str, str, int]]:
    """The ten most frequent errors."""
    names, counts = list(card["test"]["accuracy per class"]), np.array(card["test"]["confusion"])
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:10]
    pairs = [(int(k) // len(names), int(k) % len(names)) for k in order]
    return [(names[i], names[j], int(counts[i, j])) for i, j in pairs if counts[i, j]]
