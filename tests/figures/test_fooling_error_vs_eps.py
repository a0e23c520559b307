"""Curves of a network whose errors are known at every size, and claims about them that can be false."""

from typing import Any

import numpy as np
import pytest
from balance import balance_lab
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Result
from cnnviz_core.figures.fooling_error_vs_eps import FoolingErrorVsEps

SETTINGS: dict[str, Any] = {
    "images": 8, "epsilons": [1, 2, 4, 8], "compared": 4, "clipped": True, "control_images": 4, "batch": 3,
}  # fmt: skip
COLORS = [(100 + k, 50, 100) for k in (1, 3, 5, 7, 9, 11, -1, -7)]  # fooled where twice the steps are more
RIGHT = [0] * 7 + [1]  # the seventh is misclassified as it is
ERRORS = [1 / 8, 2 / 8, 3 / 8, 6 / 8, 8 / 8]  # by how many at 0, 1, 2, 4, 8


def figure(**changed: Any) -> FoolingErrorVsEps:
    return FoolingErrorVsEps(**SETTINGS | changed)


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(balance_lab(make_lab, COLORS, right=RIGHT))


def test_errors_are_those_that_follow_by_hand(result: Result) -> None:
    stats = result.stats
    assert [point["error"] for point in stats["curves"]["sign"]] == pytest.approx(ERRORS)
    assert stats["steps"] == [0, 1, 2, 4, 8]
    assert stats["clean_error"] == pytest.approx(1 / 8)
    assert stats["half"] == 4
    assert stats["curves"]["random"][0]["error"] == pytest.approx(1 / 8)
    assert stats["curves"]["random"][3]["error"] < 3 / 8
    assert stats["lead"] == pytest.approx(6 / 8 - stats["at"]["random"]["error"])


def test_confidence_is_the_mean_over_the_errors(result: Result) -> None:
    point = result.stats["curves"]["sign"][3]
    margins = 2 * np.array(
        [7, 5, 3, 1, 9, 1]
    )  # of the six errors at 4: 8 - excess, and further from 0 for the wrong one
    assert point["errors"] == 6
    assert point["confidence"] == pytest.approx((1 / (1 + np.exp(-margins.astype(float)))).mean(), rel=1e-3)
    assert result.stats["curves"]["sign"][1]["confidence"] is None  # two errors say little


def test_claims_hold_for_it(result: Result) -> None:
    assert [claim.holds for claim in figure().claims(result.stats)] == [True] * 4


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({"clean_error": 0.2}, [False, True, True, True]),
        ({"excess": 1e-3}, [True, False, True, True]),
        ({"lead_interval": [-0.3, -0.1]}, [True, True, False, True]),
        ({"lead_interval": [-0.3, 0.1]}, [True, True, None, True]),
        ({"sure_interval": [0.2, 0.4]}, [True, True, True, False]),
        ({"sure_interval": None}, [True, True, True, None]),
    ],
)
def test_claims_can_be_false(result: Result, changed: dict[str, Any], holds: list[bool | None]) -> None:
    assert [claim.holds for claim in figure().claims({**result.stats, **changed})] == holds


def test_clipping_makes_a_change_smaller(make_lab: MakeLab) -> None:
    """White has no room for more red: of twice the steps only one half is left, of black likewise."""
    lab = balance_lab(make_lab, [(255, 0, 252), (3, 0, 0)], right=[0, 0])
    clipped, free = (
        [point["error"] for point in figure(clipped=way).compute(lab).stats["curves"]["sign"]] for way in (True, False)
    )
    assert clipped == free == [0, 0, 1, 1, 1]
    lab = balance_lab(make_lab, [(3, 0, 255)], right=[1])
    sizes = [figure(clipped=way).compute(lab).stats["excess"] for way in (True, False)]
    assert max(sizes) <= 1e-6


def test_without_known_labels_the_answers_are_the_labels(make_lab: MakeLab) -> None:
    stats = figure().compute(balance_lab(make_lab, COLORS)).stats
    assert (stats["label"], stats["clean_error"]) == ("predicted", 0)
    assert [claim.holds for claim in figure().claims(stats)][:2] == [True, True]


def test_the_picture_has_both_curves(result: Result) -> None:
    axes = figure().draw(result).axes
    assert [len(panel.lines) for panel in axes] == [2, 3]
    assert np.asarray(axes[0].lines[0].get_ydata()).tolist() == pytest.approx(ERRORS)
    assert "At 4/255 it is 75% along the sign" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"epsilons": [-1, 4]}, r"figure.fooling_error_vs_eps.epsilons=-1 must be from 0 to 255, in steps of 1/255"),
        ({"epsilons": [4, 256]}, r"figure.fooling_error_vs_eps.epsilons=256 must be from 0 to 255"),
        ({"compared": 3}, r"figure.fooling_error_vs_eps.compared=3 must be one of epsilons: 1, 2, 4, 8"),
        ({"images": 0}, r"figure.fooling_error_vs_eps.images=0 must be at least 1"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(balance_lab(make_lab, COLORS))
