"""What observers answered, from a CSV file: people, or nets that others have run."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path

import numpy as np

from cnnviz_core.answers import MOST, Responses
from cnnviz_core.datasets.csv_table import csv_rows
from cnnviz_core.datasets.image_names import image_names, image_place
from cnnviz_core.errors import InputError, nearest

SETTING = "dataset.responses"
COLUMNS = ("image", "observer", "response")
BETWEEN = "|"  # ranked choices, the surest first
_MISSING = ("", "na")


def responses(
    file: Path, ids: Sequence[str], names: Sequence[str], nets: Sequence[str] = ()
) -> tuple[Responses, list[str]]:
    """The responses of a CSV file with the columns image, observer, response and, if it likes, seconds; and remarks.

    An image is one of `ids`, or a file name of one, with or without its ending, where only one is called so. A
    response is one of `names`, in any case where that is clear, or up to five of them in order of rank, as in
    `cat|dog`; empty or `na` where none was given. An observer whose name fits a pattern of `nets`, such as `vgg*`, in
    any case, is a net, and all others are people. Raises InputError that names the line.
    """
    images, place = image_names(ids), _places(names)
    read: dict[tuple[str, int], int] = {}
    rows: list[tuple[str, int, list[int], float]] = []
    for line, cells in csv_rows(SETTING, file, COLUMNS, ("seconds",)):
        where = f"{SETTING}={file}, line {line}"
        image, observer = image_place(where, cells["image"], images, ids), cells["observer"]
        if not observer:
            raise InputError(f"{where}: the observer has no name")
        if (before := read.setdefault((observer, image), line)) != line:
            raise InputError(f"{where}: {observer} has answered for image {cells['image']!r} in line {before} already; "
                             "one answer for each image is allowed")  # fmt: skip
        rows.append((observer, image, _chosen(where, cells["response"], place, names), _seconds(where, cells)))
    if not rows:
        raise InputError(f"{SETTING}={file} has no response: there is nothing below its header")
    observers = tuple(sorted({row[0] for row in rows}))
    found = Responses(
        observers=observers,
        nets=tuple(any(fnmatch(name.casefold(), net.casefold()) for net in nets) for name in observers),
        observer=np.array([observers.index(row[0]) for row in rows]),
        image=np.array([row[1] for row in rows]),
        chosen=np.array([row[2] for row in rows]),
        seconds=np.array([row[3] for row in rows]),
    )
    given = f"{file.name}: {found.missing} of {len(rows)} responses hold no answer (na or empty); they count as wrong"
    return found, [given] if found.missing else []


def _places(names: Sequence[str]) -> Callable[[str], int]:
    """Gives the place of a name, as it is written or else in any case where that is clear; -1 where it is not there."""
    exact = {name: k for k, name in enumerate(names)}
    folded = Counter(name.casefold() for name in names)
    alike = {name.casefold(): k for name, k in exact.items() if folded[name.casefold()] == 1}
    return lambda cell: exact.get(cell, alike.get(cell.casefold(), -1))


def _chosen(where: str, cell: str, place: Callable[[str], int], names: Sequence[str]) -> list[int]:
    """The ranked choices, filled up with -1."""
    whole = place(cell)
    if whole < 0 and cell.casefold() in _MISSING:
        return [-1] * MOST
    parts = [cell] if whole >= 0 else [part.strip() for part in cell.split(BETWEEN)]
    if len(parts) > MOST:
        raise InputError(f"{where}: response {cell!r} has {len(parts)} choices; at most {MOST} are allowed")
    found = [place(part) for part in parts]
    for k, part in zip(found, parts, strict=True):
        if k < 0:
            raise InputError(f"{where}: response {part!r} is no class of the data set; allowed are {_some(names)}, "
                             f"or na for no answer{nearest(part, names)}")  # fmt: skip
        if found.count(k) > 1:
            raise InputError(f"{where}: response {cell!r} names {part!r} twice")
    return [*found, *[-1] * (MOST - len(found))]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 16} more" if len(names) > 16 else ""
    return ", ".join(names[:16]) + more


def _seconds(where: str, cells: Mapping[str, str]) -> float:
    cell = cells["seconds"]
    if cell.casefold() in _MISSING:
        return math.nan
    try:
        seconds = float(cell)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise InputError(f"{where}: seconds {cell!r} must be a number from 0 on, or empty")
    return seconds
