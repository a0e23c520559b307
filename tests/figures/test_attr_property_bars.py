from dataclasses import replace

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.attr_property_bars import AttrPropertyBars
from cnnviz_core.lab import Lab

FIGURE = AttrPropertyBars(tolerance=0.02, least=1, panels=4, bars=8)
LABELS = np.tile(np.arange(4), 6)


def lab(make_lab: MakeLab, scale: list[float], **words: list[str]) -> Lab:
    """A network that is wrong about class 3 alone."""
    data = known_world(6, np.where(LABELS == 3, 0, LABELS).tolist())
    given = {name: np.array(each)[LABELS] for name, each in words.items()}
    return known_lab(make_lab, replace(data, attributes={"scale": np.array(scale)[LABELS], **given}))


def test_the_largest_class_is_left_out_of_a_bin(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(lab(make_lab, [0.1, 0.2, 0.1, 0.5], hair=["no", "no", "yes", "yes"])).stats
    hair, family = stats["properties"]
    assert (hair["name"], hair["reached"], family["name"]) == ("hair", True, "family")
    before, after = hair["bins"][1]["before"], hair["bins"][1]["after"]
    assert (before["classes"], before["mean"], after["classes"], after["mean"]) == (2, 0.5, 1, 1)
    assert hair["apart"] <= 0.02
    assert [claim.holds for claim in FIGURE.claims(stats)] == [True, True]
    far = {**stats, "properties": [{**hair, "apart": 0.1, "left_out": 1}, family]}
    assert [claim.holds for claim in FIGURE.claims(far)] == [False, False]


def test_scales_that_do_not_meet_are_said(make_lab: MakeLab) -> None:
    result = FIGURE.compute(lab(make_lab, [0.1, 0.1, 0.5, 0.5]))
    assert result.stats["kept_apart"] == ["family"]
    picture = FIGURE.draw(result)
    assert picture.axes[0].get_title() == "family (scales cannot be made equal)"
    assert "round 50% over 2 classes" in FIGURE.alt(result.stats)


@pytest.mark.parametrize(("interval", "holds"), [((0.1, 0.3), True), ((-0.3, -0.1), False), ((-0.1, 0.1), None)])
def test_deformable_things_may_be_easier(make_lab: MakeLab, interval: tuple[float, float], holds: bool | None) -> None:
    words = ["rigid", "deformable", "rigid", "deformable"]
    stats = FIGURE.compute(lab(make_lab, [0.1] * 4, deformability=words)).stats
    first, *rest = stats["properties"]
    assert first["contrast"]["means"] == [0.5, 1]
    assert FIGURE.claims(stats)[2].undecided == "a bin has fewer than 5 classes"
    sure = {**first, "contrast": {**first["contrast"], "classes": [9, 9], "interval": interval}}
    assert FIGURE.claims({**stats, "properties": [sure, *rest]})[2].holds is holds


def test_a_bin_without_a_class_that_can_be_judged_is_left_out(make_lab: MakeLab) -> None:
    known = lab(make_lab, [0.1, 0.1, 0.1, 0.1], hair=["no", "no", "", "yes"])
    stats = replace(FIGURE, least=2).compute(known).stats
    hair = stats["properties"][0]
    assert [each["word"] for each in hair["bins"]] == ["no"]
    assert (hair["left_out"], hair["reached"]) == (2, False)
    assert FIGURE.claims(stats)[1].holds is True


def test_obstacles_and_wrong_settings(make_lab: MakeLab) -> None:
    known = known_lab(make_lab, replace(known_world(), families=None, attributes=None))
    assert "does not say what kinds of things its classes are" in str(FIGURE.obstacle(known))
    with pytest.raises(InputError, match=r"figure\.attr_property_bars\.bars=1 must be at least 2"):
        replace(FIGURE, bars=1).obstacle(known)
