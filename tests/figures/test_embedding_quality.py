"""Neighbors by layer, for images whose codes spell their class and whose pixels do so less well."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from known_world import NAMES, known_lab, known_world
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.embedding_quality import EmbeddingQuality
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "images": 100, "layers": 4, "neighbours": 4, "side": 6, "components": 10, "iterations": 260, "batch": 16,
}  # fmt: skip


def figure(**changed: Any) -> EmbeddingQuality:
    return EmbeddingQuality(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(stats)}


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return known_lab(make_lab, known_world(per_class=10))


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_codes_that_spell_the_class_are_pure_and_chance_is_counted(result: Result) -> None:
    stats = result.stats
    assert stats["spaces"] == ["pixels", "relu1"]
    assert stats["codes"] == "relu1"
    assert (stats["grouped_by"], stats["groups"], stats["images"]) == ("class", 4, 40)
    assert stats["purity"]["relu1"]["mean"] == 1
    assert stats["purity"]["chance"]["mean"] == pytest.approx(9 / 39)
    assert stats["purity"]["map"]["mean"] > 1.5 * stats["purity"]["chance"]["mean"]
    assert stats["trust"]["relu1"]["mean"] > stats["trust_by_chance"] + 0.15  # codes of a class are equal: ties
    assert stats["trust_by_chance"] == pytest.approx(0.5, abs=0.2)


def test_layers_of_maps_come_in_their_order(make_lab: MakeLab, small_net: nn.Sequential) -> None:
    made = make_lab(small_net, size=8)
    data = replace(known_world(per_class=5), outputs=None)
    stats = figure().compute(replace(made, dataset=data)).stats
    order = list(made.model.layers)
    places = [order.index(name) for name in stats["spaces"][1:]]
    assert places == sorted(places)
    assert stats["spaces"][-1] == made.model.codes_layer
    assert len(figure(layers=1).compute(replace(made, dataset=data)).stats["spaces"]) == 2


def test_claims_can_be_true_and_false(result: Result) -> None:
    found = claims(result.stats)
    assert found["trust_in_itself"].holds is True
    assert claims({**result.stats, "trust_in_itself": 0.99})["trust_in_itself"].holds is False
    for name, key in [("trust", "trust_above_pixels"), *((each, each) for each in
                      ("codes_above_pixels", "pixels_above_chance", "deeper_is_purer"))]:  # fmt: skip
        assert claims({**result.stats, key: [0.1, 0.2]})[name].holds is True
        assert claims({**result.stats, key: [-0.2, -0.1]})[name].holds is False
        assert claims({**result.stats, "enough": False})[name].undecided == "40 images are too few to tell"


def test_without_a_pair_of_one_class_there_is_trust_only(lab: Lab) -> None:
    data = replace(lab.dataset, labels=np.arange(40), class_names=tuple(f"c{k}" for k in range(40)), families=None)
    result = figure().compute(replace(lab, dataset=data))
    assert result.stats["purity"] == {}
    assert claims(result.stats)["codes_above_pixels"].undecided == "no two classes or families have two of the images"
    drawn = figure().draw(result).axes
    assert [axes.get_title() for axes in drawn] == ["trustworthiness of the map of codes"]
    assert "by chance" not in figure().alt(result.stats)


def test_the_picture_has_a_place_for_each_space(result: Result) -> None:
    left, right = figure().draw(result).axes
    assert left.get_title() == f"neighbors of the same of {len(NAMES)} classes"
    assert [label.get_text() for label in right.get_xticklabels()] == ["pixels", "relu1"]
    assert "relu1 100%" in figure().alt(result.stats)


def test_few_images_are_an_obstacle_and_wrong_settings_are_named(make_lab: MakeLab, lab: Lab) -> None:
    few = known_lab(make_lab, known_world(per_class=2))
    assert figure().obstacle(few) == "neighbors need at least 10 images, and shapes has 8"
    assert figure().obstacle(lab) is None
    with pytest.raises(InputError, match=r"figure.embedding_quality.neighbours=0 must be at least 1"):
        figure(neighbours=0).obstacle(lab)
    with pytest.raises(InputError, match=r"figure.embedding_quality.iterations=100 must be at least 250"):
        figure(iterations=100).obstacle(lab)
