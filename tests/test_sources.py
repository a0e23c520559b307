"""Which edits of code count as a change of a figure's numbers."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnviz_core import sources

FIGURE = '''
"""A figure."""
from dataclasses import dataclass
from cnnviz_core.figure import Figure, Result
from cnnviz_core.methods.planted import method
from cnnviz_core import style

def helper(x):
    return x + 1

def label(x):
    return f"{x}"

class Planted(Figure):
    """Doc."""
    def compute(self, lab):
        return Result({}, {"a": helper(method(1))})  # comment

    def draw(self, result):
        return style.picture(label(1))

    def claims(self, stats):
        return []

    def alt(self, stats):
        return "x"
'''
METHOD = '"""A method."""\n\n\ndef method(x):\n    """Doc."""\n    return 2 * x\n'


class Planted:
    """A figure and a method added to a copy of our own code."""

    def __init__(self, root: Path) -> None:
        self.figure, self.method = root / "figures" / "planted.py", root / "methods" / "planted.py"
        self.write(FIGURE, METHOD)

    def write(self, figure: str, method: str) -> str:
        self.figure.write_text(figure)
        self.method.write_text(method)
        clear()
        return sources.compute_digest("cnnviz_core.figures.planted")


def clear() -> None:
    for function in (sources.code_digest, sources.compute_digest, sources.draw_digest, sources.file_digest):
        function.cache_clear()


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Planted]:
    root = tmp_path / "cnnviz_core"
    shutil.copytree(sources.ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "ROOT", root)
    yield Planted(root)
    assert "cnnviz_core.methods.planted" not in sys.modules, "reading code must not run it"
    clear()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return style.picture(label(1))", "return style.picture(label(2))"),
        ("return []", "return [1]"),
        ('return "x"', 'return "y"'),
        ('return f"{x}"', 'return f"<{x}>"'),
        ("# comment", "# another comment"),
        ('"""Doc."""', '"""Other doc."""'),
    ],
)
def test_edits_of_drawing_and_words_compute_nothing(planted: Planted, old: str, new: str) -> None:
    assert old in FIGURE
    before = planted.write(FIGURE, METHOD)
    assert planted.write(FIGURE.replace(old, new), METHOD) == before


@pytest.mark.parametrize(("old", "new"), [("method(1)", "method(2)"), ("return x + 1", "return x + 2")])
def test_edits_of_compute_count(planted: Planted, old: str, new: str) -> None:
    before = planted.write(FIGURE, METHOD)
    assert planted.write(FIGURE.replace(old, new), METHOD) != before


def test_edits_of_an_imported_method_count_but_not_of_its_docstring(planted: Planted) -> None:
    before = planted.write(FIGURE, METHOD)
    assert planted.write(FIGURE, METHOD.replace("2 * x", "3 * x")) != before
    assert planted.write(FIGURE, METHOD.replace("Doc.", "Words.")) == before


@pytest.mark.parametrize(
    ("figure", "method"),
    [
        (FIGURE.replace("label(1)", "label(2)"), METHOD),
        (FIGURE.replace("return []", "return [1]"), METHOD),
        (FIGURE, METHOD.replace("2 * x", "3 * x")),
    ],
)
def test_edits_of_the_drawing_and_of_what_it_uses_draw_again(planted: Planted, figure: str, method: str) -> None:
    planted.write(FIGURE, METHOD)
    before = sources.draw_digest("cnnviz_core.figures.planted")
    planted.write(figure, method)
    assert sources.draw_digest("cnnviz_core.figures.planted") != before


def test_a_method_that_only_the_drawing_uses_computes_nothing_but_draws_again(planted: Planted) -> None:
    drawn = FIGURE.replace("method(1)", "1").replace("label(1)", "label(method(1))")
    before = planted.write(drawn, METHOD), sources.draw_digest("cnnviz_core.figures.planted")
    after = planted.write(drawn, METHOD.replace("2 * x", "3 * x")), sources.draw_digest("cnnviz_core.figures.planted")
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_an_edit_of_the_sweep_counts_for_figures_that_sweep_and_for_no_others(planted: Planted) -> None:
    sweeping = FIGURE.replace("helper(method(1))", "helper(lab.sweep().logits[0, 0])")
    before = planted.write(FIGURE, METHOD), planted.write(sweeping, METHOD)
    for edited in ("sweep/gather.py", "methods/map_scan.py", "methods/strongest.py", "sweep/request.py"):
        path = sources.ROOT / edited
        text = path.read_text()
        path.write_text(text + "\n\nADDED = 1\n")
        after = planted.write(FIGURE, METHOD), planted.write(sweeping, METHOD)
        path.write_text(text)
        assert after[0] == before[0], edited
        assert after[1] != before[1], edited


def test_a_sweep_that_only_the_drawing_names_counts_for_nothing(planted: Planted) -> None:
    drawn = FIGURE.replace("style.picture(label(1))", "style.picture(label(self.sweep))")
    before = planted.write(drawn, METHOD)
    path = sources.ROOT / "sweep" / "gather.py"
    path.write_text(path.read_text() + "\n\nADDED = 1\n")
    assert planted.write(drawn, METHOD) == before


def test_imports_for_the_checking_of_types_do_not_count(planted: Planted) -> None:
    checked = (
        FIGURE + "\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import cnnviz_core.methods.occlusion\n"
    )
    planted.write(checked, METHOD)
    assert "cnnviz_core.methods.occlusion" not in sources._imports(sources._tree("cnnviz_core.figures.planted"))
