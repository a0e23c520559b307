"""A small book built for real: what is made again when, what is left after a kill, and that its bytes stay the same."""

import json
import os
import resource as limits
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from explored import explorer
from labelled import labelling
from products import faults

from cnnviz_core import book, commands, configure, files, manifest, printing, results, sources
from cnnviz_core.__main__ import main
from cnnviz_core.book import Builder
from cnnviz_core.configure import Settings, settings
from cnnviz_core.errors import BuildError
from cnnviz_core.progress import Reporter

CHAPTER = textwrap.dedent(
    """\
    # Filters {#sec:filters}

    Of {{ model.name }}, with {{ dataset.images }} images; see @sec:scoreboard and @fig:filters_first_conv.

    {% call figure("filters_first_conv") %}Filters of {{ model.name }}.{% endcall %}

    {% if made("filters_first_conv") %}
    {{ claim("filters_first_conv.smoother_than_random") }}

    ```{.python .cell}
    from cnnviz_core.methods.accuracy import top_k_accuracy

    ids = lab.spread(20)
    top_k_accuracy(lab.logits(ids), lab.targets[ids], 1)
    ```
    {% endif %}

    {% call figure("dead_filters") %}Dead filters.{% endcall %}
    """
)
OTHER = "# Second {#sec:second}\n\n{% call figure('filters_second_conv') %}More.{% endcall %}\n"
OVERRIDES = ["model=digitnet", "model.epochs=1", "dataset=digits", "profile=quick"]


@pytest.fixture(scope="module")
def chapters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiny chapters, and the real scoreboard, frames and bibliography."""
    folder = tmp_path_factory.mktemp("text") / "chapters"
    real = configure.resource("chapters")
    shutil.copytree(real, folder, ignore=shutil.ignore_patterns("0*.md.j2", "10*.md.j2"))
    (folder / "01_filters.md.j2").write_text(CHAPTER)
    (folder / "02_second.md.j2").write_text(OTHER)
    return folder


@pytest.fixture(autouse=True)
def _own_chapters(chapters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def resource(name: str) -> Path:
        return chapters if name == "chapters" else configure.resource(name)

    for module in (book, printing, commands):
        monkeypatch.setattr(module, "resource", resource)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("products")


def chosen(build: Path, *more: str) -> Settings:
    return settings([*OVERRIDES, f"build={build}", *more])


def built(build: Path, *more: str) -> Builder:
    builder = Builder(chosen(build, *more), Reporter(quiet=True))
    builder.build()
    return builder


@pytest.fixture
def first(build: Path) -> Builder:
    """The book, built or found."""
    return built(build)


def changed(before: Builder, after: Builder) -> set[str]:
    return {step for step in {*before.steps, *after.steps} if before.steps.get(step) != after.steps.get(step)}


def test_every_product_is_there(first: Builder) -> None:
    folder = first.settings.folder
    assert faults(folder) == []
    made = manifest.read(folder)
    assert made["schema"] == 1
    assert made["book"] == "digitnet-digits"
    assert made["model"]["layers"]["conv1"] == "features.0"
    assert list(made["chapters"]) == ["01_filters", "02_second", "11_scoreboard"]
    assert made["figures"]["filters_first_conv"]["chapter"] == "01_filters"
    assert set(json.loads((folder / "timings.json").read_text())) == set(first.steps)
    assert "digitnet-digits/index.html" in (first.settings.build / "index.html").read_text()
    page = (folder / "01_filters.html").read_text()
    assert 'href="11_scoreboard.html#sec:scoreboard"' in page
    assert "Figure\N{NO-BREAK SPACE}1.1" in page


def test_an_unchanged_book_computes_nothing_and_imports_no_torch(first: Builder, chapters: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in first.settings.build.rglob("*") if path.is_file()}
    script = f"""
        import sys
        from pathlib import Path
        from cnnviz_core import book, configure, printing
        real = configure.resource
        book.resource = printing.resource = lambda name: Path({str(chapters)!r}) if name == "chapters" else real(name)
        from cnnviz_core.__main__ import main
        status = main(["notes", *{OVERRIDES!r}, "build={first.settings.build}"])
        heavy = {{"torch", "matplotlib", "sklearn"}} & set(sys.modules)
        sys.exit(status or len(heavy) and f"imported {{heavy}}")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "computing" not in done.stderr
    after = {path: path.stat().st_mtime_ns for path in first.settings.build.rglob("*") if path.is_file()}
    assert {path.name for path in after if after[path] != before.get(path)} <= {"digitnet-digits"}  # the lock


