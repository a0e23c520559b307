"""The manifest of a book: what it was made from, what it claims, and the hash of each file. No dates."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cnnviz_core.export.document import Chapter
from cnnviz_core.facts import Facts, versions
from cnnviz_core.results import Made

REPORTED = ("torch", "torchvision", "numpy", "scikit-learn", "matplotlib", "pypandoc_binary", "typst", "cnnviz")
"""The packages whose versions a book names."""


def sha256(content: bytes) -> str:
    """The full hash by which others can check a file."""
    return hashlib.sha256(content).hexdigest()


def encoded(content: Any) -> bytes:
    """JSON for people and programs."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def read(folder: Path) -> dict[str, Any]:
    """The manifest of the book in a folder, empty where there is none."""
    path = folder / "manifest.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def provenance(
    *, book: str, seed: int, device: str, facts: Facts, figures: Iterable[Made], chapters: Mapping[str, str]
) -> dict[str, Any]:
    """What the numbers of these figures rest on; `chapters` is the chapter of each figure."""
    model, data = facts["model"], facts["dataset"]
    return {
        "schema": 1,
        "book": book,
        "seed": seed,
        "device": device,
        "model": {
            **{key: model[key] for key in ("name", "fingerprint", "codes_layer", "weights")},
            "layers": {name: layer["path"] for name, layer in model["layers"].items()},
        },
        "dataset": {key: data[key] for key in ("name", "fingerprint", "images", "classes", "has", "left_out")},
        "versions": versions(*REPORTED),
        "figures": {made.name: _figure(made, chapters[made.name]) for made in figures},
    }


def _figure(made: Made, chapter: str) -> dict[str, Any]:
    return {
        "status": "made" if made.obstacle is None else "not_applicable",
        "reason": made.obstacle,
        "key": made.key,
        "chapter": chapter,
        "settings": dict(made.settings),
        "files": {place: sha256(path.read_bytes()) for place, path in made.files.items()},
        "stats": made.stats,
        "claims": [asdict(claim) for claim in made.claims],
    }


def chapter_entries(chapters: Sequence[Chapter], figures: Mapping[str, str]) -> dict[str, Any]:
    """The files and the figures of each chapter."""
    return {
        chapter.name: {
            "title": chapter.title,
            "html": f"{chapter.name}.html",
            "pdf": f"pdf/{chapter.name}.pdf",
            "notebook": f"notebooks/{chapter.name}.ipynb",
            "figures": [name for name, place in figures.items() if place == chapter.name],
        }
        for chapter in chapters
    }
