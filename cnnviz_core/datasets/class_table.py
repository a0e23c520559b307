"""The table that says which model output each folder of images is."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnviz_core.errors import InputError, nearest

COLUMNS = ("index", "wnid", "name")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Row:
    """One output of the model: its index, its short id (WordNet's, for ImageNet) and its readable name."""

    index: int
    wnid: str
    name: str


def class_table(file: Path) -> list[Row]:
    """The rows of a CSV file with the columns index, wnid, name. Raises InputError with the line of what is wrong."""
    reader = csv.reader(io.StringIO(_text(file)), strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
    except csv.Error as error:
        raise InputError(f"dataset.classes={file} is not CSV: line {reader.line_num}: {error}") from None
    header = lines[0][1] if lines else []
    places = _places(file, header)
    rows = [_row(f"dataset.classes={file}, line {line}", cells, header, places) for line, cells in lines[1:]]
    if not rows:
        raise InputError(f"dataset.classes={file} lists no class: there is nothing below its header")
    for column in ("index", "wnid"):
        counts = Counter(str(getattr(row, column)) for row in rows)
        if twice := [value for value, count in counts.items() if count > 1 and value]:
            raise InputError(f"dataset.classes={file} has {column} {twice[0]} more than once")
    return rows


def _text(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"dataset.classes={file} cannot be read: {error.strerror}") from None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"dataset.classes={file} is not UTF-8 (line {line}); save it as UTF-8") from None
    if "\0" in text:
        raise InputError(f"dataset.classes={file} is not a text file in UTF-8; save it as UTF-8")
    return text


def _places(file: Path, header: Sequence[str]) -> dict[str, int]:
    """In which column each of COLUMNS stands."""
    places = {name.casefold(): place for place, name in enumerate(header)}
    missing = [name for name in COLUMNS if name not in places]
    if not missing:
        return places
    for sign, word in _SEPARATORS.items():
        if any(sign in cell for cell in header):
            raise InputError(f"dataset.classes={file} separates its columns by {word}; commas are needed")
    raise InputError(f"dataset.classes={file} has no column {missing[0]!r}; its first line must name the columns "
                     f"{','.join(COLUMNS)}, but is {','.join(header)!r}")  # fmt: skip


def _row(where: str, cells: Sequence[str], header: Sequence[str], places: dict[str, int]) -> Row:
    if len(cells) != len(header):
        raise InputError(f"{where}: {len(cells)} columns instead of {len(header)}; "
                         "a name with a comma in it needs quotes around it")  # fmt: skip
    index, wnid, name = (cells[places[column]] for column in COLUMNS)
    if not (index.isascii() and index.isdigit()):
        raise InputError(f"{where}: index {index!r} must be a whole number from 0 on")
    if not (wnid or name):
        raise InputError(f"{where}: neither wnid nor name is given")
    return Row(int(index), wnid, name or wnid)


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
