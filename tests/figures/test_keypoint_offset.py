"""Keypoints asked about from beside them, for a network that sees single pixels."""

from dataclasses import replace
from typing import Any

import pytest
from keypoint_world import SIDE, keypoint_lab
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.keypoint_offset import KeypointOffset
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "objects": 40, "least": 5, "margin": 0.0, "layers": 2, "radius": 0.2, "offsets": [0.4 / SIDE, 3 / SIDE],
    "folds": 3, "batch": 8,
}  # fmt: skip


def figure(**changed: Any) -> KeypointOffset:
    return KeypointOffset(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(stats)}


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return keypoint_lab(make_lab)


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_a_layer_of_single_pixels_knows_the_keypoint_on_its_square_alone(result: Result) -> None:
    stats = result.stats
    assert stats["offsets"] == pytest.approx([0, 0.4, 3])
    for name in ("relu1", "relu2"):
        at, near, beside = stats["accuracy"][name]
        assert (at, near) == pytest.approx((1, 1))
        assert beside < 0.6
    assert (stats["stride"], stats["conflicts"], stats["points"]) == (1, 0, 96)
    assert claims(stats)["falls"].holds is True
    assert claims(stats)["falls_below_stride"].holds is None
    assert "relu2 100%, 100%" in figure().alt(stats)


def test_claims_can_be_true_and_false(result: Result) -> None:
    for name in ("falls", "falls_below_stride"):
        assert claims({**result.stats, name: [0.1, 0.2]})[name].holds is True
        assert claims({**result.stats, name: [-0.2, -0.1]})[name].holds is False
        assert claims({**result.stats, "images": 3})[name].undecided == "3 images are too few to tell"
    none = {**result.stats, "below": 1, "slope": None}
    assert claims(none)["falls_below_stride"].undecided == "no distance is below the stride of 1 pixels"
    assert claims({**result.stats, "conflicts": 1})["same_column"].holds is False


def test_offsets_beyond_the_stride_alone_leave_it_open(lab: Lab) -> None:
    stats = figure(offsets=[0.25], layers=1).compute(lab).stats
    assert (stats["below"], stats["slope"]) == (1, None)


def test_the_picture_has_a_line_for_each_layer_and_for_sift(result: Result) -> None:
    (axes,) = figure().draw(result).axes
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "always the most frequent", "relu1, stride 1", "relu2, stride 1", "SIFT 4.8 (radius)"
    ]  # fmt: skip


def test_obstacles_and_wrong_settings(lab: Lab) -> None:
    assert figure().obstacle(lab) is None
    assert "seen in 30 of the images" in str(figure(folds=30).obstacle(lab))
    assert "knows of no keypoints" in str(figure().obstacle(lab.with_dataset(replace(lab.dataset, keypoints=None))))
    for wrong in ([], [0.2, 0.1], [0.0, 0.1], [2.0]):
        with pytest.raises(InputError, match=r"figure.keypoint_offset.offsets=.* must be increasing shares above 0"):
            figure(offsets=wrong).obstacle(lab)
    with pytest.raises(InputError, match=r"figure.keypoint_offset.radius=0 must be above 0"):
        figure(radius=0).obstacle(lab)
