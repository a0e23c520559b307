"""Paths of a network whose logits are straight lines, and claims about paths that can be false."""

from typing import Any

import numpy as np
import pytest
from balance import balance, balance_lab
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Result
from cnnviz_core.figures.fooling_logit_path import FoolingLogitPath

SETTINGS: dict[str, Any] = {
    "image": 0, "search": 4, "confidence": 0.9, "reach": 0.2, "points": 21, "strip": 3, "images_measured": 3,
    "points_measured": 21, "pieces": 2, "batch": 8,
}  # fmt: skip
COLORS = [(151, 100, 100), (90, 100, 121), (140, 10, 100)]


def figure(**changed: Any) -> FoolingLogitPath:
    return FoolingLogitPath(**SETTINGS | changed)


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(balance_lab(make_lab, COLORS))


def test_the_path_is_the_straight_line_that_follows_by_hand(result: Result) -> None:
    """There are 51 steps more of red than of blue, and each epsilon of 1/255 takes two of them."""
    at, path = result.arrays["at"], result.arrays["sign"]
    np.testing.assert_allclose(path[:, 0], 51 - 2 * 255 * at, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(path[:, 1], -path[:, 0], rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(path[10], [51, -51], rtol=1e-5)
    drawn = result.stats["drawn"]
    assert drawn["explained"] == pytest.approx([1, 1])
    assert drawn["lines_left"] == pytest.approx(0, abs=1e-6)
    assert drawn["kept"] == pytest.approx(16 / 21, abs=1 / 21)  # up to epsilon = 0.1, or 15 of the 20 steps
    assert drawn["random_kept"] > drawn["kept"]


def test_nothing_is_clipped_on_the_way_but_in_the_pictures(make_lab: MakeLab) -> None:
    found = figure(reach=1.0).compute(balance_lab(make_lab, COLORS))
    np.testing.assert_allclose(found.arrays["sign"][-1, 0], 51 - 510, rtol=1e-4)
    np.testing.assert_array_equal(found.arrays["sign_strip"][-1, :, 0, 0], [0, 100, 255])
    np.testing.assert_array_equal(found.arrays["sign_strip"][1, :, 0, 0], COLORS[0])


def test_the_image_is_the_one_of_that_confidence(make_lab: MakeLab) -> None:
    lab = balance_lab(make_lab, [(130, 0, 100), (101, 0, 100), (0, 0, 200)])
    assert figure(image=None, confidence=0.88).compute(lab).stats["image"] == 1


def test_claims_hold_for_bent_paths_and_not_for_smooth_ones(make_lab: MakeLab) -> None:
    lab = balance_lab(make_lab, COLORS)
    bent, smooth = (
        lab.with_model(make_lab(nn.Sequential(*balance(gain), last, nn.Linear(2, 2)), [], size=8).model)
        for gain, last in ((255.0, nn.ReLU()), (2.0, nn.Tanh()))
    )
    assert [claim.holds for claim in figure().claims(figure().compute(bent).stats)][:2] == [True, True]
    assert figure().claims(figure().compute(smooth).stats)[1].holds is False


def test_the_blue_answer_lasts_once_it_has_taken_over(make_lab: MakeLab) -> None:
    colors = [(100 + 10 * k, 100, 100) for k in range(8)]  # the first is even; half of the reach are 51 steps more
    found = figure(images_measured=8).compute(balance_lab(make_lab, colors))
    lasting = found.stats["lasting"]
    assert (lasting["images"], lasting["held"]) == (5, 5)
    assert figure().claims({**found.stats})[2].undecided == "5 images are too few to tell"


def test_only_images_with_the_right_answer_are_led_away(make_lab: MakeLab) -> None:
    lab = balance_lab(make_lab, COLORS, right=[0, 0, 0])
    assert figure().compute(lab).stats["lasting"]["images"] <= 2  # the second is blue


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({"straighter_interval": [0.1, 0.2], "lasting": [0.6, 0.9]}, [True, True, True]),
        ({"clean_error": 1e-2}, [False, None, False]),
        ({"straighter_interval": [-0.2, -0.1]}, [True, False, False]),
        ({"lasting": [0.3, 0.7]}, [True, None, None]),
    ],
)
def test_claims_can_be_false(result: Result, changed: dict[str, Any], holds: list[bool | None]) -> None:
    lasting = {"share": 0.5, "images": 9, "interval": changed.get("lasting", [0.1, 0.3])}
    stats = {**result.stats, "straighter_interval": [-0.1, 0.1], **changed, "lasting": lasting}
    assert [claim.holds for claim in figure().claims(stats)] == holds


def test_the_picture_has_two_paths_and_two_strips(result: Result) -> None:
    axes = figure().draw(result).axes
    assert [panel.get_title() for panel in axes[:2]] == ["along the sign of the gradient", "along random signs"]
    assert len(axes) == 4
    assert "All 2 logits" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"reach": 0}, r"figure.fooling_logit_path.reach=0 must be above 0 and at most 1"),
        ({"reach": 1.5}, r"figure.fooling_logit_path.reach=1.5 must be above 0 and at most 1"),
        ({"points": 20}, r"figure.fooling_logit_path.points=20 must be odd and at least 7, for 2 pieces"),
        ({"points_measured": 5}, r"figure.fooling_logit_path.points_measured=5 must be odd and at least 7"),
        ({"strip": 1}, r"figure.fooling_logit_path.strip=1 must be at least 2"),
        ({"image": 9}, r"figure.fooling_logit_path.image=9 is not in the data set"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(balance_lab(make_lab, COLORS))
