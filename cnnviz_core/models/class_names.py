"""The names of a model's outputs, from a list or a file."""

import csv
from collections.abc import Sequence
from pathlib import Path

from cnnviz_core.errors import InputError


def class_names(classes: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Names in the order of the outputs: a list, a text file with one per line, or CSV with columns index and name.

    Raises InputError where the file is missing or not such a file.
    """
    if classes is None:
        return None
    if not isinstance(classes, str):
        return tuple(str(name) for name in classes)
    path = Path(classes).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"model.classes={classes} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"model.classes={classes} is not a text file in UTF-8") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"model.classes={classes} is empty; it must have the name of one class per line")
    return _from_csv(lines, classes) if path.suffix == ".csv" else tuple(lines)


def _from_csv(lines: Sequence[str], classes: str) -> tuple[str, ...]:
    rows = list(csv.DictReader(lines, skipinitialspace=True))
    if not rows or not {"index", "name"} <= rows[0].keys():
        raise InputError(f"model.classes={classes} must have the columns index and name, but begins {lines[0]!r}")
    indices = [row["index"] for row in rows]
    if sorted(indices) != sorted(str(k) for k in range(len(rows))):
        raise InputError(f"model.classes={classes}: index must be each number from 0 to {len(rows) - 1} once")
    by_index = {int(row["index"]): row["name"] or "" for row in rows}
    return tuple(by_index[k] for k in range(len(rows)))
