"""Tables of the book, read back by pandoc."""

from pathlib import Path

from cnnviz_core.claim import Claim
from cnnviz_core.export import pandoc
from cnnviz_core.results import Made
from cnnviz_core.tables import claims_table, figures_table, layer_table, provenance_table

CLAIM = Claim("a.b", "It $x$ falls.", "tendency", False, {"mean_drop": 0.25}, {"drop": 0.5}, "zeiler2014 sec. 4")
MADE = Made("a", "k" * 20, {}, Path("nowhere"), claims=(CLAIM,))
UNMADE = Made("c", "k" * 20, {}, Path("nowhere"), obstacle="it has a | and no *maps*")
FACTS = {
    "model": {
        "name": "net|1", "weights": "none", "fingerprint": "f" * 30, "size": [32, 48], "outputs": 10,
        "codes_layer": "relu7",
        "layers": {
            "conv1": {"path": "features.0", "shape": [8, 16, 24], "receptive_field": [7, 5], "stride": [1, 1]},
            "fc8": {"path": "", "shape": [10], "receptive_field": None, "stride": None},
        },
    },
    "dataset": {"name": "d", "images": 3, "classes": 2, "fingerprint": "e" * 30, "has": []},
}  # fmt: skip


def cells(table: str) -> list[list[str]]:
    """The words of each row of a table's body."""
    (block,) = pandoc.read(table, place="here")
    assert block["t"] == "Table"
    rows = block["c"][4][0][3]
    return [[pandoc.plain(cell[4]) for cell in row[1]] for row in rows]


def test_claims_have_verdict_and_both_numbers() -> None:
    (row,) = cells(claims_table([MADE, UNMADE]))
    assert row[2] == "does not hold here"
    assert row[3] == "mean drop 0.25"
    assert row[4].startswith("drop 0.5; ")


def test_figures_have_code_and_key_or_the_reason() -> None:
    made, unmade = cells(figures_table([MADE, UNMADE], {"a": "01_x", "c": "02_y"}))
    assert made[1:] == ["01_x", "cnnviz_core/figures/a.py", "k" * 12]
    assert unmade[3] == "not made: it has a | and no *maps*"


def test_layers_have_shape_and_receptive_field() -> None:
    assert cells(layer_table(FACTS)) == [
        ["conv1", "features.0", "8 × 16 × 24", "7 × 5", "1"],
        ["fc8", "top level", "10", "whole image", "–"],
    ]


def test_provenance_names_everything() -> None:
    rows = dict(cells(provenance_table(FACTS, 3, "cpu", {"torch": "2"})))
    assert rows["Model"] == "net|1, weights: none"
    assert rows["Seed"] == "3"
    assert rows["torch version"] == "2"
    assert rows["Ground truth besides labels"] == "none"
