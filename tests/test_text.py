"""Chapters name their figures and numbers; what is misspelt stops the build with chapter and name."""

from dataclasses import replace
from pathlib import Path

import pytest

from cnnviz_core.claim import Claim
from cnnviz_core.errors import BuildError, InputError
from cnnviz_core.results import Made
from cnnviz_core.text import Source, claim_box, counts, escaped, imported, rendered, sources, title

HOSTILE = "<script>alert(1)</script> {{ 7*7 }} $x$ #tag \"q\" 'q' \\ * _ | [a](b)"

FALLS = Claim("planted.falls", "It falls.", "tendency", True, {"mean_drop": 0.25}, {"drop": 0.5}, "zeiler2014 sec. 4")
MADE = Made(
    "planted", "k" * 20, {"stride": 8}, Path("nowhere"),
    alt='A "quoted" \\ picture &lt;', stats={"drop": 0.25, "name": HOSTILE, "rows": [{"n": 3}]},
    claims=(FALLS,),
)  # fmt: skip
UNMADE = Made("missing", "k" * 20, {}, Path("nowhere"), obstacle="it has no $maps$")


@pytest.fixture
def render(tmp_path: Path):  # type: ignore[no-untyped-def]
    def render(template: str) -> str:
        path = tmp_path / "04_occlusion.md.j2"
        path.write_text(template)
        return rendered(Source(path), {"planted": MADE, "missing": UNMADE}, {"model": {"name": HOSTILE}})

    return render


def test_numbers_come_with_their_format(render) -> None:  # type: ignore[no-untyped-def]
    assert render('{{ stat("planted.drop", ".1%") }} {{ stat("planted.rows.0.n") }}') == "25.0% 3"
    assert render('patch={{ setting("planted.stride") }}') == "patch=8"
    assert render('{{ code(stat("planted.rows")) }}') == "[{'n': 3}]"


def test_a_figure_has_its_caption_and_words_for_those_who_cannot_see_it(render) -> None:  # type: ignore[no-untyped-def]
    markdown = render('{% call figure("planted") %}\nDrop {{ stat("planted.drop") }}.\n{% endcall %}')
    expected = '![Drop 0.25.](figures/planted.png){#fig:planted alt="A \\"quoted\\" \\\\ picture &amp;lt;"}'
    assert markdown.strip() == expected


def test_a_figure_says_that_it_can_be_explored(tmp_path: Path) -> None:
    path = tmp_path / "03_map.md.j2"
    path.write_text('{% call figure("planted") %}x{% endcall %}')
    made = replace(MADE, explorer=("points.js", "points.jpg"))
    assert rendered(Source(path), {"planted": made}, {}).strip().endswith(' explorer="planted"}')


def test_a_figure_that_cannot_be_made_says_why(render) -> None:  # type: ignore[no-untyped-def]
    markdown = render('{% call figure("missing") %}x{% endcall %}{% if made("missing") %}no{% endif %}')
    assert "::: {.unmade #fig:missing}" in markdown
    assert "it has no \\$maps\\$" in markdown
    assert "no{% endif %}" not in markdown


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('{{ stat("planted.dorp") }}', "chapter 04_occlusion: stat 'planted.dorp' is unknown.*did you mean 'drop'"),
        ('{{ stat("plantd.drop") }}', "chapter 04_occlusion: figure 'plantd' is unknown; did you mean 'planted'"),
        ('{{ stat("missing.drop") }}', r"was not made \(it has no \$maps\$\); ask made\('missing'\) first"),
        ('{{ setting("planted.strid") }}', "setting 'planted.strid' is unknown; did you mean 'stride'"),
        ('{{ claim("planted.fall") }}', "claim 'planted.fall' is unknown; did you mean 'planted.falls'"),
        ("{{ nothing }}", "chapter 04_occlusion: 'nothing' is undefined"),
        ("{% if %}", "chapter 04_occlusion: "),
    ],
)
def test_what_is_misspelt_stops_with_chapter_and_name(render, template: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BuildError, match=message):
        render(template)


def test_names_show_literally(render) -> None:  # type: ignore[no-untyped-def]
    from cnnviz_core.export import pandoc

    shown = render('{{ stat("planted.name") }}')
    assert render("{{ model.name }}") == shown
    blocks = pandoc.read(shown, place="here")
    assert [block["t"] for block in blocks] == ["Para"]
    assert {inline["t"] for inline in blocks[0]["c"]} == {"Str", "Space"}
    assert pandoc.plain(blocks) == HOSTILE


@pytest.mark.parametrize(
    ("value", "shown"), [(3, "3"), (0.123456, "0.123"), (-1.5, "-1.5"), (1e-7, "1e-07"), (None, "none")]
)
def test_numbers_are_not_escaped(value: object, shown: str) -> None:
    assert escaped(value) == shown


def test_figures_are_read_from_the_syntax_tree(tmp_path: Path) -> None:
    path = tmp_path / "01_x.md.j2"
    path.write_text('# T\n{% if made("a") %}{% call figure("b") %}{% endcall %}{% endif %}'
                    '{## figure("no") ##}{% call figure("a") %}{% endcall %}')  # fmt: skip
    assert Source(path).figures == ["b", "a"]


def test_chapters_are_chosen_by_name(tmp_path: Path) -> None:
    for name in ("01_a", "02_b"):
        (tmp_path / f"{name}.md.j2").write_text("# T")
    assert [source.name for source in sources(tmp_path, None)] == ["01_a", "02_b"]
    assert [source.name for source in sources(tmp_path, ["02_b"])] == ["02_b"]
    with pytest.raises(InputError, match="there is no chapter '02_a'; did you mean"):
        sources(tmp_path, ["02_a"])


def test_a_claim_box_says_verdict_numbers_and_source() -> None:
    box = claim_box(MADE.claims[0])
    assert "::: {.claim .holds}" in box
    assert "**Tendency: holds here.** It falls." in box
    assert "Measured here: mean drop 0.25." in box
    assert "In the paper: drop 0.5." in box
    assert "[@zeiler2014, sec\\. 4]" in box
    undecided = Claim("x.y", "T.", "tendency", None, {}, undecided="there are no boxes")
    assert "undecided here" in claim_box(undecided)
    assert "Undecided because there are no boxes." in claim_box(undecided)


def test_claims_are_counted_by_kind_and_verdict() -> None:
    claims = [Claim("a", "", "identity", True, {}), *(Claim("b", "", "tendency", v, {}) for v in (True, False, None))]
    assert counts(claims) == {"claims": 4, "identities": 1, "tendencies": 3, "holds": 1, "fails": 1, "undecided": 1}


def test_titles_and_imports_are_read_from_the_text() -> None:
    assert title("intro\n# A title {#sec:a}\n", "01_x") == "A title"
    with pytest.raises(BuildError, match="chapter 01_x: it has no first heading"):
        title("no heading", "01_x")
    cell = "```{.python .cell}\nfrom cnnviz_core.methods.grid import vis_square\nimport numpy\n```"
    assert imported(cell) == ["cnnviz_core.methods.grid"]
