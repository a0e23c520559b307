from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Stats
from cnnviz_core.figures.attr_image_level import AttrImageLevel

FIGURE = AttrImageLevel(images=None, bins=2, panels=12, words=8)
LABELS = np.tile(np.arange(4), 10)


def stats(make_lab: MakeLab, answers: np.ndarray, **given: np.ndarray) -> Stats:
    """Of a network with these answers, on images with these attributes beside their own."""
    data = known_world(10, answers.tolist())
    lab = known_lab(make_lab, replace(data, attributes={**(data.attributes or {}), **given}))
    return FIGURE.compute(lab).stats


def curve(found: Stats, name: str) -> dict[str, Any]:
    return next(each for each in found["curves"] if each["name"] == name)


def test_bins_of_an_attribute_that_decides(make_lab: MakeLab) -> None:
    scale = np.random.default_rng(0).permutation(40) / 40
    found = stats(make_lab, np.where(scale < 0.5, (LABELS + 1) % 4, LABELS), scale=scale)
    assert [(each["images"], each["accuracy"]) for each in curve(found, "scale")["bins"]] == [(20, 0), (20, 1)]
    assert (found["accuracy"], found["widest"], found["gap"]) == (0.5, "scale", 1)
    claims = {claim.name: claim.holds for claim in FIGURE.claims(found)}
    assert claims["attr_image_level.scale"] is True
    assert claims["attr_image_level.adds_up"] is True
    assert {each["name"]: each["source"] for each in found["curves"]}["sharpness"] == "pixels"
    wrong = stats(make_lab, np.where(scale > 0.5, (LABELS + 1) % 4, LABELS), scale=scale, blur=scale, occlusion=scale)
    held = {claim.name.partition(".")[2]: claim.holds for claim in FIGURE.claims(wrong)}
    assert (held["scale"], held["blur"], held["occlusion"]) == (False, True, True)
    right = stats(make_lab, LABELS, scale=scale)
    assert {claim.name: claim.holds for claim in FIGURE.claims(right)}["attr_image_level.scale"] is None


def test_words_missing_values_and_attributes_that_do_not_vary(make_lab: MakeLab) -> None:
    words = np.array(["high", "none", "", "low"])[LABELS]
    numbers = np.where(LABELS == 0, np.nan, LABELS * 1.0)
    found = stats(make_lab, LABELS, texture=words, clutter=numbers, blur=np.ones(40))
    assert [each["word"] for each in curve(found, "texture")["bins"]] == ["none", "low", "high"]
    assert (curve(found, "texture")["missing"], curve(found, "clutter")["missing"]) == (10, 10)
    assert found["constant"] == ["blur"]
    assert FIGURE.claims(found)[0].holds is True


def test_an_image_that_is_lost_makes_the_identity_false(make_lab: MakeLab) -> None:
    found = stats(make_lab, LABELS)
    first, *rest = found["curves"]
    bins = [{**first["bins"][0], "images": first["bins"][0]["images"] - 1}, *first["bins"][1:]]
    assert FIGURE.claims({**found, "curves": [{**first, "bins": bins}, *rest]})[0].holds is False


def test_draws_a_panel_for_each_and_says_the_ends(make_lab: MakeLab) -> None:
    result = FIGURE.compute(known_lab(make_lab, known_world(10)))
    shown = [axes for axes in FIGURE.draw(result).axes if axes.axison]
    assert len(shown) == len(result.stats["curves"])
    assert "scale from 100% to 100%" in FIGURE.alt(result.stats)
    assert "as the data set says; 10–30 a bin" in " ".join(axes.get_xlabel() for axes in shown)


def test_wrong_settings_and_classes_are_named(make_lab: MakeLab) -> None:
    with pytest.raises(InputError, match=r"figure\.attr_image_level\.bins=1 must be at least 2"):
        replace(FIGURE, bins=1).obstacle(known_lab(make_lab))
    other = replace(known_world(), outputs=None)
    assert "are not among the outputs of tiny" in str(FIGURE.obstacle(known_lab(make_lab, other)))
    assert FIGURE.obstacle(known_lab(make_lab)) is None


def test_two_images_are_enough(make_lab: MakeLab) -> None:
    data = known_world()
    two = replace(data, labels=data.labels[:2], images=data.images[:2], ids=data.ids[:2], boxes=None, attributes=None)
    result = FIGURE.compute(known_lab(make_lab, two))
    assert FIGURE.claims(result.stats)[0].holds is True
    assert FIGURE.draw(result).axes
