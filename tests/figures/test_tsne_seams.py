"""Seams between the tiles of the grid."""

from typing import Any

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.tsne_grid import TsneGrid
from cnnviz_core.figures.tsne_seams import TsneSeams
from cnnviz_core.lab import Lab

GRID: dict[str, Any] = {
    "images": 100, "components": 10, "perplexity": None, "iterations": 260, "exact": 100, "width": 160,
}  # fmt: skip
SETTINGS: dict[str, Any] = {**GRID, "pairs": 300}


def figure(**changed: Any) -> TsneSeams:
    return TsneSeams(**SETTINGS | changed)


def claim(stats: Any, name: str) -> Claim:
    return {each.name: each for each in figure().claims(stats)}[f"tsne_seams.{name}"]


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return known_lab(make_lab, known_world(per_class=10))


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_a_seam_is_the_distance_of_the_codes_beside_it(lab: Lab, result: Result) -> None:
    cells = TsneGrid(**GRID).compute(lab).arrays["cells"].reshape(5, 8)
    codes = lab.sweep().codes["relu1"].astype(float)
    for row, column in ((0, 0), (2, 3), (4, 6)):
        expected = np.linalg.norm(codes[cells[row, column]] - codes[cells[row, column + 1]])
        assert result.arrays["right"][row, column] == pytest.approx(expected)
    expected = np.linalg.norm(codes[cells[3, 7]] - codes[cells[4, 7]])
    assert result.arrays["below"][3, 7] == pytest.approx(expected)
    assert result.stats["seams"] == 5 * 7 + 4 * 8


def test_neighbors_are_closer_than_random_pairs(result: Result) -> None:
    assert claim(result.stats, "symmetric").holds is True
    assert claim(result.stats, "close").holds is True
    assert result.stats["ratio"] == pytest.approx(result.stats["seam"] / result.stats["pair"])
    assert result.stats["ratio"] < 0.8


@pytest.mark.parametrize(("interval", "holds"), [([-0.1, 0.3], None), ([-0.3, -0.1], False)])
def test_they_need_not_be(result: Result, interval: Any, holds: bool | None) -> None:
    assert claim({**result.stats, "interval": interval}, "close").holds is holds


def test_a_seam_that_differs_from_the_other_side_is_a_bug(result: Result) -> None:
    assert claim({**result.stats, "asymmetry": 0.1}, "symmetric").holds is False


def test_the_picture_has_black_and_red_seams_and_a_bar(result: Result) -> None:
    picture = figure().draw(result)
    whole = np.asarray(picture.axes[0].images[0].get_array())
    assert whole.shape == (5 * 23 - 3, 8 * 23 - 3, 3)
    colours = whole[10, 20::23]  # the seams right of the first row of tiles
    order = np.argsort(result.arrays["right"][0], kind="stable")
    assert (np.diff(colours[order, 0]) >= 0).all()
    assert (colours[:, 1] <= 0.13).all()
    (bar,) = picture.axes[0].child_axes
    assert bar.get_ylabel() == "distance of neighbors' codes (relu1)"
    assert "from black where the codes of neighbors differ by" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"pairs": 1}, r"figure.tsne_seams.pairs=1 must be at least 2"),
        ({"perplexity": 40}, r"figure.tsne_seams.perplexity=40 must be above 1 and at most 13"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)


def test_few_images_have_no_seams(make_lab: MakeLab) -> None:
    few = known_lab(make_lab, known_world(per_class=2))
    assert figure().obstacle(few) == "a map needs at least 10 images, and shapes has 8"
