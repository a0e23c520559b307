"""A book: figures, chapters, pages, PDF and notebooks, assembled in one folder with a manifest of what is in it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from cnnviz_core import files, manifest, tables, text
from cnnviz_core.configure import Settings, resource
from cnnviz_core.errors import BuildError
from cnnviz_core.export import page
from cnnviz_core.export.document import Chapter
from cnnviz_core.facts import Facts, versions
from cnnviz_core.notebook import LAB, lab_description
from cnnviz_core.printing import Printer
from cnnviz_core.progress import Reporter
from cnnviz_core.results import Made, Maker
from cnnviz_core.store import Inputs

TITLE = "Understanding and Visualizing Convolutional Neural Networks"


@dataclass(frozen=True)
class Builder:
    """Makes a book from settings. Every step goes through the store, so that only what changed is made again."""

    settings: Settings
    reporter: Reporter
    steps: dict[str, str] = field(default_factory=dict)  # the key of each step on which this book rests

    @cached_property
    def maker(self) -> Maker:
        return Maker(self.settings, self.reporter)

    @property
    def facts(self) -> Facts:
        return self.maker.facts

    @cached_property
    def sources(self) -> list[text.Source]:
        return text.sources(resource("chapters"), self.settings.chapters)

    @cached_property
    def figures(self) -> dict[str, str]:
        """The chapter of each figure, in the order of the text."""
        found: dict[str, str] = {}
        for source in self.sources:
            for name in source.figures:
                if name not in self.settings.figures:
                    raise BuildError(f"chapter {source.name}: figure {name!r} has no file in configs/figure")
                if name in found:
                    raise BuildError(f"chapter {source.name}: figure {name!r} is already in {found[name]}")
                found[name] = source.name
        return found

    @cached_property
    def made(self) -> dict[str, Made]:
        """Every figure of the book, made where that is needed, its picture in the book's folder."""
        self.maker.check_settings(list(self.figures))
        made = {}
        for name in self.reporter.track(list(self.figures), "figures", len(self.figures)):
            made[name] = figure = self.maker.make(name)
            self.steps.update({f"results/{name}": figure.key, f"pictures/{name}": figure.folder.name})
            for place, path in figure.files.items():
                files.write_if_changed(self.settings.folder / place, path.read_bytes())
        return made

    @cached_property
    def chapters(self) -> list[Chapter]:
        """The chapters as Markdown."""
        rendered = {source.name: text.rendered(source, self.made, self._told) for source in self.sources}
        return [Chapter(name, text.title(markdown, name), markdown) for name, markdown in rendered.items()]

    @cached_property
    def _told(self) -> dict[str, Any]:
        """What every chapter can print about the book, besides its figures."""
        made = list(self.made.values())
        seed, device = self.settings.seed, self.maker.device
        return {
            "model": self.facts["model"],
            "dataset": self.facts["dataset"],
            "device": device,
            "reproducible": device == "cpu",
            "counts": text.counts([claim for figure in made for claim in figure.claims]),
            "layer_table": partial(tables.layer_table, self.facts),
            "claims_table": partial(tables.claims_table, made),
            "figures_table": partial(tables.figures_table, made, self.figures),
            "provenance_table": partial(
                tables.provenance_table, self.facts, seed, device, versions(*manifest.REPORTED)
            ),
        }

    @cached_property
    def described(self) -> page.Book:
        """What the pages and the PDF say about the book."""
        model, data, device = self.facts["model"], self.facts["dataset"], self.maker.device
        told = {
            "Model": f"{model['name']} (weights: {model['weights']})",
            "Images": f"{data['name']}: {data['images']} images in {data['classes']} classes",
            "Seed": str(self.settings.seed),
        }
        if device != "cpu":
            told["Device"] = f"{device}: numbers are reproducible within a tolerance only"
        return page.Book(self.settings.book, TITLE, told, self.chapters)

    @cached_property
    def printer(self) -> Printer:
        return Printer(
            self.settings, self.reporter, self._fetch, self.facts, self.described,
            shown={chapter.name: self._shown([chapter]) for chapter in self.chapters}, provenance=self._provenance,
        )  # fmt: skip

    def _fetch(self, step: str, inputs: Inputs, make: Callable[[Path], None]) -> Path:
        path = self.settings.store.fetch(step, inputs, make)
        self.steps[step] = path.name
        return path

    def _shown(self, chapters: Sequence[Chapter]) -> list[Made]:
        names = {chapter.name for chapter in chapters}
        return [made for made in self.made.values() if self.figures[made.name] in names]

    def _provenance(self, chapters: Sequence[Chapter]) -> dict[str, Any]:
        return manifest.provenance(
            book=self.settings.book, seed=self.settings.seed, device=self.maker.device, facts=self.facts,
            figures=self._shown(chapters), chapters=self.figures,
        )  # fmt: skip

    def _products(self) -> dict[str, bytes]:
        """Every file of the book but the manifest and the timings, by its place."""
        printer, lab = self.printer, lab_description(self.settings).encode()
        files.write_if_changed(self.settings.folder / LAB, lab)
        found: dict[str, Path] = {}
        for made in self.made.values():
            found |= made.files
            if made.labelling is not None:
                found["label.html"] = printer.labels(made)
        for chapter in self.reporter.track(self.chapters, "chapters", len(self.chapters)):
            found[f"{chapter.name}.html"] = printer.page(chapter)
            found[f"pdf/{chapter.name}.pdf"] = printer.pdf([chapter], chapter.name)
            found[f"notebooks/{chapter.name}.ipynb"] = printer.notebook(chapter)
        found["notes.pdf"] = printer.pdf(self.chapters, "notes")
        left_out = self.facts["dataset"]["left_out"]
        notes = {"Images that could not be read": left_out} if left_out else {}
        return {
            **{place: path.read_bytes() for place, path in found.items()},
            **{f"_page/{name}": content for name, content in page.assets(printer.frame).items()},
            "index.html": page.book_page(
                printer.frame, book=self.described, notes=notes, labelled="label.html" in found
            ).encode(),
            LAB: lab,
        }

    def build(self) -> dict[str, Any]:
        """Make the book and write its manifest, which is returned. Files that the book no longer has are removed."""
        products = self._products()
        whole = self._provenance(self.chapters) | {
            "chapters": manifest.chapter_entries(self.chapters, self.figures),
            "files": {place: manifest.sha256(content) for place, content in sorted(products.items())},
        }
        folder = self.settings.folder
        for place in set(manifest.read(folder).get("files", {})) - set(products):
            (folder / place).unlink(missing_ok=True)
        for place, content in products.items():
            files.write_if_changed(folder / place, content)
        files.write_if_changed(folder / "manifest.json", manifest.encoded(whole))
        seconds = {step: self.settings.store.seconds(step, key) for step, key in sorted(self.steps.items())}
        files.write_if_changed(folder / "timings.json", manifest.encoded(seconds))
        files.write_if_changed(record(self.settings), manifest.encoded(self.steps))
        self._shelve()
        return whole

    def _shelve(self) -> None:
        """List all books that lie side by side."""
        books = []
        for path in sorted(self.settings.build.glob("*/manifest.json")):
            other = json.loads(path.read_text(encoding="utf-8"))
            chapters = [Chapter(name, entry["title"], "") for name, entry in other["chapters"].items()]
            told = {"Model": other["model"]["name"], "Images": other["dataset"]["name"]}
            books.append(page.Book(path.parent.name, TITLE, told, chapters))
        content = page.shelf_page(self.printer.frame, books=books)
        files.write_if_changed(self.settings.build / "index.html", content.encode())


def record(settings: Settings) -> Path:
    """The file that holds the keys of the steps on which a book, as it was last built, rests."""
    return settings.store.root / "books" / f"{settings.book}.json"
