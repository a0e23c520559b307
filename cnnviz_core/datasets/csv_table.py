"""Tables that users write: CSV files whose first line names the columns."""

import codecs
import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from cnnviz_core.errors import InputError

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def csv_rows(
    setting: str, file: Path, columns: Sequence[str], optional: Sequence[str] = ()
) -> list[tuple[int, Mapping[str, str]]]:
    """The line and the cells of each row below the header, by the name of the column, without space around them.

    Other columns than these are ignored, and an optional one that is not there is empty. Text is UTF-8, with or
    without a byte order mark, or UTF-16 with one. Raises InputError that names `setting`, the file and the line.
    """
    reader = csv.reader(io.StringIO(_text(setting, file)), strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
    except csv.Error as error:
        raise InputError(f"{setting}={file} is not CSV: line {reader.line_num}: {error}") from None
    header = lines[0][1] if lines else []
    places = _places(setting, file, header, columns)
    for line, cells in lines[1:]:
        if len(cells) != len(header):
            raise InputError(f"{setting}={file}, line {line}: {len(cells)} columns instead of {len(header)}; "
                             "a name with a comma in it needs quotes around it")  # fmt: skip
    return [
        (line, {name: cells[places[name]] if name in places else "" for name in (*columns, *optional)})
        for line, cells in lines[1:]
    ]


def csv_header(setting: str, file: Path) -> list[str]:
    """The names of the columns, as they are written. Raises InputError."""
    return [cell.strip() for cell in next(csv.reader(io.StringIO(_text(setting, file))), [])]


def _text(setting: str, file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{setting}={file} cannot be read: {error.strerror}") from None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{setting}={file} is not UTF-8 (line {line}); save it as UTF-8") from None
    if "\0" in text:
        raise InputError(f"{setting}={file} is not a text file in UTF-8; save it as UTF-8")
    return text


def _places(setting: str, file: Path, header: Sequence[str], columns: Sequence[str]) -> dict[str, int]:
    """In which column each name of the header stands."""
    places = {name.casefold(): place for place, name in enumerate(header)}
    missing = [name for name in columns if name not in places]
    if not missing:
        return places
    for sign, word in _SEPARATORS.items():
        if any(sign in cell for cell in header):
            raise InputError(f"{setting}={file} separates its columns by {word}; commas are needed")
    raise InputError(f"{setting}={file} has no column {missing[0]!r}; its first line must name the columns "
                     f"{','.join(columns)}, but is {','.join(header)!r}")  # fmt: skip


def whole_number(setting: str, file: Path, line: int, column: str, cell: str) -> int:
    """A cell as a whole number from 0 on. Raises InputError."""
    if not (cell.isascii() and cell.isdigit()):
        raise InputError(f"{setting}={file}, line {line}: {column} {cell!r} must be a whole number from 0 on")
    return int(cell)
