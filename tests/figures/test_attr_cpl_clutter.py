from dataclasses import replace

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Result
from cnnviz_core.figures.attr_cpl_clutter import AttrCplClutter

FIGURE = AttrCplClutter(images=24, windows=300, steps=6, shown=3)


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return FIGURE.compute(known_lab(make_lab))


def test_plain_shapes_stand_out(result: Result) -> None:
    stats = result.stats
    assert (stats["images"], len(stats["classes"])) == (24, 4)
    assert all(0 <= each["cpl"] <= 1 and each["clutter"] >= 0 for each in stats["classes"])
    assert stats["ranker"] < stats["random"]
    claims = {claim.name.partition(".")[2]: claim for claim in FIGURE.claims(stats)}
    assert claims["contrast_tells"].holds is True
    assert claims["cpl_is_a_share"].holds is True
    assert claims["clutter_is_bounded"].holds is True
    assert claims["larger_is_likelier"].undecided == "fewer than eight classes can be compared"
    firsts = [each["first"] for each in stats["shown"]]
    assert firsts == sorted(firsts)


def test_claims_can_be_false(result: Result) -> None:
    first, *rest = result.stats["classes"]
    wrong = {
        **result.stats, "classes": [{**first, "cpl": 1.2, "clutter": 30.0}, *rest], "gain_interval": [-0.3, -0.1],
        "compared": 9, "rho": -0.5, "rho_interval": [-0.8, -0.1],
    }  # fmt: skip
    assert [claim.holds for claim in FIGURE.claims(wrong)] == [False] * 4


def test_same_boxes_in_all_images_have_chance_one(make_lab: MakeLab) -> None:
    data = replace(known_world(), boxes=[np.array([[4.0, 4.0, 16.0, 16.0]])] * 24)
    stats = FIGURE.compute(known_lab(make_lab, data)).stats
    assert stats["cpl"] == 1
    assert stats["rho"] is None


def test_draws_bars_and_images(result: Result) -> None:
    axes = FIGURE.draw(result).axes
    assert [each.get_text() for each in axes[0].get_yticklabels()] != []
    assert axes[2].get_title().startswith(("window", "none"))
    assert "Bars for 4 classes" in FIGURE.alt(result.stats)


def test_obstacles_and_wrong_settings(make_lab: MakeLab) -> None:
    assert "has no boxes around its objects" in str(
        FIGURE.obstacle(known_lab(make_lab, replace(known_world(), boxes=None)))
    )
    none = replace(known_world(), boxes=[np.zeros((0, 4))] * 24)
    assert FIGURE.obstacle(known_lab(make_lab, none)) == "shapes has no box around any object"
    with pytest.raises(InputError, match=r"figure\.attr_cpl_clutter\.windows=0 must be at least 1"):
        replace(FIGURE, windows=0).obstacle(known_lab(make_lab))
