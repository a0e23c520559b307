"""Any data set with attributes of its images from a CSV file: numbers such as the scale, or words such as a texture."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnviz_core.datasets.csv_table import csv_header, csv_rows
from cnnviz_core.datasets.image_names import image_names, image_place
from cnnviz_core.errors import InputError
from cnnviz_core.files import digest
from cnnviz_core.lab import Dataset

SETTING = "dataset.attributes"
NUMBERS = ("scale", "instances", "clutter", "occlusion", "contrast", "blur")
"""Attributes that figures take for numbers."""
_MISSING = ("", "na", "nan")

Cell = tuple[int, str]
"""A line of the file, and what it says."""


def with_attributes(data: Dataset, file: str | None) -> Dataset:
    """The data set with the attributes of a CSV file: a column `image` and one for each attribute.

    Those of the file take the place of others of the same name. An image is called as in `dataset.responses`. Cells
    that are empty, na or nan, and images that are not listed, have no value, which is remarked. Raises InputError.
    """
    if file is None:
        return data
    path = Path(file).expanduser()
    columns = [name for name in csv_header(SETTING, path) if name.casefold() != "image"]
    cells = _cells(path, columns, data.ids)
    found = {name: _column(path, name, cells[name], len(data)) for name in columns}
    missing = {name: len(data) - sum(cell[1].casefold() not in _MISSING for cell in cells[name].values())
               for name in columns}  # fmt: skip
    remarks = [f"{path.name}: {name} has no value for {count} of {len(data)} images, which are left out of it"
               for name, count in missing.items() if count]  # fmt: skip
    parts = [part for name in columns for part in (name, repr(found[name].tolist()))]
    return replace(
        data, attributes={**(data.attributes or {}), **found}, left_out=(*data.left_out, *remarks),
        fingerprint=digest(data.fingerprint, *parts),
    )  # fmt: skip


def _cells(file: Path, columns: Sequence[str], ids: Sequence[str]) -> dict[str, dict[int, Cell]]:
    """For each column the cell of each image that is listed."""
    if not columns or "" in columns or len({name.casefold() for name in columns}) < len(columns):
        raise InputError(f"{SETTING}={file} must have a column 'image' and others, each with a name of its own; "
                         f"its first line is {','.join(csv_header(SETTING, file))!r}")  # fmt: skip
    images, lines = image_names(ids), dict[int, int]()
    found: dict[str, dict[int, Cell]] = {name: {} for name in columns}
    for line, cells in csv_rows(SETTING, file, ("image",), [name.casefold() for name in columns]):
        where = f"{SETTING}={file}, line {line}"
        image = image_place(where, cells["image"], images, ids)
        if (before := lines.setdefault(image, line)) != line:
            raise InputError(f"{where}: image {cells['image']!r} is in line {before} already")
        for name in columns:
            found[name][image] = (line, cells[name.casefold()])
    if not lines:
        raise InputError(f"{SETTING}={file} lists no image: there is nothing below its header")
    return found


def _column(file: Path, name: str, cells: Mapping[int, Cell], count: int) -> np.ndarray:
    """Numbers, not a number where missing, or words, empty where missing; never both."""
    given = {image: cell for image, cell in cells.items() if cell[1].casefold() not in _MISSING}
    numbers = {image: value for image, (_, text) in given.items() if (value := _number(text)) is not None}
    wrong = [cell for image, cell in given.items() if image not in numbers]
    if wrong and (numbers or name in NUMBERS):
        line, text = wrong[0]
        why = "must be numbers" if name in NUMBERS else "are numbers elsewhere in the column"
        raise InputError(f"{SETTING}={file}, line {line}: {name} {text!r} is no finite number, and the values {why}")
    if wrong:
        return np.array([given[i][1] if i in given else "" for i in range(count)])
    return np.array([numbers.get(i, math.nan) for i in range(count)])


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
