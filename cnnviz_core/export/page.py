"""Whole pages: the frames of chapters/_page around the text of chapters and the lists of what there is."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from cnnviz_core.export.document import Chapter, sections, summary

MATH_FONT = "stix-two-math.woff2"


@dataclass(frozen=True)
class Book:
    """What the pages say about a book."""

    name: str  # its folder
    title: str
    facts: Mapping[str, str]  # model, data, seed, ..., as plain text
    chapters: Sequence[Chapter]


def assets(frame: Path) -> dict[str, bytes]:
    """The files that every page needs, by name, to lie in `_page/` beside the pages.

    The font is inside of a style sheet, since Firefox loads no font files into pages that are files themselves.
    """
    font = base64.b64encode((frame / MATH_FONT).read_bytes()).decode()
    face = f'@font-face {{ font-family: "STIX Two Math"; src: url(data:font/woff2;base64,{font}) format("woff2"); }}\n'
    copied = ("page.css", "page.js", "explorer.js", "stix-two-math-license.txt")
    return {"math.css": face.encode(), **{name: (frame / name).read_bytes() for name in copied}}


def chapter_page(frame: Path, *, book: Book, chapter: Chapter, body: str) -> str:
    """The page of a chapter, `<name>.html` in the book's folder."""
    place = [other.name for other in book.chapters].index(chapter.name)
    return _rendered(
        frame,
        "chapter.html.j2",
        book=book,
        chapter=chapter,
        body=body,
        explored='class="explorer"' in body,
        sections=sections(chapter),
        previous=book.chapters[place - 1] if place else None,
        next=book.chapters[place + 1] if place + 1 < len(book.chapters) else None,
    )


def book_page(frame: Path, *, book: Book, notes: Mapping[str, Sequence[str]], labelled: bool = False) -> str:
    """The page of a book, index.html. `notes` are lists of plain text by heading, such as images left out.

    `labelled` says whether there is a page in which readers label the images themselves.
    """
    return _rendered(frame, "book.html.j2", book=book, notes=notes, summary=summary, labelled=labelled)


def label_page(frame: Path, *, book: Book, script: str) -> str:
    """The page in which readers label images, label.html. It needs no other file; `script` is what it asks about."""
    parts = {name: (frame / name).read_text("utf-8") for name in ("page.css", "label.css", "label.js")}
    return _rendered(frame, "label.html.j2", book=book, script=script, parts=parts)


def shelf_page(frame: Path, *, books: Sequence[Book]) -> str:
    """The page that lists all books, one folder above theirs. It needs no other file."""
    return _rendered(frame, "shelf.html.j2", books=books, style=(frame / "page.css").read_text("utf-8"))


def _rendered(frame: Path, name: str, **values: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(frame),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name).render(values)
