"""Pandoc: between Markdown, its syntax tree and what can be written from it."""

import json
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cnnviz_core.errors import BuildError

Element = dict[str, Any]
"""A block or an inline of pandoc's syntax tree: {"t": type, "c": content}."""

Blocks = list[Element]

READER = "markdown-raw_html-raw_tex-raw_attribute"
"""What chapters are written in: pandoc's Markdown, in which text can never become HTML, TeX or Typst code."""


@cache
def _program() -> str:
    """The pandoc that comes with pypandoc_binary, never another one of the machine."""
    package = find_spec("pypandoc")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "files" / "pandoc")


def run(text: str, *options: str, place: str) -> str:
    """Pandoc's output for a text. A warning counts as an error: BuildError names the place and quotes it."""
    command = [_program(), "--fail-if-warnings", "--wrap=none", *options]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode().replace("Failing because there were warnings.", "").strip()
        raise BuildError(f"{place}: {said}")
    return done.stdout.decode()


def read(markdown: str, *, place: str) -> Blocks:
    """The syntax tree of a Markdown text."""
    blocks: Blocks = json.loads(run(markdown, f"--from={READER}", "--to=json", "--columns=10000", place=place))[
        "blocks"
    ]
    return blocks


def write(blocks: Blocks, *options: str, place: str) -> str:
    """A syntax tree in the format that the options name."""
    version = [1, 23, 1]  # of the syntax tree; pandoc reads those of its own major version
    return run(
        json.dumps({"pandoc-api-version": version, "meta": {}, "blocks": blocks}), "--from=json", *options, place=place
    )


def cite(blocks: Blocks, bibliography: Path, *, place: str) -> Blocks:
    """The same blocks with citations written out, and a last Div `refs` with the works that are cited, if any."""
    options = ("--to=json", "--citeproc", f"--bibliography={bibliography}", "--metadata=link-citations")
    cited: Blocks = json.loads(write(blocks, *options, place=place))["blocks"]
    return cited


def rewrite(node: Any, change: Callable[[Element], Element | list[Element]]) -> Any:
    """A copy in which each element, children first, is what `change` makes of it: an element or several."""
    if isinstance(node, dict):
        return {key: rewrite(value, change) for key, value in node.items()}
    if not isinstance(node, list):
        return node
    copy: list[Any] = []
    for item in node:
        new = rewrite(item, change)
        if isinstance(new, dict) and "t" in new:
            new = change(new)
            copy.extend(new if isinstance(new, list) else [new])
        else:
            copy.append(new)
    return copy


def plain(node: Any) -> str:
    """The words of an element, without any markup."""
    if isinstance(node, list):
        return "".join(map(plain, node))
    if not isinstance(node, dict):
        return ""
    match node.get("t"):
        case "Str":
            return str(node["c"])
        case "Space" | "SoftBreak" | "LineBreak":
            return " "
        case "Code" | "Math":
            return str(node["c"][1])
        case "Link" | "Image" | "Span" | "Quoted" | "Cite":
            words = plain(node["c"][1])
            return f"“{words}”" if node["t"] == "Quoted" else words
    return plain(node.get("c", []))


SPACE: Element = {"t": "Space"}


def element(kind: str, *content: Any) -> Element:
    """An element of that type; a single content stands for itself, several for a list."""
    return {"t": kind, "c": content[0] if len(content) == 1 else list(content)}


def text(words: str) -> list[Element]:
    """Words as inlines, their spaces unbreakable."""
    return [element("Str", words.replace(" ", "\N{NO-BREAK SPACE}"))]


def attributes(name: str = "", *classes: str, **values: str) -> list[Any]:
    """Pandoc's triple of id, classes and key-value pairs."""
    return [name, list(classes), [[key.replace("_", "-"), value] for key, value in values.items()]]


def attributes_of(item: Element) -> list[Any]:
    """The triple of an element, empty where its type has none."""
    if item["t"] == "Header":
        return list(item["c"][1])
    has_some = item["t"] in ("Div", "Span", "CodeBlock", "Code", "Figure", "Table", "Link", "Image")
    return list(item["c"][0]) if has_some else attributes()
