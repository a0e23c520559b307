"""Numbers, references and citations."""

from pathlib import Path
from typing import Any

import pytest

from cnnviz_core.errors import BuildError
from cnnviz_core.export import document, html, pandoc
from cnnviz_core.export.document import Chapter

PICTURE = '![Caption.](figures/{0}.png){{#fig:{0} alt="a"}}\n\n'


def labels(*chapters: Chapter) -> dict[str, str]:
    return {name: target.label for name, target in document.numbering(chapters).items()}


def test_things_are_numbered_in_the_order_of_the_text_with_the_number_of_the_chapter() -> None:
    text = (
        "# A {#sec:a}\n\n" + PICTURE.format("one") + "## B {#sec:b}\n\n$$x$$ {#eq:x}\n\n"
        "::: {.exercise}\n" + PICTURE.format("two") + ":::\n\n## Unnamed\n\nText $$y$$\n{#eq:y}, more.\n\n"
        "## C {#sec:c}\n\n|a|\n|-|\n|b|\n\n: T. {#tbl:t}\n"
    )  # fmt: skip
    assert labels(Chapter("07_a", "A", text)) == {
        "sec:a": "Chapter 7", "fig:one": "Figure 7.1", "fig:two": "Figure 7.2", "sec:b": "Section 7.1",
        "sec:c": "Section 7.3", "eq:x": "Equation 7.1", "eq:y": "Equation 7.2", "tbl:t": "Table 7.1",
    }  # fmt: skip


def test_a_figure_that_cannot_be_made_keeps_its_number() -> None:
    unmade = "::: {.unmade #fig:one}\nno.\n:::\n\n"
    text = "# A\n\n{}" + PICTURE.format("two")
    made = labels(Chapter("02_a", "A", text.replace("{}", PICTURE.format("one"))))
    assert labels(Chapter("02_a", "A", text.replace("{}", unmade))) == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@fig:two", "Figure 3.2"),
        ("-@fig:two", "3.2"),
        ("[@fig:two]", "(Figure 3.2)"),
        ("[see @fig:one, left; @eq:x]", "(see Figure 3.1, left; Equation 3.1)"),
        ("@sec:a and @fig:two.", "Chapter 3 and Figure 3.2."),
    ],
)
def test_references_say_the_numbers(text: str, said: str) -> None:
    start = "# A {#sec:a}\n\n" + PICTURE.format("one") + PICTURE.format("two") + "$$x$$ {#eq:x}\n\n"
    chapter = Chapter("03_a", "A", start + text)
    blocks = document.resolved(chapter, document.numbering([chapter])).blocks
    assert pandoc.plain(blocks[-1]).replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("See @fig:occlusio.", r"chapter 04_b: .*'fig:occlusio'.*did you mean 'fig:occlusion'"),
        ("[@fig:occlusion; @zeiler2014]", "chapter 04_b: .* mixes references and citations"),
        ("See @zeiler2041.", r"chapter 04_b: references.bib has no work 'zeiler2041'; did you mean 'zeiler2014'"),
        ("$\\notacommand{x}$", r"(?s)chapter 04_b: .*notacommand"),
        ("$$x$$ {#eq:x} and $$y$$ {#eq:x}", "chapter 04_b: the id 'eq:x' is given twice"),
        ("![C.](figures/gone.png){#fig:gone}", r"chapter 04_b: there is no picture gone\.png"),
    ],
)
def test_a_mistake_names_the_chapter_and_what_is_wrong(sample: Any, text: str, said: str) -> None:
    first = Chapter("01_a", "A", "# A\n\n" + PICTURE.format("occlusion").replace("/occlusion", "/curve"))
    second = Chapter("04_b", "B", f"# B\n\n{text}\n")
    with pytest.raises(BuildError, match=said):
        html.body(second, **sample.sources | {"numbering": document.numbering([first, second])})


def test_an_id_in_two_chapters_is_a_mistake() -> None:
    one, two = (Chapter(name, "A", "# A {#sec:a}\n") for name in ("01_a", "02_b"))
    with pytest.raises(BuildError, match="chapter 02_b: the id 'sec:a' is also given in 01_a"):
        document.numbering([one, two])


def test_text_cannot_become_code_of_any_output() -> None:
    text = "# A\n\n<b>x</b> \\textbf{y} `z`{=html}\n\n```{=typst}\n#panic()\n```\n"
    kinds = {block["t"] for block in pandoc.read(text, place="here")}
    assert "RawBlock" not in kinds
    assert "RawInline" not in str(pandoc.read(text, place="here"))


def test_summary_and_sections(sample: Any) -> None:
    assert document.summary(sample.chapters[0]).startswith("What the first layer has learned")
    assert "looked at again" in document.summary(sample.chapters[0])
    assert "looked at again" not in document.summary(sample.chapters[0], length=10)
    assert document.sections(sample.chapters[1]) == [("sec:map", "4.1", "The map"), ("exercises", "4.2", "Exercises")]


def test_the_bibliography_is_complete(sample: Any) -> None:
    """Every entry can be cited without a warning and has an author, a title and a year."""
    source = Path(sample.sources["bibliography"]).read_text("utf-8")
    keys = [line.partition("{")[2].rstrip(",\n") for line in source.splitlines() if line.startswith("@")]
    assert len(set(keys)) == len(keys) > 20
    blocks = pandoc.read(" ".join(f"@{key}" for key in keys), place="here")
    _, entries = document.cited(blocks, sample.sources["bibliography"], place="here")
    assert len(entries) == len(keys)
    assert all(f"{field:8}" in source for field in ("author", "title", "year"))
    assert source.count(" author ") == source.count(" title ") == source.count(" year ") == len(keys)
