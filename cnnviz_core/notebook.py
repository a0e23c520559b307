"""The lab of a book, opened again by its notebooks."""

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz_core.configure import Settings, build_lab, with_whole_paths
from cnnviz_core.errors import InputError
from cnnviz_core.machine import settle
from cnnviz_core.progress import Reporter

if TYPE_CHECKING:
    from cnnviz_core.lab import Lab

LAB = "lab.json"


def lab_description(settings: Settings) -> str:
    """What `open_lab` needs, as JSON. Paths are absolute, so that notebooks can run anywhere."""
    content = {
        "model": with_whole_paths(settings.model),
        "dataset": with_whole_paths(settings.dataset),
        "seed": settings.seed,
        "device": settings.device,
        "folder": str(Path.cwd()) if "factory" in settings.model else None,  # from which the user's code is imported
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def open_lab(book: str | Path = "..") -> "Lab":
    """The lab of the book in that folder; by default the one whose notebooks folder this is.

    Raises InputError where there is no book.
    """
    folder = Path(book).resolve()
    if not (folder / LAB).is_file():
        raise InputError(f"{folder} holds no book: start the notebook in the book's notebooks folder, "
                         'or give that of the book: open_lab("build/refnet-diorama")')  # fmt: skip
    saved = json.loads((folder / LAB).read_text(encoding="utf-8"))
    settings = Settings(
        model=saved["model"], dataset=saved["dataset"], figures={}, seed=saved["seed"], device=saved["device"],
        book=folder.name, build=folder.parent, chapters=None,
    )  # fmt: skip
    settle()
    with contextlib.chdir(saved["folder"] or Path.cwd()):
        return build_lab(settings, Reporter(quiet=True))
