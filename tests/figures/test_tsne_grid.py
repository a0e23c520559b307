"""The grid of images, each of which is in it once."""

from typing import Any

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.tsne_grid import TsneGrid
from cnnviz_core.lab import Lab
from cnnviz_core.methods.montage import thumbnails

SETTINGS: dict[str, Any] = {
    "images": 100, "components": 10, "perplexity": None, "iterations": 260, "exact": 100, "width": 160,
}  # fmt: skip


def figure(**changed: Any) -> TsneGrid:
    return TsneGrid(**SETTINGS | changed)


def claim(stats: Any, name: str) -> Claim:
    return {each.name: each for each in figure().claims(stats)}[f"tsne_grid.{name}"]


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return known_lab(make_lab, known_world(per_class=10))


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_every_image_is_in_one_cell_as_itself(lab: Lab, result: Result) -> None:
    stats, cells = result.stats, result.arrays["cells"]
    assert (stats["rows"], stats["columns"], stats["left_out"]) == (5, 8, 0)
    assert sorted(cells.tolist()) == list(range(40))
    np.testing.assert_array_equal(result.arrays["tiles"], thumbnails(lab.pixels(cells.tolist()), 20))


def test_images_of_a_class_stand_together(lab: Lab, result: Result) -> None:
    labels = lab.dataset.labels[result.arrays["cells"]].reshape(5, 8)
    beside = np.concatenate([(labels[:, 1:] == labels[:, :-1]).ravel(), (labels[1:] == labels[:-1]).ravel()])
    assert beside.mean() > 0.5 > 9 / 39


def test_the_best_assignment_moves_images_less_than_cell_after_cell(lab: Lab, result: Result) -> None:
    stats = result.stats
    assert (stats["optimal"], stats["excess"]) == (True, 0)
    assert stats["cost"] < stats["greedy_cost"]
    assert stats["longest_move"] >= stats["move"] > 0
    near = figure(exact=0).compute(lab).stats
    assert near["optimal"] is False
    assert 0 <= near["excess"] < 0.2
    assert stats["cost"] <= near["cost"] <= 1.02 * stats["cost"]


def test_identities_hold_and_each_can_be_false(result: Result) -> None:
    assert [each.holds for each in figure().claims(result.stats)] == [True, True]
    assert claim({**result.stats, "different": 39}, "one_to_one").holds is False
    assert claim({**result.stats, "filled": 39}, "one_to_one").holds is False
    assert claim({**result.stats, "greedy_cost": 1.0}, "not_worse").holds is False


def test_the_picture_is_one_large_grid(result: Result) -> None:
    (axes,) = figure().draw(result).axes
    assert np.asarray(axes.images[0].get_array()).shape == (5 * 20, 8 * 20, 3)
    assert axes.get_title().startswith("5 × 8 images by their codes (relu1), moved by")
    assert "5 rows and 8 columns" in figure().alt(result.stats)


def test_few_images_have_no_grid(make_lab: MakeLab) -> None:
    few = known_lab(make_lab, known_world(per_class=2))
    assert figure().obstacle(few) == "a map needs at least 10 images, and shapes has 8"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"width": 50}, r"figure.tsne_grid.width=50 must be at least 100"),
        ({"exact": -1}, r"figure.tsne_grid.exact=-1 must be at least 0"),
        ({"perplexity": 1}, r"figure.tsne_grid.perplexity=1 must be above 1 and at most 13"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)
