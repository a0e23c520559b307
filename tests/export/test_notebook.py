"""Notebooks: what is in them, how they run, and how they are shown."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cnnviz_core.errors import BuildError
from cnnviz_core.export import notebook


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notebooks whose first code cell needs no book."""
    monkeypatch.setattr(notebook, "SETUP", "lab = None")


def cells(content: bytes, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(content)["cells"] if cell["cell_type"] == kind]


def outputs(content: bytes) -> list[Any]:
    return [output for cell in json.loads(content)["cells"] for output in cell.get("outputs", [])]


def test_title_and_setup_come_first_and_then_text_and_code_in_turn(sample: Any) -> None:
    made = notebook.notebook(sample.chapters[1], **sample.sources)
    kinds = [cell["cell_type"] for cell in json.loads(made)["cells"]]
    assert kinds == ["markdown", "code", "markdown", "code", "markdown"]
    assert cells(made, "markdown")[0].startswith("# 4 Occlusion\n")
    assert cells(made, "code") == [notebook.SETUP, 'total = sum(range(5))\nprint("the sum is", total)']
    assert "open_lab()" in notebook.SETUP


def test_numbers_are_those_of_the_page(sample: Any) -> None:
    text = "\n".join(cells(notebook.notebook(sample.chapters[1], **sample.sources), "markdown"))
    text = text.replace("\N{NO-BREAK SPACE}", " ")
    assert "By Equation 4.1 and Figure 4.1, unlike Figure 1.1, Table 4.1 says more" in text
    assert r"\tag{4.1}" in text
    assert "**Figure 4.1.** The curve" in text
    assert "**Table 4.1.** Classes" in text
    assert "> **Tendency: holds here.** It matters." in text
    assert "## 4.2 Exercises" in text
    assert "Halve the patch. (Or double it.)" in text
    assert "Zeiler, Matthew D." in text
    assert '<img src="../figures/curve.png" width="440"' in text


def test_hostile_names_are_shown_literally_and_are_no_formulas(browser: Any, sample: Any, hostile: str) -> None:
    """As HTML of nbconvert. A viewer's MathJax finds no pair of signs there: each is alone in its element."""
    import nbformat
    from nbconvert import HTMLExporter

    made = notebook.notebook(sample.chapters[1], **sample.sources)
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(nbformat.reads(made.decode(), as_version=4))
    page = sample.folder / "notebooks" / "shown.html"
    page.parent.mkdir()
    page.write_text(f'<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,">{body}', "utf-8")
    browser.problems.clear()
    browser.open(page)
    assert browser.problems == []
    paragraph = "[...document.querySelectorAll('p')].find(p => p.textContent.includes('A class:'))"
    assert f"A class: {hostile} end." in browser.evaluate(f"{paragraph}.textContent")
    signs = browser.evaluate(
        f"[...{paragraph}.querySelectorAll('span')].map(s => s.textContent).filter(t => /[$\\\\]/.test(t))"
    )
    assert signs == ["$", "$", "\\"]
    assert browser.evaluate("document.querySelector('img').alt") == f"A curve of {hostile}"
    assert browser.evaluate("document.querySelector('img').naturalWidth") == 800
    source = next(text for text in cells(made, "markdown") if "A class:" in text)
    assert "$" not in source.partition("A class:")[2].partition("end.")[0]


@pytest.mark.usefixtures("plain")
def test_it_runs_and_two_runs_give_the_same_bytes(sample: Any, same_sample: Any) -> None:
    runs = []
    for book in (sample, same_sample):
        made = notebook.notebook(book.chapters[1], **book.sources)
        assert outputs(made) == []
        runs.append(notebook.execute(made, book.folder, place="chapter 04_occlusion"))
    assert runs[0] == runs[1]
    assert [output["text"] for output in outputs(runs[0])] == [["the sum is 10\n"]]


SOURCE = """{"cells": [
 {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# T"]},
 {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": null, "outputs": [], "source": ["x = 1"]},
 {"cell_type": "code", "id": "c", "metadata": {}, "execution_count": null, "outputs": [], "source": [CODE]}],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"""


def run(code: str, folder: Path) -> list[Any]:
    source = SOURCE.replace("CODE", json.dumps(code)).encode()
    return outputs(notebook.execute(source, folder, place="chapter 04_occlusion"))


def test_a_failing_cell_is_named_with_its_exception(tmp_path: Path) -> None:
    said = r"^chapter 04_occlusion, notebook cell 3 \('x \+= 1' \.\.\.\): ZeroDivisionError: division by zero$"
    with pytest.raises(BuildError, match=said):
        run("x += 1\nx / 0", tmp_path)


def test_a_dying_kernel_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"chapter 04_occlusion, notebook cell 3 .*: its Python died"):
        run("import os; os._exit(1)", tmp_path)


def test_nothing_of_the_run_or_the_machine_is_left_in_the_outputs(tmp_path: Path) -> None:
    """It runs in its folder, by this Python; a warning shows no path with the number of the process."""
    code = "import os, sys, warnings; warnings.warn('careful'); print(os.getcwd()); print(sys.executable)"
    said = {output["name"]: "".join(output["text"]) for output in run(code, tmp_path)}
    assert said == {
        "stdout": f"{tmp_path.resolve()}\n{sys.executable}\n",
        "stderr": f"<cell>:1: UserWarning: careful\n  {code}\n",
    }
