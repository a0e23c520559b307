"""A chapter as a Jupyter notebook: its text, and its code cells to run and to change."""

import html
import json
import os
import re
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from cnnviz_core.errors import BuildError
from cnnviz_core.export import pandoc
from cnnviz_core.export.document import BOXES, Chapter, Numbering, cited, resolved
from cnnviz_core.export.html import WIDTH, picture_size
from cnnviz_core.export.pandoc import SPACE, Element, attributes, attributes_of, element, text

SETUP = """from cnnviz_core.notebook import open_lab

lab = open_lab()
model, dataset = lab.model, lab.dataset"""

HOW_TO = "Run the cells from top to bottom; then change them and run them again."

_WRITER = "--to=commonmark+pipe_tables+tex_math_dollars+strikeout"
_CUT = "<!-- \ue000 -->"  # where a code cell was; a letter for private use, which no text has


def notebook(chapter: Chapter, *, numbering: Numbering, bibliography: Path, folder: Path) -> bytes:
    """The chapter as a notebook that has not run, to lie in a folder inside `folder`, the one with the pictures.

    Code blocks of class `cell` become code cells where they are not inside of a box or a list.
    """
    document = resolved(chapter, numbering)
    blocks, entries = cited(document.blocks, bibliography, place=document.place)
    start = [element("Para", text(HOW_TO)), element("CodeBlock", attributes("", "python", "cell"), SETUP)]
    blocks = [*blocks[:1], *start, *blocks[1:]]
    if entries:
        blocks += [element("Header", 2, attributes(), text("References")), *entries]
    codes = [block["c"][1] for block in blocks if _is_cell(block)]
    prose = [element("RawBlock", "html", _CUT) if _is_cell(block) else block for block in blocks]
    prose = pandoc.rewrite(prose, partial(_with_images, folder=folder, place=document.place))
    prose = pandoc.rewrite(prose, _change)
    parts = pandoc.write(prose, _WRITER, place=document.place).split(_CUT)
    cells = [_cell("markdown", parts[0].strip())]
    for code, part in zip(codes, parts[1:], strict=True):
        cells += [_cell("code", code), *([_cell("markdown", part.strip())] if part.strip() else [])]
    for i, cell in enumerate(cells):
        cell["id"] = f"{chapter.name[:2]}-{i:03}"
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    made = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=False).encode()


def execute(source: bytes, folder: Path, *, place: str) -> bytes:
    """The notebook with its outputs, run in `folder` by this Python. A cell that fails is a BuildError."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    made = nbformat.reads(source, as_version=4)
    with tempfile.TemporaryDirectory() as runtime:
        begun: list[int] = []  # the numbers of the cells, from 0
        client = NotebookClient(
            made,
            km=_kernel(Path(runtime)),
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            coalesce_streams=True,
            on_cell_start=lambda cell, cell_index: begun.append(cell_index),
        )
        own = {"IPYTHONDIR": runtime, "IPYKERNEL_CELL_NAME": "<cell>", "PYTHONHASHSEED": "0"}
        try:
            client.execute(env={**os.environ, **own}, cleanup_kc=True)  # ends the kernel, too
        except CellExecutionError as error:
            raise BuildError(f"{place}, {_named(made, begun)}: {_short(error.ename, error.evalue)}") from error
        except DeadKernelError as error:
            raise BuildError(f"{place}, {_named(made, begun)}: its Python died") from error
    version = made.metadata["language_info"]["version"]
    made.metadata["language_info"]["version"] = ".".join(version.split(".")[:2])
    return (str(nbformat.writes(made, version=4)) + "\n").encode()


def _kernel(runtime: Path) -> Any:
    """Runs the Python that is running now, whatever else is called python3 on this machine."""
    from ipykernel.kernelspec import write_kernel_spec
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    write_kernel_spec(runtime / "kernels" / "this")
    return AsyncKernelManager(
        kernel_name="this",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(runtime / "kernels")]),
        transport="ipc" if os.name == "posix" else "tcp",  # files instead of ports
        connection_file=str(runtime / "kernel.json"),
    )


def _cell(kind: str, source: str) -> dict[str, Any]:
    code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **code}


def _named(made: Any, begun: list[int]) -> str:
    """The cell that was begun last, counted from 1."""
    index = begun[-1] if begun else 0
    return f"notebook cell {index + 1} ({made.cells[index].source.partition(chr(10))[0]!r} ...)"


def _short(name: str, message: str) -> str:
    """An exception in a line: its last, without the colors that IPython puts in."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", message).strip().splitlines()
    return f"{name}: {lines[-1].strip()}" if lines else name


def _is_cell(block: Element) -> bool:
    return block["t"] == "CodeBlock" and "cell" in attributes_of(block)[1]


def _change(item: Element) -> Element | list[Element]:
    match item["t"]:
        case "Str":
            return _literal(item["c"])
        case "Header":
            level, (_, _, pairs), words = item["c"]
            number = dict(pairs).get("number")
            return element("Header", level, attributes(), [*text(number), SPACE, *words] if number else words)
        case "Figure":
            return [*item["c"][2], *item["c"][1][1]]
        case "Table":
            name, (_, caption), *rest = item["c"]
            return [*caption, element("Table", name, [None, []], *rest)]
        case "Div":
            boxed = (attributes_of(item)[1] or [""])[0] in BOXES
            return element("BlockQuote", item["c"][1]) if boxed else item["c"][1]
        case "Span" if "equation" in attributes_of(item)[1]:
            number = dict(attributes_of(item)[2])["number"]
            kind, tex = item["c"][1][0]["c"]
            return element("Math", kind, f"{tex.strip()} \\tag{{{number}}}")
        case "Span" | "Cite":
            return list(item["c"][1])
        case "Link" if item["c"][2][0].startswith("#"):
            return list(item["c"][1])
        case "Note":
            words = [inline for block in item["c"] for inline in (SPACE, *block["c"])]
            return [SPACE, element("Str", "("), *words[1:], element("Str", ")")]
    return item


_SIGNS = {"&": "&amp;", "$": "<span>&#36;</span>", "\\": "<span>&#92;</span>"}


def _literal(words: str) -> list[Element]:
    """Words in which no viewer of notebooks finds an entity or TeX, in the Markdown or in what is made of it."""
    parts = [part for part in re.split(r"([&$\\])", words) if part]
    return [element("RawInline", "html", _SIGNS[part]) if part in _SIGNS else element("Str", part) for part in parts]


def _with_images(item: Element, *, folder: Path, place: str) -> Element:
    """Images as HTML, since Markdown has no place for their width."""
    if item["t"] != "Image":
        return item
    _, words, (source, _) = item["c"]
    width = round(picture_size(folder / source, place)[0] * WIDTH)
    alt = html.escape(pandoc.plain(words)).replace("$", "&#36;").replace("\\", "&#92;")
    return element("RawInline", "html", f'<img src="../{html.escape(source)}" width="{width}" alt="{alt}">')
