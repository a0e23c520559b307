"""The body of a chapter's page."""

import re
from functools import partial
from pathlib import Path

from cnnviz_core.errors import BuildError
from cnnviz_core.export import pandoc
from cnnviz_core.export.document import BOXES, Chapter, Document, Numbering, cited, resolved
from cnnviz_core.export.pandoc import SPACE, Blocks, Element, attributes, attributes_of, element, text

WIDTH = 110  # pixels on the screen for an inch of a picture: 6.5 inches fill the column of text


def body(chapter: Chapter, *, numbering: Numbering, bibliography: Path, folder: Path) -> str:
    """HTML of a chapter with references at its end. Pictures are looked up in `folder`; formulas are MathML."""
    document = resolved(chapter, numbering)
    blocks, entries = cited(document.blocks, bibliography, place=document.place)
    blocks, entries = _backlinks(blocks, entries)
    blocks = pandoc.rewrite(blocks, partial(_change, document=document, numbering=numbering, folder=folder))
    return pandoc.write(
        blocks + _references(entries), "--to=html5", "--mathml", "--reference-location=section", place=document.place
    )


def _change(item: Element, *, document: Document, numbering: Numbering, folder: Path) -> Element | list[Element]:
    match item["t"]:
        case "Header":
            return _header(item)
        case "Image":
            return _image(item, folder, document.place)
        case "Math":
            return _math(item)
        case "Table":
            return element("Div", attributes("", "table", role="region", tabindex="0", aria_label="Table"), [item])
        case "CodeBlock" if "cell" in attributes_of(item)[1]:
            opening = '<details class="code"><summary>Code</summary>'
            return [element("RawBlock", "html", opening), item, element("RawBlock", "html", "</details>")]
        case "Span" if "equation" in attributes_of(item)[1]:
            number = element("Span", attributes("", "number"), text(f"({dict(item['c'][0][2])['number']})"))
            return element("Span", attributes(item["c"][0][0], "equation"), [*item["c"][1], number])
        case "Link":
            return _link(item, document.chapter, numbering)
        case "Div" if (attributes_of(item)[1] or [""])[0] in BOXES:
            name, classes, pairs = item["c"][0]
            return element("Div", [name, classes, [*pairs, ["role", "note"]]], item["c"][1])
    return item


def _math(item: Element) -> Element:
    kind, tex = item["c"]
    formula = element("Math", kind, spaced(tex))
    return element("Span", attributes("", "display"), [formula]) if kind["t"] == "DisplayMath" else formula


def spaced(tex: str) -> str:
    """TeX with its thin space after names of functions written out, since MathML has none: exp x, but exp(x)."""
    return _FUNCTION.sub(r"\1\\,", tex)


_FUNCTION = re.compile(
    r"""(\\(?:exp|log|ln|sin|cos|tanh|max|min|arg|sup|inf|det)(?![A-Za-z])(?:_(?:\w|\{[^{}]*\}))?)\s*
    (?=[A-Za-z0-9]|\\(?!left|right|l?[vV]ert|lfloor|lceil|langle|big|Big|quad|limits|[^A-Za-z]))""",
    re.VERBOSE,
)


def _header(item: Element) -> Element:
    """With its number, and a link to itself."""
    level, (name, classes, pairs), words = item["c"]
    number = dict(pairs).get("number")
    start = [element("Span", attributes("", "number"), text(number)), SPACE] if number else []
    here = element("Link", attributes("", "anchor", aria_label="Link to this section"), text("#"), [f"#{name}", ""])
    return element("Header", level, [name, classes, []], [*start, *words, *([SPACE, here] if level > 1 else [])])


def _image(item: Element, folder: Path, place: str) -> list[Element]:
    """With its size, so that the page does not jump while it loads, and as a link to itself for zooming.

    After it, where it can be explored, the place of its explorer.
    """
    (name, classes, pairs), words, (source, title) = item["c"]
    explored = [value for key, value in pairs if key == "explorer"]
    pairs = [pair for pair in pairs if pair[0] != "explorer"]
    width, height = picture_size(folder / source, place)
    sizes = [["width", str(round(width * WIDTH))], ["height", str(round(height * WIDTH))]]
    picture = element("Image", [name, classes, [*pairs, *sizes]], words, [source, title])
    link = element("Link", attributes("", "zoom"), [picture], [source, ""])
    return [link, *(element("Span", attributes("", "explorer", data_figure=figure), []) for figure in explored)]


def picture_size(path: Path, place: str) -> tuple[float, float]:
    """Width and height in inches of a PNG file. A BuildError names the place where there is no such file."""
    if not path.is_file():
        raise BuildError(f"{place}: there is no picture {path.name}")
    with path.open("rb") as file:
        data = file.read(512)
    pixels = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    start = data.find(b"pHYs") + 4  # pixels per metre
    density = int.from_bytes(data[start : start + 4], "big") * 0.0254 if start > 3 else 100.0
    return pixels[0] / density, pixels[1] / density


def _link(item: Element, chapter: Chapter, numbering: Numbering) -> Element:
    """To the page of another chapter where it points at something there."""
    attribute, words, (target, title) = item["c"]
    place = numbering.get(target.removeprefix("#")) if target.startswith("#") else None
    if place is None or place.chapter == chapter.name:
        return item
    return element("Link", attribute, words, [f"{place.chapter}.html{target}", title])


def _backlinks(blocks: Blocks, entries: Blocks) -> tuple[Blocks, Blocks]:
    """Each citation with an id, and each entry followed by links back to the places where it is cited."""
    places: dict[str, list[str]] = {}

    def change(item: Element) -> Element:
        if item["t"] != "Link" or not item["c"][2][0].startswith("#ref-"):
            return item
        key = item["c"][2][0].removeprefix("#ref-")
        ids = places.setdefault(key, [])
        ids.append(f"cite-{key}-{len(ids) + 1}")
        return element("Link", attributes(ids[-1], "citation-link"), *item["c"][1:])

    blocks = pandoc.rewrite(blocks, change)
    return blocks, [_entry(entry, places) for entry in entries]


def _entry(entry: Element, places: dict[str, list[str]]) -> Element:
    (name, classes, pairs), content = entry["c"]
    ids = places.get(name.removeprefix("ref-"), [])
    back: list[Element] = []
    for i, place in enumerate(ids, 1):
        words = text("↩" if len(ids) == 1 else f"↩{i}")
        label = attributes("", "back", role="doc-backlink", aria_label=f"Back to citation {i}")
        back += [SPACE, element("Link", label, words, [f"#{place}", ""])]
    last = element(content[-1]["t"], [*content[-1]["c"], *back])
    return element("Div", [name, classes, pairs], [*content[:-1], last])


def _references(entries: Blocks) -> Blocks:
    if not entries:
        return []
    title = _header(element("Header", 2, attributes("references"), text("References")))
    return [title, element("Div", attributes("refs", "references"), entries)]