def test_a_changed_setting_recomputes_that_figure_and_what_shows_it(first: Builder, build: Path) -> None:
    after = built(build, "figure.dead_filters.images=15")
    assert changed(first, after) == {
        "results/dead_filters", "pictures/dead_filters", "pages/01_filters", "pdf/01_filters", "notebooks/01_filters",
        "numbering", "pages/11_scoreboard", "pdf/11_scoreboard", "notebooks/11_scoreboard", "pdf/notes",
    }  # fmt: skip


def test_an_edit_of_a_drawing_redraws_only_that(
    first: Builder, build: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = sources.draw_digest

    def edited(module: str) -> str:
        changed = module.endswith("filters_second_conv")
        return files.digest(real(module), "edited") if changed else real(module)

    monkeypatch.setattr(results, "draw_digest", edited)
    assert commands.why(first.settings, Reporter(quiet=True)) == 0
    assert capsys.readouterr().out == "filters_second_conv (02_second) is drawn: code of draw changed\n"
    after = built(build)
    assert changed(first, after) == {"pictures/filters_second_conv", "pdf/02_second", "pdf/notes"}


def test_why_names_the_setting_that_changed(first: Builder, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.why(first.settings, Reporter(quiet=True)) == 0
    assert capsys.readouterr().out == "no figure would be made again\n"
    commands.why(chosen(first.settings.build, "figure.dead_filters.images=14"), Reporter(quiet=True))
    assert "dead_filters (01_filters) is computed: setting images: 20 -> 14" in capsys.readouterr().out
    commands.why(chosen(first.settings.build, "seed=5"), Reporter(quiet=True))
    assert capsys.readouterr().out.count("seed: 0 -> 5") == 3


def test_two_builds_have_the_same_bytes_and_verify_sees_the_smallest_change(
    first: Builder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.verify(first.settings, Reporter(quiet=True)) == 0
    assert "files are the same" in capsys.readouterr().out
    page = first.settings.folder / "02_second.html"
    page.write_text(page.read_text() + " ")
    assert commands.verify(first.settings, Reporter(quiet=True)) == 1
    assert "02_second.html: differs" in capsys.readouterr().out
    built(first.settings.build)
    assert faults(first.settings.folder) == [], "the next build mends what was edited"


def test_a_lost_product_comes_back_and_one_of_a_chapter_that_is_left_out_goes(first: Builder, build: Path) -> None:
    (first.settings.folder / "notes.pdf").unlink()
    fewer = built(build, "chapters=[02_second]")
    assert (fewer.settings.folder / "notes.pdf").is_file()
    assert not (fewer.settings.folder / "01_filters.html").exists()
    built(build)
    assert faults(first.settings.folder) == []


def test_a_killed_build_goes_on_where_it_stopped(
    tmp_path: Path, chapters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"""
        from pathlib import Path
        from cnnviz_core import book, configure, printing, results, sources
        real = configure.resource
        book.resource = printing.resource = lambda name: Path({str(chapters)!r}) if name == "chapters" else real(name)
        import os, signal
        from cnnviz_core.figures.dead_filters import DeadFilters
        DeadFilters.compute = lambda self, lab: os.kill(os.getpid(), signal.SIGKILL)
        from cnnviz_core.__main__ import main
        main(["notes", *{OVERRIDES!r}, "build={tmp_path}"])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert "filters_first_conv: computing" in done.stderr
    assert not (tmp_path / "digitnet-digits" / "manifest.json").exists()
    lines: list[str] = []
    monkeypatch.setattr(Reporter, "say", lambda self, text: lines.append(text))
    assert set(Builder(chosen(tmp_path), Reporter(quiet=True)).made) > {"dead_filters"}
    assert "dead_filters: computing" in lines
    assert "filters_first_conv: computing" not in lines
    assert "digitnet" in {path.name for path in (tmp_path / "store").iterdir()}


def test_two_builds_at_once_in_one_folder(first: Builder, capsys: pytest.CaptureFixture[str]) -> None:
    build = first.settings.build
    with files.lock(build / ".locks" / "digitnet-digits", "x"):
        assert main(["notes", *OVERRIDES, f"build={build}"]) == 2
    said = capsys.readouterr().err
    assert f"{build}/digitnet-digits is being built by another process (pid {os.getpid()})" in said


def test_a_false_identity_stops_the_build(
    first: Builder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cnnviz_core.claim import Claim
    from cnnviz_core.figures.dead_filters import DeadFilters

    false = Claim("dead_filters.monotone", "It falls.", "identity", False, {"rise": 2.0})
    monkeypatch.setattr(DeadFilters, "claims", lambda self, stats: [false])
    assert main(["notes", *OVERRIDES, f"build={first.settings.build}", "figure.dead_filters.images=13"]) == 1
    said = capsys.readouterr().err
    assert "dead_filters.monotone must hold for every model, but is false here: It falls." in said
    assert '"rise": 2.0' in said


def test_a_crash_of_a_figure_names_it(first: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnviz_core.figures.dead_filters import DeadFilters

    monkeypatch.setattr(DeadFilters, "compute", lambda self, lab: 1 / 0)
    with pytest.raises(BuildError, match="figure dead_filters crashed: ZeroDivisionError"):
        built(first.settings.build, "figure.dead_filters.images=12")


def test_an_interrupt_keeps_what_is_finished(
    first: Builder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cnnviz_core.figures.dead_filters import DeadFilters

    def interrupt(self: object, lab: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DeadFilters, "compute", interrupt)
    assert main(["notes", *OVERRIDES, f"build={first.settings.build}", "figure.dead_filters.images=11"]) == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    assert faults(first.settings.folder) == []


def test_what_can_be_explored_or_labelled_comes_with_the_picture(
    first: Builder, build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnviz_core.figures.filters_second_conv import FiltersSecondConv

    monkeypatch.setattr(FiltersSecondConv, "explorer", lambda self, result: explorer())
    monkeypatch.setattr(FiltersSecondConv, "labelling", lambda self, result: labelling())
    monkeypatch.setattr(results, "draw_digest", lambda module: files.digest(module, "explored"))
    folder = built(build, "chapters=[02_second]").settings.folder
    assert faults(folder) == []
    places = [f"figures/filters_second_conv.{ending}" for ending in ("png", "svg", "points.js", "points.jpg")]
    made = manifest.read(folder)
    assert list(made["figures"]["filters_second_conv"]["files"]) == places
    assert set(places) <= set(made["files"])
    assert 'data-figure="filters_second_conv"' in (folder / "02_second.html").read_text()
    assert "label.html" in made["files"]
    assert "window.labelling" in (folder / "label.html").read_text()
    assert 'href="label.html"' in (folder / "index.html").read_text()
    monkeypatch.undo()


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["notes", *OVERRIDES, f"build={tmp_path / 'file'}"]) == 2
    assert "cannot write" in (said := capsys.readouterr().err)
    assert "choose another folder with build=DIR" in said


def test_a_full_disk_leaves_nothing_half_written(first: Builder, tmp_path: Path) -> None:
    shutil.copytree(first.settings.store.root, tmp_path / "store", ignore=shutil.ignore_patterns("results", "pictures"))

    def no_space() -> None:
        limits.setrlimit(limits.RLIMIT_FSIZE, (3000, 3000))

    command = [sys.executable, "-m", "cnnviz_core", "figure", "filters_first_conv", *OVERRIDES, f"build={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=no_space)
    assert done.returncode == 1, done.stderr
    assert "no space left to write" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "store" / "results" / "filters_first_conv").iterdir()) == []
