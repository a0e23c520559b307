"""Which keypoint is this, for a network whose columns spell the answer."""

from dataclasses import replace
from typing import Any

import pytest
from keypoint_world import keypoint_lab, keypoint_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.keypoint_classification import KeypointClassification
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "objects": 40, "least": 5, "margin": 0.0, "layers": 3, "radii": [0.1, 0.5], "folds": 3, "batch": 8
}  # fmt: skip


def figure(**changed: Any) -> KeypointClassification:
    return KeypointClassification(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(stats)}


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return keypoint_lab(make_lab)


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_columns_that_spell_the_keypoint_are_read_without_error(result: Result) -> None:
    stats = result.stats
    assert stats["layers"] == ["relu1", "relu2"]
    assert stats["spaces"] == ["relu1", "relu2", "SIFT 2.4", "SIFT 12"]
    assert [stats["rows"][name]["accuracy"] for name in stats["layers"]] == [1, 1]
    assert stats["rows"]["relu1"]["classes"] == [1, 1]
    assert stats["rows"]["relu2"]["shuffled"] == pytest.approx(0.25, abs=0.15)
    assert (stats["points"], stats["images"], stats["kinds"], stats["chance"]) == (96, 24, [4, 4], 0.25)
    assert claims(stats)["held_out"].holds is True
    assert claims(stats)["above_shuffled"].holds is True
    assert claims(stats)["first_worst"].holds is None


def test_claims_can_be_true_and_false(result: Result) -> None:
    tendencies = ("first_worst", "deep_above_shallow", "above_sift", "above_random", "above_shuffled")
    for name in tendencies:
        assert claims({**result.stats, name: [0.1, 0.2]})[name].holds is True
        assert claims({**result.stats, name: [-0.2, -0.1]})[name].holds is False
        assert claims({**result.stats, "images": 9})[name].undecided == "9 images are too few to tell"
    assert claims({**result.stats, "layers": ["relu1"]})["first_worst"].undecided == "there is one layer of maps only"
    assert claims({**result.stats, "both_sides": 1})["held_out"].holds is False


def test_the_picture_has_a_bar_for_each_and_a_table_of_classes(result: Result) -> None:
    upper, lower = figure().draw(result).axes
    assert [label.get_text() for label in upper.get_xticklabels()] == result.stats["spaces"]
    assert [label.get_text() for label in lower.get_yticklabels()] == ["odd (4)", "even (4)"]
    assert "relu2 100%" in figure().alt(result.stats)


def test_obstacles_and_wrong_settings(make_lab: MakeLab, lab: Lab) -> None:
    assert figure().obstacle(lab) is None
    few = keypoint_lab(make_lab, replace(keypoint_world(2), class_names=("odd", "even")))
    assert figure().obstacle(few) == (
        "a classifier is trained on some images of a class and tested on others; painted has no class with two "
        "keypoints that are each seen in 3 of the images"
    )
    blind = lab.with_model(replace(lab.model, layers={n: v for n, v in lab.model.layers.items() if not v.spatial}))
    assert figure().obstacle(blind) == "tiny has no layer of maps before its classifier"
    assert "knows of no keypoints" in str(figure().obstacle(lab.with_dataset(replace(lab.dataset, keypoints=None))))
    with pytest.raises(InputError, match=r"figure.keypoint_classification.folds=1 must be at least 2"):
        figure(folds=1).obstacle(lab)
    with pytest.raises(InputError, match=r"figure.keypoint_classification.radii=\[2\] must be shares above 0"):
        figure(radii=[2]).obstacle(lab)
