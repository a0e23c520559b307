"""Chapters as pages, PDF files and notebooks, each through the store."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cnnviz_core import files, manifest, text
from cnnviz_core.configure import Settings, resource
from cnnviz_core.export import html, notebook, page
from cnnviz_core.export.document import Chapter, Target, numbering
from cnnviz_core.facts import Facts, versions
from cnnviz_core.notebook import lab_description
from cnnviz_core.progress import Reporter
from cnnviz_core.results import Made
from cnnviz_core.sources import code_digest, file_digest
from cnnviz_core.store import Inputs

_TOOLS = ("pypandoc_binary", "typst", "nbformat", "nbclient", "nbconvert", "ipykernel", "jinja2")
_EXPORT = ("cnnviz_core.export.page", "cnnviz_core.export.pdf", "cnnviz_core.export.notebook")

Fetch = Callable[[str, Inputs, Callable[[Path], None]], Path]


@dataclass(frozen=True)
class Printer:
    """Prints the chapters of one book, whose pictures lie in its folder already."""

    settings: Settings
    reporter: Reporter
    fetch: Fetch  # of the store
    facts: Facts
    book: page.Book
    shown: Mapping[str, Sequence[Made]]  # the figures of each chapter
    provenance: Callable[[Sequence[Chapter]], Mapping[str, Any]]

    @cached_property
    def bibliography(self) -> Path:
        return resource("chapters") / "references.bib"

    @cached_property
    def frame(self) -> Path:
        return resource("chapters") / "_page"

    @cached_property
    def _tools(self) -> dict[str, str]:
        numbers = {f"version of {name}": number for name, number in versions(*_TOOLS).items()}
        return numbers | {"code of export": code_digest(*_EXPORT)}

    @cached_property
    def numbering(self) -> dict[str, Target]:
        """What can be referred to: figures, equations, tables and sections by id."""

        def make(folder: Path) -> None:
            found = {name: asdict(target) for name, target in numbering(self.book.chapters).items()}
            (folder / "numbering.json").write_text(json.dumps(found))

        texts = {f"text of {chapter.name}": files.digest(chapter.markdown) for chapter in self.book.chapters}
        path = self.fetch("numbering", texts | self._tools, make)
        return {name: Target(**target) for name, target in json.loads((path / "numbering.json").read_text()).items()}

    def page(self, chapter: Chapter) -> Path:
        """The page of a chapter."""

        def make(folder: Path) -> None:
            self.reporter.say(f"{chapter.name}: page")
            body = html.body(chapter, **self._places)
            content = page.chapter_page(self.frame, book=self.book, chapter=chapter, body=body)
            (folder / "page.html").write_text(content, encoding="utf-8")

        contents = json.dumps([[other.name, other.title] for other in self.book.chapters])
        inputs = self._inputs([chapter]) | self._sizes(chapter) | {"contents": contents, "title": self.book.title}
        return self.fetch(f"pages/{chapter.name}", inputs, make) / "page.html"

    def labels(self, made: Made) -> Path:
        """The page in which readers label the images of a figure."""

        def make(folder: Path) -> None:
            script = (made.folder / f"{made.name}.{made.labelling}").read_text(encoding="utf-8")
            content = page.label_page(self.frame, book=self.book, script=script)
            (folder / "page.html").write_text(content, encoding="utf-8")

        about = json.dumps([self.book.name, self.book.title, dict(self.book.facts)])
        inputs = self._tools | {"picture": made.folder.name, "frame": self._frame, "about": about}
        return self.fetch("pages/label", inputs, make) / "page.html"

    def pdf(self, chapters: Sequence[Chapter], name: str) -> Path:
        """These chapters as one PDF file, with what its numbers rest on attached."""
        attached = json.dumps(self.provenance(chapters), indent=1)

        def make(folder: Path) -> None:
            from cnnviz_core.export.pdf import pdf

            self.reporter.say(f"{name}: PDF")
            template = (self.frame / "notes.typ").read_text(encoding="utf-8")
            content = pdf(
                chapters, **self._places, template=template, title=self.book.title, facts=self.book.facts,
                manifest=attached,
            )  # fmt: skip
            (folder / "notes.pdf").write_bytes(content)

        pictures = {f"picture {made.name}": made.folder.name for other in chapters for made in self.shown[other.name]}
        inputs = self._inputs(chapters) | pictures | {"attached": files.digest(attached), "title": self.book.title}
        return self.fetch(f"pdf/{name}", inputs | {"facts": json.dumps(dict(self.book.facts))}, make) / "notes.pdf"

    def notebook(self, chapter: Chapter) -> Path:
        """The chapter as an executed notebook."""

        def make(folder: Path) -> None:
            self.reporter.say(f"{chapter.name}: running its notebook")
            inside = self.settings.folder / "notebooks"
            inside.mkdir(parents=True, exist_ok=True)
            source = notebook.notebook(chapter, **self._places)
            done = notebook.execute(source, inside, place=f"chapter {chapter.name}")
            (folder / "notebook.ipynb").write_bytes(done)

        used = text.imported(chapter.markdown)
        inputs = self._inputs([chapter]) | self._sizes(chapter) | {
            "lab": lab_description(self.settings),
            "model": self.facts["model"]["fingerprint"],
            "dataset": self.facts["dataset"]["fingerprint"],
            "code of cells": code_digest("cnnviz_core.notebook", *used) + file_digest(*used),
            **{f"version of {name}": number for name, number in versions(*manifest.REPORTED).items()},
        }  # fmt: skip
        return self.fetch(f"notebooks/{chapter.name}", inputs, make) / "notebook.ipynb"

    @cached_property
    def _frame(self) -> str:
        return files.digest(*(path.read_bytes() for path in sorted(self.frame.iterdir())))

    @property
    def _places(self) -> dict[str, Any]:
        return {"numbering": self.numbering, "bibliography": self.bibliography, "folder": self.settings.folder}

    def _inputs(self, chapters: Sequence[Chapter]) -> dict[str, str]:
        """What everything that is written from these chapters depends on."""
        places = {name: asdict(place) for name, place in self.numbering.items()}
        return self._tools | {
            **{f"text of {chapter.name}": files.digest(chapter.markdown) for chapter in chapters},
            "numbering": files.digest(json.dumps(places)),
            "bibliography": files.digest(self.bibliography.read_bytes()),
            "frame": self._frame,
        }

    def _sizes(self, chapter: Chapter) -> dict[str, str]:
        """The sizes of its pictures, which pages print; the head of a PNG file says them."""
        pictures = [path for made in self.shown[chapter.name] for path in made.files.values()]
        return {f"size of {path.stem}": files.digest(path.read_bytes()[:64]) for path in pictures
                if path.suffix == ".png"}  # fmt: skip
