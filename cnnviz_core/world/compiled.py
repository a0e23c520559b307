"""Functions over single numbers, compiled to machine code on first use and kept for later processes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba
from numba.core import config

from cnnviz_core.files import digest

F = TypeVar("F", bound=Callable[..., object])

_FILES = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
_KEPT = Path("~/.cache/cnnviz/compiled").expanduser() / digest(*(code for code in _FILES if "@compiled" in code))


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def compiled(function: F) -> F:
    """The function in machine code; it frees Python's lock, and rounds each operation as IEEE 754 says.

    What is kept on disk belongs to the code of all compiled functions here: numba itself does not notice when one that
    lies in another file changes.
    """
    kept = _writable(_KEPT)
    before = config.CACHE_DIR  # type: ignore[attr-defined]
    config.CACHE_DIR = str(_KEPT)  # type: ignore[attr-defined]
    try:
        return cast(F, numba.njit(nogil=True, cache=kept, error_model="numpy")(function))
    finally:
        config.CACHE_DIR = before  # type: ignore[attr-defined]
