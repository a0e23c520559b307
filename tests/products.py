"""Check a built book as somebody would who gets it on a disk: python tests/products.py build/refnet-diorama."""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from PIL import Image


def faults(folder: Path) -> list[str]:
    """What is wrong with the book in a folder."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = [fault for place, expected in manifest["files"].items() for fault in _file(folder / place, expected)]
    for name, chapter in manifest["chapters"].items():
        found += [
            f"{name}: no {kind}" for kind in ("html", "pdf", "notebook") if not (folder / chapter[kind]).is_file()
        ]
    for name, figure in manifest["figures"].items():
        found += _figure(folder, name, figure)
    return found


def _file(path: Path, expected: str) -> list[str]:
    if not path.is_file():
        return [f"{path} is missing"]
    content = path.read_bytes()
    found = [] if hashlib.sha256(content).hexdigest() == expected else [f"{path} is not what the manifest says"]
    checks = {".html": _page, ".ipynb": _notebook, ".pdf": _pdf, ".png": _picture}
    check = checks.get(path.suffix)
    return found + [f"{path}: {fault}" for fault in (check(path) if check else [])]


def _page(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    loaded = re.findall(r'<(?:script|link|img|iframe|source)[^>]*?(?:src|href)="([^"]+)"', text)
    found = [f"loads {url} from the network" for url in loaded if re.match(r"(https?:)?//", url)]
    local = [url for url in loaded if not re.match(r"\w+:|//|#", url)]
    local += [url for url in re.findall(r'<a[^>]*?href="([^"#]+)', text) if not re.match(r"\w+:|//", url)]
    found += [f"points at {url}, which is not there" for url in local if not (path.parent / url).exists()]
    unfinished = [word for word in ("{{ stat(", "{{ setting(", "{{ claim(", "{% ", "???") if word in text]
    return found + [f"unfinished text {word!r}" for word in unfinished]


def _notebook(path: Path) -> list[str]:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    errors = [output["evalue"] for cell in cells for output in cell.outputs if output["output_type"] == "error"]
    unrun = [cell.source for cell in cells if cell.execution_count is None]
    return [f"error {error}" for error in errors] + [f"cell not executed: {source[:40]!r}" for source in unrun]


def _pdf(path: Path) -> list[str]:
    content = path.read_bytes()
    return [] if content.startswith(b"%PDF-") and b"%%EOF" in content[-64:] else ["is not a whole PDF file"]


def _picture(path: Path) -> list[str]:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=float)
    return [] if pixels.std() > 5 else ["is all but blank"]


def _figure(folder: Path, name: str, figure: dict[str, Any]) -> list[str]:
    if figure["status"] == "not_applicable":
        return [] if figure["reason"] else [f"{name} gives no reason"]
    found = [f"{name} has no picture"] if not figure["files"] else []
    found += [f"{name} has no stats"] if not figure["stats"] else []
    false = [claim["name"] for claim in figure["claims"] if claim["kind"] == "identity" and claim["holds"] is not True]
    return found + [f"identity {claim} is not true" for claim in false]


if __name__ == "__main__":
    wrong = faults(Path(sys.argv[1]))
    print("\n".join(wrong) if wrong else f"{sys.argv[1]}: every product is there and as the manifest says")
    sys.exit(bool(wrong))
