"""The known world with the answers of people and nets, whose mistakes are chosen."""

from pathlib import Path
from typing import Any

import numpy as np
from known_world import NAMES as SHAPES
from known_world import known_world

from cnnviz_core.datasets.with_answers import with_answers
from cnnviz_core.lab import Dataset

__all__ = ["SHAPES", "answered", "right"]


def answered(folder: Path, given: dict[str, list[str]], *, wrong: int = 0, **more: Any) -> Dataset:
    """The known world, of whose 24 images the model has the first `wrong` wrong, and the answers of observers."""
    labels = np.tile(np.arange(4), 6)
    spelt = np.where(np.arange(24) < wrong, (labels + 1) % 4, labels)
    lines = ["image,observer,response,seconds"]
    for name, answers in given.items():
        lines += [f"no. {i},{name},{answer},{1 + i}" for i, answer in enumerate(answers)]
    (folder / "r.csv").write_text("\n".join(lines) + "\n")
    return with_answers(known_world(answers=spelt.tolist()), responses=str(folder / "r.csv"), nets=["alex*"], **more)


def right(count: int = 24, *, wrong: tuple[int, ...] = ()) -> list[str]:
    """Right answers, but of these images the next shape."""
    return [SHAPES[(i + (i in wrong)) % 4] for i in range(count)]
