"""The table that says which model outputs make up each coarse category, such as ImageNet's breeds of dogs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnnviz_core.answers import Choices
from cnnviz_core.datasets.csv_table import csv_rows, whole_number
from cnnviz_core.errors import InputError, nearest

SETTING = "dataset.class_map"


def class_map(
    file: Path, class_names: Sequence[str], outputs: Sequence[int] | None, labels: np.ndarray
) -> tuple[Choices, list[str]]:
    """The categories of a CSV file with the columns index, category, in order of their names, and remarks.

    A class belongs to the category of its name, in any case, or else to that of its model output where that is known.
    An output may be left out or have an empty category: then it belongs to none. Raises InputError where a class
    belongs to no category although only its name can tell, and where none does.
    """
    members = _members(file)
    names = tuple(sorted(members))
    of_output = {output: k for k, name in enumerate(names) for output in members[name]}
    folded = {name.casefold(): k for k, name in enumerate(names)}
    found = [folded.get(name.casefold(), -1) for name in class_names]
    if outputs is not None:
        found = [of_output.get(output, -1) if k < 0 else k for k, output in zip(found, outputs, strict=True)]
    without = [name for k, name in zip(found, class_names, strict=True) if k < 0]
    if without and (outputs is None or len(without) == len(class_names)):
        allowed = f"a class must be called as one of its categories: {', '.join(names)}"
        raise InputError(f"{SETTING}={file} has no category for the class {without[0]!r}; {allowed}"
                         f"{nearest(without[0], names)}")  # fmt: skip
    remarks = [f"{file.name}: the images of class {name} are of no category" for name in without]
    choices = Choices(names, tuple(tuple(members[name]) for name in names), np.array(found, dtype=int)[labels])
    return choices, remarks


def _members(file: Path) -> dict[str, list[int]]:
    """The outputs of each category."""
    members: dict[str, list[int]] = {}
    seen: dict[int, int] = {}
    for line, cells in csv_rows(SETTING, file, ("index", "category")):
        index = whole_number(SETTING, file, line, "index", cells["index"])
        if (before := seen.setdefault(index, line)) != line:
            raise InputError(f"{SETTING}={file}, line {line}: index {index} stands in line {before} already; "
                             "an output belongs to one category at most")  # fmt: skip
        if cells["category"]:
            members.setdefault(cells["category"], []).append(index)
    if len(members) < 2:
        raise InputError(f"{SETTING}={file} names {len(members)} categories; at least 2 are needed")
    return members
