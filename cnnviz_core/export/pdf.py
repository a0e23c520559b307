"""A chapter, or the whole book, as a tagged PDF file."""

import json
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Any

import typst

from cnnviz_core.errors import BuildError
from cnnviz_core.export import pandoc
from cnnviz_core.export.document import BOXES, Chapter, Numbering, cited, resolved
from cnnviz_core.export.html import picture_size
from cnnviz_core.export.pandoc import Blocks, Element, attributes_of, element

STANDARDS = ["a-3a", "ua-1"]
_FENCES = {"l": r"\left|", "r": r"\right|"}


def pdf(
    chapters: Sequence[Chapter],
    *,
    numbering: Numbering,
    bibliography: Path,
    folder: Path,
    template: str,
    title: str,
    facts: Mapping[str, str],
    manifest: str = "",
) -> bytes:
    """The chapters as PDF/A-3a and PDF/UA-1; several get a title page, which lists the facts, and contents.

    Pictures are looked up in `folder`, as SVG where there is one without pixels in it. `template` is the Typst code
    of the look; `manifest` is attached as manifest.json. The same input gives the same bytes.
    """
    names = {chapter.name for chapter in chapters}
    place = "the whole book" if len(chapters) > 1 else f"chapter {chapters[0].name}"
    blocks = [block for chapter in chapters for block in resolved(chapter, numbering).blocks]
    blocks, entries = cited(blocks, bibliography, place=place)
    known = {name for name, target in numbering.items() if target.chapter in names}
    blocks = pandoc.rewrite(blocks, partial(_change, known=known, folder=folder, place=place))
    source = template + _typst(blocks, place)
    if entries:
        source += f"#references[\n{_typst(entries, place)}]\n"
    inputs = {"title": title, "facts": json.dumps(dict(facts)), "manifest": manifest}
    inputs["chapter"] = "" if len(chapters) > 1 else chapters[0].title
    return _compile(source, folder, inputs, place)


def _typst(blocks: Blocks, place: str) -> str:
    return pandoc.write(blocks, "--to=typst-citations", place=place)


def _compile(source: str, folder: Path, inputs: dict[str, str], place: str) -> bytes:
    """With Typst's own fonts; letters that they lack from the system's; letters that no font has become boxes."""
    for own_fonts_only, standards in ((True, STANDARDS), (False, STANDARDS), (False, [])):
        options: dict[str, Any] = {"ignore_system_fonts": own_fonts_only, "pdf_standards": standards}
        try:
            return bytes(typst.compile(source.encode(), root=folder, sys_inputs=inputs, timestamp=0, **options))
        except typst.TypstError as error:
            if "could not be displayed" not in error.message or not standards:
                raise BuildError(f"{place}: Typst says: {error.diagnostic or error.message}") from error
    raise AssertionError("the last attempt has returned or raised")


def _change(item: Element, *, known: AbstractSet[str], folder: Path, place: str) -> Element | list[Element]:
    match item["t"]:
        case "Header":
            return _header(item)
        case "Image":
            return _image(item, folder, place)
        case "Math":
            return _math(item)
        case "Span" if "equation" in attributes_of(item)[1]:
            (name, _, pairs), inlines = item["c"]
            number = _string(f"({dict(pairs)['number']})")
            start = f"#metadata(none)<{name}>#[#set math.equation(numbering: (..) => {number});"
            return [_code(start), *inlines, _code("]")]
        case "Link" if item["c"][2][0].startswith("#"):
            name = item["c"][2][0][1:]
            return item if name in known or name.startswith("ref-") else list(item["c"][1])
        case "CodeBlock" if "cell" in attributes_of(item)[1]:
            return []
        case "Div" if (classes := attributes_of(item)[1]) and classes[0] in BOXES:
            return _box(item)
    return item


def _math(item: Element) -> list[Element]:
    """With TeX as its alternative text. Bars that pandoc would give the spaces of a relation become fences."""
    kind, tex = item["c"]
    fenced = re.sub(r"(?<!\\left)(?<!\\right)\\([lr])vert\b", lambda bar: _FENCES[bar[1]], tex)
    return [_code(f"#[#set math.equation(alt: {_string(tex.strip())});"), element("Math", kind, fenced), _code("]")]


def _header(item: Element) -> Element:
    level, (name, _, pairs), words = item["c"]
    number = dict(pairs).get("number", "")
    numbering = f"(..) => {_string(number)}" if number else "none"
    label = f" <{name}>" if name.startswith("sec:") else ""
    return element("Plain", [_code(f"#heading(level: {level}, numbering: {numbering})["), *words, _code(f"]{label}")])


def _image(item: Element, folder: Path, place: str) -> Element:
    _, words, (source, _) = item["c"]
    picture = folder / source
    width, _ = picture_size(picture, place)
    vector = picture.with_suffix(".svg")
    if vector.is_file() and "<image" not in vector.read_text("utf-8"):
        picture = vector
    path = "/" + picture.relative_to(folder).as_posix()
    return _code(f"#image({_string(path)}, alt: {_string(pandoc.plain(words))}, width: {width:.4g}in)")


def _box(item: Element) -> list[Element]:
    (name, classes, _), blocks = item["c"]
    kinds = ", ".join(map(_string, classes))
    label = f" <{name}>" if name else ""
    return [element("RawBlock", "typst", f"#panel({kinds})["), *blocks, element("RawBlock", "typst", f"]{label}")]


def _code(source: str) -> Element:
    return element("RawInline", "typst", source)


def _string(words: str) -> str:
    """A Typst string literal."""
    printable = "".join(letter if letter.isprintable() else " " for letter in words)
    return json.dumps(printable, ensure_ascii=False)
