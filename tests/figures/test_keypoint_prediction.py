"""Keypoints found by classifiers of colors."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from keypoint_world import keypoint_lab
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.keypoint_prediction import KeypointPrediction
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "objects": 40, "least": 5, "margin": 0.0, "layer": "relu2", "side": 3, "negatives": 30, "neighbours": 3,
    "weight": 0.1, "width": 0.3, "folds": 2, "shown": 2, "alphas": [0.1, 0.03], "batch": 8,
}  # fmt: skip


def figure(**changed: Any) -> KeypointPrediction:
    return KeypointPrediction(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(stats)}


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return keypoint_lab(make_lab)


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_squares_of_a_color_are_found_and_a_prior_of_nothing_finds_little(result: Result) -> None:
    stats = result.stats
    assert stats["pck"]["without prior"] == pytest.approx([1, 1])
    assert stats["pck"]["prior alone"][0] < 0.4
    assert stats["pck"]["middle of the box"][0] == 0
    assert (stats["points"], stats["images"], stats["classes"]) == (96, 24, ["odd", "even"])
    np.testing.assert_allclose(result.arrays["without prior 0"], result.arrays["true 0"])


def test_an_overwhelming_prior_is_the_prior_alone(lab: Lab) -> None:
    stats = figure(weight=1e6).compute(lab).stats
    assert stats["pck"]["with prior"] == stats["pck"]["prior alone"]
    assert claims(stats)["no_prior"].holds is True


def test_claims_can_be_true_and_false(result: Result) -> None:
    for name in ("prior_helps", "above_middle", "above_prior_alone"):
        assert claims({**result.stats, name: [0.1, 0.2]})[name].holds is True
        assert claims({**result.stats, name: [-0.2, -0.1]})[name].holds is False
        assert claims({**result.stats, "images": 4})[name].undecided == "4 images are too few to tell"
    assert claims({**result.stats, "weight_0_differs": 2.0})["no_prior"].holds is False


def test_the_picture_has_bars_and_each_object_twice(result: Result) -> None:
    axes = figure().draw(result).axes
    assert len(axes) == 1 + 2 * 2
    assert [text.get_text() for text in axes[0].get_xticklabels()] == ["within 0.1", "within 0.03"]
    assert "without prior 100%, 100%" in figure().alt(result.stats)


def test_obstacles_and_wrong_settings(lab: Lab) -> None:
    assert figure().obstacle(lab) is None
    assert "seen in 30 of the images" in str(figure(folds=30).obstacle(lab))
    assert "knows of no keypoints" in str(figure().obstacle(lab.with_dataset(replace(lab.dataset, keypoints=None))))
    assert figure(layer="fc3").obstacle(lab) == "layer fc3 of tiny has no maps"
    with pytest.raises(InputError, match=r"figure.keypoint_prediction.side=2 must be odd"):
        figure(side=2).obstacle(lab)
    with pytest.raises(InputError, match=r"figure.keypoint_prediction.alphas=\[\] must be shares above 0"):
        figure(alphas=[]).obstacle(lab)
