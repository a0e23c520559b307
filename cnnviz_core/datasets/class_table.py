"""The table that says which model output each folder of images is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnviz_core.datasets.csv_table import csv_rows, whole_number
from cnnviz_core.errors import InputError, nearest

SETTING = "dataset.classes"
COLUMNS = ("index", "wnid", "name")


@dataclass(frozen=True)
class Row:
    """One output of the model: its index, its short id (WordNet's, for ImageNet) and its readable name."""

    index: int
    wnid: str
    name: str


def class_table(file: Path) -> list[Row]:
    """The rows of a CSV file with the columns index, wnid, name. Raises InputError with the line of what is wrong."""
    rows = [_row(file, line, cells) for line, cells in csv_rows(SETTING, file, COLUMNS)]
    if not rows:
        raise InputError(f"{SETTING}={file} lists no class: there is nothing below its header")
    for column in ("index", "wnid"):
        counts = Counter(str(getattr(row, column)) for row in rows)
        if twice := [value for value, count in counts.items() if count > 1 and value]:
            raise InputError(f"{SETTING}={file} has {column} {twice[0]} more than once")
    return rows


def _row(file: Path, line: int, cells: Mapping[str, str]) -> Row:
    index = whole_number(SETTING, file, line, "index", cells["index"])
    if not (cells["wnid"] or cells["name"]):
        raise InputError(f"{SETTING}={file}, line {line}: neither wnid nor name is given")
    return Row(index, cells["wnid"], cells["name"] or cells["wnid"])


def matching_rows(folders: Sequence[str], rows: Sequence[Row], file: Path) -> list[Row]:
    """The row that each folder is called after: by wnid, else by name, as written or else in any case.

    Raises InputError for a folder that none or several rows are for, and for two folders of one row.
    """
    found = [_matching_row(folder, rows, file) for folder in folders]
    owner: dict[int, str] = {}
    for folder, row in zip(folders, found, strict=True):
        if (other := owner.setdefault(row.index, folder)) != folder:
            raise InputError(f"the folders {other!r} and {folder!r} are both index {row.index} of {file}")
    return found


def _matching_row(folder: str, rows: Sequence[Row], file: Path) -> Row:
    for spelt in (str, str.casefold):
        for column in ("wnid", "name"):
            matches = [row for row in rows if spelt(getattr(row, column)) == spelt(folder)]
            if len(matches) == 1:
                return matches[0]
            if matches:
                several = ", ".join(row.wnid or str(row.index) for row in matches)
                raise InputError(f"the folder {folder!r} could be any of {several} in {file}; call it by its wnid")
    names = [name for row in rows for name in (row.wnid, row.name)]
    raise InputError(f"the folder {folder!r} is not in dataset.classes={file}{nearest(folder, names)}")
