"""The probe of each layer, for a network whose codes spell the class."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from known_world import FAMILIES, known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.layer_probe import LayerProbe, _shuffled
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {"images": 100, "layers": 4, "folds": 4, "side": 3, "batch": 16}


def figure(**changed: Any) -> LayerProbe:
    return LayerProbe(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(stats)}


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return known_lab(make_lab, known_world(per_class=12))


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_codes_that_spell_the_class_are_read_without_error(result: Result) -> None:
    rows = result.stats["rows"]
    assert result.stats["spaces"] == ["pixels", "relu1"]
    assert rows["relu1"]["accuracy"] == 1
    assert rows["relu1"]["width"] == 4
    assert rows["relu1"]["shuffled"]["accuracy"] == pytest.approx(1 / 4, abs=0.2)
    assert result.stats["own"]["accuracy"] == 1
    assert (result.stats["images"], result.stats["groups"], result.stats["what"]) == (48, 4, "class")


def test_shuffled_labels_leave_every_part_its_numbers() -> None:
    groups, folds = np.arange(60) % 3, np.arange(60) % 4
    found = _shuffled(groups, folds, np.random.default_rng(0))
    assert not np.array_equal(found, groups)
    for fold in range(4):
        assert np.bincount(found[folds == fold]).tolist() == np.bincount(groups[folds == fold]).tolist()


def test_claims_can_be_true_and_false(result: Result) -> None:
    assert claims(result.stats)["held_out"].holds is True
    assert claims({**result.stats, "unanswered": 1})["held_out"].holds is False
    assert claims({**result.stats, "unbalanced": 2})["held_out"].holds is False
    assert claims(result.stats)["rises"].undecided == "there is one layer only"
    two = {**result.stats, "first": "pixels"}
    assert claims({**two, "rise": [0.1, 0.3]})["rises"].holds is True
    assert claims({**two, "rise": [-0.3, -0.1]})["rises"].holds is False
    assert claims({**result.stats, "above_pixels": [0.1, 0.3]})["above_pixels"].holds is True
    assert claims({**result.stats, "above_pixels": [-0.3, -0.1]})["above_pixels"].holds is False
    assert claims({**two, "enough": False})["rises"].undecided == "48 images are too few to tell"


def test_families_are_read_where_classes_have_too_few_images(lab: Lab) -> None:
    labels = np.arange(48)
    data = replace(
        lab.dataset, labels=labels, class_names=tuple(f"c{k}" for k in labels), outputs=None,
        families=tuple(FAMILIES[k % 4] for k in labels),
    )  # fmt: skip
    stats = figure().compute(replace(lab, dataset=data)).stats
    assert (stats["what"], stats["groups"], stats["own"]) == ("family", 2, None)
    assert "2 families" in figure().alt(stats)


def test_the_picture_shows_the_probe_and_the_control(result: Result) -> None:
    (axes,) = figure().draw(result).axes
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["probe", "labels shuffled", "the network's own answers"]
    assert axes.get_ylabel() == "accuracy, 4 classes"


def test_one_image_of_each_class_is_an_obstacle_and_wrong_settings_are_named(make_lab: MakeLab, lab: Lab) -> None:
    few = known_lab(make_lab, replace(known_world(per_class=1), families=None))
    assert figure().obstacle(few) == (
        "a probe is trained on some images of a class and tested on others; shapes does not have two classes or "
        "families with at least 4 of the images"
    )
    with pytest.raises(InputError, match=r"figure.layer_probe.folds=1 must be at least 2"):
        figure(folds=1).obstacle(lab)
