"""Images on a plane that a reader of a page looks at one by one: a sheet of small pictures, and what is known."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ENDINGS = ("points.js", "points.jpg")
"""Of the two files of a figure's explorer: what is known of each point, and the sheet of small pictures."""

QUALITY = 85  # of the sheet; JPEG, since as PNG it would be five times as large


@dataclass(frozen=True)
class Explorer:
    """What the explorer of a figure shows, for n images."""

    place: np.ndarray  # (n, 2): x to the right, y upwards
    tiles: np.ndarray  # (n, side, side, 3), 8 bit; a side of a multiple of 8 pixels keeps JPEG's blocks apart
    near: np.ndarray  # (n, k): the images nearest to each, the nearest first
    near_by: str  # what they are nearest by
    names: Sequence[str]  # of each image, such as its file
    labels: Sequence[str]  # of each image
    predicted: Sequence[str]  # of each image, what the model takes it for
    groups: np.ndarray  # (n,): an index into group_names
    group_names: Sequence[str]
    colours: Sequence[str]  # of the groups; empty where there are too many to tell them apart


def save(explorer: Explorer, folder: Path, name: str) -> None:
    """Writes the two files, the same bytes for the same explorer."""
    script, picture = (folder / f"{name}.{ending}" for ending in ENDINGS)
    script.write_text(f"(window.explorers ??= {{}})[{_json(name)}] = {_json(_points(explorer))};\n", encoding="utf-8")
    Image.fromarray(sheet(explorer.tiles)).save(picture, quality=QUALITY, subsampling=0)


def sheet(tiles: np.ndarray) -> np.ndarray:
    """The tiles (n, side, side, 3) row by row in one picture, which is about as high as wide; the rest is black."""
    count, side = tiles.shape[:2]
    columns = columns_of(count)
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, side, side, 3), dtype=np.uint8)
    cells[:count] = tiles
    return np.asarray(
        cells.reshape(rows, columns, side, side, 3).swapaxes(1, 2).reshape(rows * side, columns * side, 3)
    )


def columns_of(count: int) -> int:
    """How many of so many tiles are in a row of the sheet."""
    return int(np.ceil(np.sqrt(count)))


def _points(explorer: Explorer) -> dict[str, Any]:
    """What the page's script reads. Words that come again and again stand in `words` once."""
    words = {word: i for i, word in enumerate(dict.fromkeys([*explorer.labels, *explorer.predicted]))}
    return {
        "side": explorer.tiles.shape[1],
        "columns": columns_of(len(explorer.tiles)),
        "place": explorer.place.round(3).tolist(),
        "near": explorer.near.tolist(),
        "nearBy": explorer.near_by,
        "names": list(explorer.names),
        "words": list(words),
        "labels": [words[word] for word in explorer.labels],
        "predicted": [words[word] for word in explorer.predicted],
        "groups": explorer.groups.tolist(),
        "groupNames": list(explorer.group_names),
        "colors": list(explorer.colours),
    }


def _json(value: Any) -> str:
    """As a script that is safe also inside of a page, whatever is in the names."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
