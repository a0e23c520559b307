"""What a map does not mean, on planted points and on codes that spell the class."""

from typing import Any

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.tsne_warnings import TsneWarnings
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "images": 100, "perplexities": [2, 5, 90], "points": 100, "dimensions": 20, "sizes": 8, "distances": 4, "draws": 2,
    "neighbours": 4, "components": 10, "iterations": 400,
}  # fmt: skip


def figure(**changed: Any) -> TsneWarnings:
    return TsneWarnings(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(stats)}


@pytest.fixture(scope="module")
def computed() -> dict[str, Result]:
    return {}


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return known_lab(make_lab, known_world(per_class=10))


@pytest.fixture
def result(lab: Lab, computed: dict[str, Result]) -> Result:
    if not computed:
        computed["once"] = figure().compute(lab)
    return computed["once"]


def test_sizes_and_distances_are_lost_and_noise_is_in_heaps(result: Result) -> None:
    stats = result.stats
    assert stats["sizes"]["mean"] == pytest.approx(8, rel=0.2)
    assert 0.5 < stats["sizes_map"]["mean"] < 2
    assert stats["distances"]["mean"] == pytest.approx(4, rel=0.1)
    assert stats["distances_map"]["mean"] < 3
    assert stats["noise_low"]["mean"] > 1.2 * stats["strewn"]["mean"]
    assert all(each.holds for each in claims(stats).values())


def test_perplexities_that_the_images_do_not_allow_are_left_out(result: Result) -> None:
    assert [told["perplexity"] for told in result.stats["maps"]] == [2, 5]
    assert all(0 < told["shared"] <= 1 and told["trust"] > 0.8 for told in result.stats["maps"])
    assert result.stats["maps"][0]["shared"] == pytest.approx(result.stats["maps"][1]["shared"])


@pytest.mark.parametrize(("name", "key"), [("sizes", "sizes_lost"), ("distances", "distances_lost"), ("clumps",) * 2])
def test_a_map_might_keep_them(result: Result, name: str, key: str) -> None:
    assert claims({**result.stats, key: [-0.3, -0.1]})[name].holds is False
    assert claims({**result.stats, key: [-0.3, 0.1]})[name].holds is None


def test_a_wrong_perplexity_is_a_mistake(result: Result) -> None:
    assert claims({**result.stats, "perplexity_error": 0.01})["perplexities"].holds is False


def test_the_picture_has_eight_planted_panels_and_one_for_each_map(result: Result) -> None:
    before = {name: array.copy() for name, array in result.arrays.items()}
    panels = figure().draw(result).axes
    titles = [axes.get_title().partition("\n")[0] for axes in panels if axes.axison]
    assert titles[0] == "planted: one cloud"
    assert titles[8:] == ["codes, perplexity 2", "codes, perplexity 5"]
    assert result.stats["groups"] == ["angular", "round"]
    for name, array in before.items():
        np.testing.assert_array_equal(result.arrays[name], array)
    assert "perplexity: 2:" in figure().alt(result.stats)


def test_few_images_are_an_obstacle_and_wrong_settings_are_named(make_lab: MakeLab, lab: Lab) -> None:
    few = known_lab(make_lab, known_world(per_class=3))
    assert figure().obstacle(few) == "the maps need at least 20 images, and shapes has 12"
    for wrong in ([5, 0.5], []):
        with pytest.raises(InputError, match=r"figure.tsne_warnings.perplexities=\[.*\] must be above 1, and at least"):
            figure(perplexities=wrong).obstacle(lab)
    with pytest.raises(InputError, match=r"figure.tsne_warnings.points=50 must be at least 100"):
        figure(points=50).obstacle(lab)
