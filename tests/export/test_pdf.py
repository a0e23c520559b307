"""PDF files, read back by poppler's tools."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cnnviz_core.errors import BuildError
from cnnviz_core.export.document import Chapter
from cnnviz_core.export.pdf import pdf

FRAME = Path(__file__).parents[2] / "chapters" / "_page"
TEMPLATE = (FRAME / "notes.typ").read_text("utf-8")

SIGNS = (r"\cap \sqcap \ominus \otimes \odot \bigcap \bigotimes \bigodot \boxtimes \boxminus \boxdot \ltimes \rtimes",
         r"\mp \pm \times \cdot \div \circ \ast \oplus \bigoplus \cup \in \subset \subseteq \setminus",
         r"\emptyset \forall \exists \leq \geq \ll \gg \approx \sim \propto \equiv \mid \parallel \to \mapsto \infty",
         r"\nabla \partial \ell \top \bot \land \lor \sum \prod \int \ldots \cdots \dot{x} \ddot{x}",
         r"\hat{x} \tilde{x} \bar{x} \vec{x} \mathbb{R} \mathcal{N} \mathbf{x} \boldsymbol{\theta}",
         r"\langle x\rangle \lfloor x\rfloor \lceil x\rceil \lvert x\rvert",
         r"\lVert x\rVert \Big|_x \underbrace{x}_y \operatorname{relu}(x)",
         r"\begin{aligned}a&=b\\c&=d\end{aligned}")  # fmt: skip
SHOWN = "∩⊓⊖⊗⊙⋂⨂⨀⊠⊟⊡⋉⋊∓±×⋅÷∘∗⊕⨁∪∈⊂⊆∅∀∃≤≥≪≫≈∼∝≡∥→↦∞∇𝜕ℓ⊤⊥∧∨∑∏∫…⋯ℝ⟨⟩⌊⌋⌈⌉"


def made(sample: Any, chapters: Sequence[Chapter], **changes: Any) -> bytes:
    options = sample.sources | {"template": TEMPLATE, "title": "Notes", "facts": {"Model": "net <b>"}} | changes
    return pdf(chapters, **options)


def told(content: bytes, program: str, *options: str) -> str:
    """What a tool of poppler says about a PDF."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} (poppler) is not installed")
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(content)
        file.flush()
        output = {"pdftotext": ["-"], "pdftohtml": ["-stdout"]}.get(program, [])
        command = [program, *options, file.name, *output]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def test_the_book_has_a_title_page_contents_chapters_and_works(sample: Any) -> None:
    pages = told(made(sample, sample.chapters), "pdftotext", "-layout").split("\f")
    assert "Notes" in pages[0]
    assert "net <b>" in pages[0]
    assert re.search(r"4\s+Occlusion[ .\u2060]+3", pages[1])
    assert re.search(r"4\.1\s+The map[ .\u2060]+3", pages[1])
    assert "Chapter 4" in pages[3]
    assert pages[3].rstrip().endswith("3")
    assert "Zeiler, Matthew D." in pages[5]


def test_it_says_what_the_page_says_but_for_the_code(sample: Any) -> None:
    text = told(made(sample, sample.chapters[1:]), "pdftotext", "-raw").replace("\N{NO-BREAK SPACE}", " ")
    assert "By Equation 4.1 and Figure 4.1, unlike Figure 1.1, Table 4.1 says more" in text
    for label in ("Figure 4.1. The curve", "Figure 4.2. Not made", "Table 4.1. Classes", "(4.1)", "4.2 Exercises"):
        assert label in text
    assert "total = sum" not in text


def test_hostile_names_are_shown_literally(sample: Any, hostile: str) -> None:
    text = told(made(sample, sample.chapters[1:]), "pdftotext", "-raw")
    assert f"A class: {hostile} end." in " ".join(text.split())


def test_chapters_and_sections_are_bookmarks(sample: Any) -> None:
    outline = told(made(sample, sample.chapters), "pdftohtml", "-xml", "-i").partition("<outline>")[2]
    titles = re.findall(r'<item page="(\d+)">([^<]*)', outline)
    assert titles == [("3", "1 Filters"), ("4", "4 Occlusion"), ("4", "4.1 The map"), ("5", "4.2 Exercises"),
                      ("6", "References")]  # fmt: skip


def test_it_is_tagged_and_has_alternative_texts_and_the_manifest(sample: Any) -> None:
    content = made(sample, sample.chapters, manifest='{"schema": 1}')
    assert re.search(r"Tagged: +yes", told(content, "pdfinfo"))
    assert b"/Alt(A grid of filters)" in content.replace(b"/Alt (", b"/Alt(")
    if shutil.which("pdfdetach"):
        assert "manifest.json" in told(content, "pdfdetach", "-list")


def test_the_same_text_gives_the_same_bytes_anywhere(sample: Any, same_sample: Any) -> None:
    first = made(sample, sample.chapters, manifest="{}")
    assert first == made(same_sample, same_sample.chapters, manifest="{}")
    assert "1970" in re.findall("CreationDate.*", told(first, "pdfinfo"))[0]


def test_a_drawing_is_taken_as_such_and_a_photo_as_pixels(sample: Any) -> None:
    """SVG with pixels in it is not used: viewers of PDF would blur them."""
    before = made(sample, sample.chapters[1:])
    vector = sample.folder / "figures" / "curve.svg"
    start = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="200">'
    vector.write_text(f'{start}<image href="data:image/png;base64,iVBORw0KGgo="/></svg>')
    assert made(sample, sample.chapters[1:]) == before
    vector.write_text(f'{start}<path d="M0 0L400 200" stroke="red"/></svg>')
    drawn = made(sample, sample.chapters[1:])
    assert drawn != before
    assert "image" not in told(drawn, "pdfimages", "-list")


def test_letters_that_no_font_has_do_not_stop_it(sample: Any) -> None:
    chapter = Chapter("02_names", "Names", "# Names\n\nThe classes \U0001363a and zebra.\n")
    assert "and zebra." in told(made(sample, [chapter]), "pdftotext")


def test_signs_of_formulas_survive(sample: Any) -> None:
    formulas = "\n\n".join(f"${line}$" for line in SIGNS)
    text = told(made(sample, [Chapter("02_signs", "Signs", f"# Signs\n\n{formulas}\n")]), "pdftotext", "-raw")
    assert [sign for sign in SHOWN if sign not in text] == []


def test_bars_of_an_absolute_value_are_fences(sample: Any) -> None:
    """Else Typst would set them apart from what they enclose, like the bar of a condition."""

    def typeset(tex: str) -> bytes:
        return made(sample, [Chapter("02_bars", "Bars", f"# Bars\n\n$a {tex} b$\n")])

    words = told(typeset(r"\lvert x_u \rvert"), "pdftotext", "-bbox")
    fences = told(typeset(r"\left| x_u \right|"), "pdftotext", "-bbox")
    assert words == fences


def test_an_unknown_work_names_the_chapter(sample: Any) -> None:
    with pytest.raises(BuildError, match=r"chapter 02_a: references\.bib has no work 'nobody1999'"):
        made(sample, [Chapter("02_a", "A", "# A\n\n@nobody1999\n")])
