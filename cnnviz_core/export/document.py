"""A chapter's text with its figures, tables, equations and sections numbered, references and citations resolved."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cnnviz_core.errors import BuildError, nearest
from cnnviz_core.export import pandoc
from cnnviz_core.export.pandoc import SPACE, Blocks, Element, attributes, attributes_of, element, text

KINDS = {"fig": "Figure", "tbl": "Table", "eq": "Equation", "sec": "Section"}

BOXES = ("claim", "unmade", "exercise", "pitfall", "original")
"""Classes of Divs that are set apart from the text."""

_EQUATION_ID = re.compile(r"\{#(eq:[^}\s]+)\}(.*)", re.DOTALL)


@dataclass(frozen=True)
class Chapter:
    """A chapter as pandoc Markdown. Its name begins with its number: 04_occlusion is chapter 4."""

    name: str
    title: str
    markdown: str

    @property
    def number(self) -> int:
        return int(self.name.partition("_")[0])


@dataclass(frozen=True)
class Target:
    """What a reference can point at."""

    label: str  # what is printed: Figure 4.1
    chapter: str  # the name of the chapter that it is in


Numbering = Mapping[str, Target]
"""By id (fig:occlusion_heatmap), for the whole book."""


@dataclass(frozen=True)
class Document:
    """A numbered chapter: its syntax tree, and what can be referred to in it."""

    chapter: Chapter
    blocks: Blocks
    targets: Numbering

    @property
    def place(self) -> str:
        return f"chapter {self.chapter.name}"


class _Counter:
    """Hands out the numbers of one chapter in the order of its text."""

    def __init__(self, chapter: Chapter) -> None:
        self.chapter = chapter
        self.counts = dict.fromkeys(KINDS, 0)
        self.targets: dict[str, Target] = {}

    def label(self, name: str) -> str:
        """The label of the next thing of its kind, which is recorded under its id."""
        kind = name.partition(":")[0]
        self.counts[kind] += 1
        return self.record(name, f"{KINDS[kind]} {self.chapter.number}.{self.counts[kind]}")

    def record(self, name: str, label: str) -> str:
        if name in self.targets:
            raise BuildError(f"chapter {self.chapter.name}: the id {name!r} is given twice")
        if name:
            self.targets[name] = Target(label, self.chapter.name)
        return label


@lru_cache(maxsize=256)
def numbered(chapter: Chapter) -> Document:
    """The chapter with a number in each heading (attribute `number`), caption and equation that has an id.

    A Div with the id of a figure counts as that figure, so that numbers stay the same where it cannot be made.
    """
    counter = _Counter(chapter)
    blocks = pandoc.read(chapter.markdown, place=f"chapter {chapter.name}")
    blocks = pandoc.rewrite([_equations(block) for block in blocks], lambda item: _number(item, counter))
    return Document(chapter, blocks, counter.targets)


def numbering(chapters: Sequence[Chapter]) -> Numbering:
    """What can be referred to in a book. An id that is given twice is a BuildError."""
    found: dict[str, Target] = {}
    for chapter in chapters:
        for name, target in numbered(chapter).targets.items():
            if name in found:
                raise BuildError(f"chapter {chapter.name}: the id {name!r} is also given in {found[name].chapter}")
            found[name] = target
    return found


def _number(item: Element, counter: _Counter) -> Element:
    if item["t"] == "Header":
        return _numbered_header(item, counter)
    name = attributes_of(item)[0]
    if item["t"] in ("Figure", "Table", "Div") and name.startswith(("fig:", "tbl:")):
        return _labelled(item, counter.label(name))
    if item["t"] == "Span" and name.startswith("eq:"):
        number = counter.label(name).partition(" ")[2]
        return element("Span", attributes(name, "equation", number=number), item["c"][1])
    return item


def _numbered_header(item: Element, counter: _Counter) -> Element:
    level, (name, classes, pairs), words = item["c"]
    if level > 2 or "unnumbered" in classes:
        return item
    if level == 1:
        number = str(counter.chapter.number)
        counter.record(name, f"Chapter {number}")
    else:
        counter.counts["sec"] += 1
        number = f"{counter.chapter.number}.{counter.counts['sec']}"
        counter.record(name if name.startswith("sec:") else "", f"Section {number}")
    return element("Header", level, [name, classes, [*pairs, ["number", number]]], words)


def _labelled(item: Element, label: str) -> Element:
    """A figure, table or box whose caption, or first paragraph, begins with its label."""
    start = [element("Strong", text(f"{label}.")), SPACE]
    blocks = item["c"][1] if item["t"] == "Div" else item["c"][1][1]
    first, rest = (blocks[0], blocks[1:]) if blocks and blocks[0]["t"] in ("Plain", "Para") else (None, blocks)
    words = [element("Plain" if first is None else first["t"], start + (first["c"] if first else [])), *rest]
    content = [*item["c"]]
    content[1] = words if item["t"] == "Div" else [item["c"][1][0], words]
    return {"t": item["t"], "c": content}


def _equations(node: Any) -> Any:
    """Display math that is followed by {#eq:name}, together as a Span of that id."""
    if isinstance(node, dict):
        return {key: _equations(value) for key, value in node.items()}
    if not isinstance(node, list):
        return node
    found: list[Any] = []
    for item in map(_equations, node):
        match = _EQUATION_ID.fullmatch(item["c"]) if isinstance(item, dict) and item.get("t") == "Str" else None
        formula = next((i for i in (-1, -2) if match and len(found) >= -i and _is_display(found[i])), None)
        if match is None or formula is None:
            found.append(item)
            continue
        found[formula:] = [element("Span", attributes(match[1]), [found[formula]])]
        found += [element("Str", match[2])] if match[2] else []
    return found


def _is_display(item: Any) -> bool:
    return isinstance(item, dict) and item.get("t") == "Math" and item["c"][0]["t"] == "DisplayMath"


def resolved(chapter: Chapter, numbering: Numbering) -> Document:
    """The numbered chapter with its references as links of class `reference`. An unknown id is a BuildError."""
    document = numbered(chapter)

    def change(item: Element) -> Element | list[Element]:
        if item["t"] != "Cite":
            return item
        known = [citation["citationId"].partition(":")[0] in KINDS for citation in item["c"][0]]
        if not any(known):
            return item
        if not all(known):
            raise BuildError(f"{document.place}: {pandoc.plain(item)} mixes references and citations")
        return _reference(item["c"][0], numbering, document.place)

    return replace(document, blocks=pandoc.rewrite(document.blocks, change))


def _reference(citations: list[Element], numbering: Numbering, place: str) -> list[Element]:
    """Inlines for @fig:a, -@fig:a (the number alone) or [see @fig:a, left; @fig:b] (in parentheses)."""
    inlines: list[Element] = []
    for i, citation in enumerate(citations):
        name = citation["citationId"]
        if name not in numbering:
            raise BuildError(f"{place}: there is nothing with the id {name!r} to refer to{nearest(name, numbering)}")
        label, mode = numbering[name].label, citation["citationMode"]["t"]
        words = label.partition(" ")[2] if mode == "SuppressAuthor" else label
        before = [*citation["citationPrefix"], SPACE] if citation["citationPrefix"] else []
        inlines += [element("Str", "; ")] if i else []
        inlines += [*before, element("Link", attributes("", "reference"), text(words), [f"#{name}", ""])]
        inlines += citation["citationSuffix"]
    bare = len(citations) == 1 and citations[0]["citationMode"]["t"] != "NormalCitation"
    return inlines if bare else [element("Str", "("), *inlines, element("Str", ")")]


def cited(blocks: Blocks, bibliography: Path, *, place: str) -> tuple[Blocks, Blocks]:
    """The blocks with citations written out, and an entry for each work that is cited. No such work: BuildError."""
    try:
        blocks = pandoc.cite(blocks, bibliography, place=place)
    except BuildError as error:
        missing = re.search(r"citation (\S+) not found", str(error))
        if missing is None:
            raise
        keys = re.findall(r"@\w+\{\s*([^,\s]+)", bibliography.read_text("utf-8"))
        near = nearest(missing[1], keys)
        raise BuildError(f"{place}: {bibliography.name} has no work {missing[1]!r}{near}") from None
    if blocks and attributes_of(blocks[-1])[0] == "refs":
        return blocks[:-1], blocks[-1]["c"][1]
    return blocks, []


def summary(chapter: Chapter, length: int = 120) -> str:
    """The first sentences of a chapter, without markup: as many as it takes to be of that length."""
    paragraphs = (pandoc.plain(block) for block in numbered(chapter).blocks if block["t"] == "Para")
    words = ""
    for sentence in re.split(r"(?<=[.!?])\s", next(paragraphs, "")):
        if len(words) < length:
            words = f"{words} {sentence}".strip()
    return words


def sections(chapter: Chapter) -> list[tuple[str, str, str]]:
    """Id, number and title of each section, for a table of contents."""
    headers = [block["c"] for block in numbered(chapter).blocks if block["t"] == "Header" and block["c"][0] == 2]
    return [(names[0], dict(names[2]).get("number", ""), pandoc.plain(words)) for _, names, words in headers]
