"""Images that a reader labels in a page, with all that the page says before and after an answer."""

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ENDING = "label.js"
"""Of the file of a figure's labelling; the book makes a page of it that needs no other file."""

SMALL = 112  # pixels, up to which images keep every level of every pixel: as PNG; above it JPEG is a tenth as large
QUALITY = {"image": 95, "examples": 85}  # of JPEG


@dataclass(frozen=True)
class Labelling:
    """n images to be labelled with c classes."""

    images: np.ndarray  # (n, h, w, 3), 8 bit, as the model sees them
    ids: Sequence[str]  # of each image, as in the file of responses
    truth: np.ndarray  # (n,): an index into `names`
    names: Sequence[str]  # of the classes, as in the file of responses
    order: Sequence[int]  # in which the classes are listed
    families: Sequence[str]  # of each class; empty where it has none
    examples: Sequence[np.ndarray]  # of each class (k, h, w, 3), 8 bit
    origin: str  # a sentence: where the examples come from, or why there are none
    model: str  # its name
    outputs: int  # how many the model has
    same_names: bool  # whether the model chooses among `names`, too; else among its outputs
    said: Sequence[Sequence[tuple[str, float]]]  # for each image, the model's choices and their shares, the best first
    ranks: np.ndarray | None  # (n,): how many of them come before the right one; None where it is not known


def save(labelling: Labelling, folder: Path, name: str) -> None:
    """Writes the one file, the same bytes for the same labelling."""
    content = json.dumps(_content(labelling), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    (folder / f"{name}.{ENDING}").write_text(f"window.labelling = {content};\n", encoding="utf-8")


def _content(labelling: Labelling) -> dict[str, Any]:
    """What the page's script reads."""
    height, width = labelling.images.shape[1:3]
    return {
        "key": _key(labelling),
        "height": height,
        "width": width,
        "images": [_picture(image, "image") for image in labelling.images],
        "ids": list(labelling.ids),
        "truth": labelling.truth.tolist(),
        "names": list(labelling.names),
        "order": list(labelling.order),
        "families": list(labelling.families),
        "examples": [_strip(tiles) for tiles in labelling.examples],
        "origin": labelling.origin,
        "model": labelling.model,
        "outputs": labelling.outputs,
        "sameNames": labelling.same_names,
        "said": [[[name, round(p, 4)] for name, p in best] for best in labelling.said],
        "ranks": None if labelling.ranks is None else labelling.ranks.tolist(),
    }


def _key(labelling: Labelling) -> str:
    """Under which a browser keeps answers: another one as soon as other images or classes are asked about."""
    asked = json.dumps([list(labelling.ids), list(labelling.names)]).encode()
    return hashlib.sha256(asked + labelling.images.tobytes()).hexdigest()[:16]


def _strip(tiles: np.ndarray) -> dict[str, Any]:
    """The examples of a class side by side in one picture."""
    count, height, width = tiles.shape[:3]
    if not count:
        return {"count": 0, "height": 0, "width": 0, "picture": ""}
    joined = tiles.swapaxes(0, 1).reshape(height, count * width, 3)
    return {"count": count, "height": height, "width": width, "picture": _picture(joined, "examples")}


def _picture(pixels: np.ndarray, kind: str) -> str:
    """An address that holds the whole picture."""
    buffer = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if kind == "image" and max(pixels.shape[:2]) <= SMALL:
        picture.save(buffer, format="PNG", optimize=True)
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    picture.save(buffer, format="JPEG", quality=QUALITY[kind], subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
