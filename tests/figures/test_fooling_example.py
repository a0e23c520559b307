"""Images of a network whose smallest fooling change is known, and claims about sizes that can be false."""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from balance import balance_lab
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Result
from cnnviz_core.figures.fooling_example import FoolingExample

SETTINGS: dict[str, Any] = {
    "images": [0, 1, 2], "count": 3, "search": 6, "confidence": 0.9, "epsilon": None, "most": 16,
}  # fmt: skip
COLORS = [(130, 100, 120), (120, 100, 123), (3, 50, 0)]  # 6, 2 and 2 steps are needed; the last one is clipped


def figure(**changed: Any) -> FoolingExample:
    return FoolingExample(**SETTINGS | changed)


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(balance_lab(make_lab, COLORS))


def test_finds_the_smallest_change_that_fools(result: Result) -> None:
    told = result.stats["images"]
    assert [each["steps"] for each in told] == pytest.approx([6, 2, 2])
    assert [(each["clean"]["output"], each["after"]["output"]) for each in told] == [(0, 1), (1, 0), (0, 1)]
    assert result.stats["fooled"] == 3
    assert told[0]["clean"]["p"] == pytest.approx(1 / (1 + np.exp(-20)))
    assert told[0]["after"]["p"] == pytest.approx(1 / (1 + np.exp(-4)), rel=1e-4)


def test_what_is_saved_is_the_sum_in_8_bits(result: Result) -> None:
    clean, saved, signs = (result.arrays[name].astype(int) for name in ("clean", "saved", "signs"))
    np.testing.assert_array_equal(np.unique(signs[0, 0]), [-1])
    np.testing.assert_array_equal(np.unique(signs[0, 1]), [0])  # green is not seen
    np.testing.assert_array_equal(saved[0], clean[0] + 6 * signs[0])
    np.testing.assert_array_equal(saved[2, :, 0, 0], [1, 50, 2])
    sizes = result.stats["images"][0]
    for name in ("unclipped", "clipped", "saved"):
        assert sizes[name] == pytest.approx(6 / 255, rel=1e-5)
    assert sizes["length"] == pytest.approx(6 / 255 * np.sqrt(2 * 64), rel=1e-5)
    assert sizes["unmoved"] == pytest.approx(1 / 3)


def test_random_signs_of_the_same_size_do_nothing(result: Result) -> None:
    assert result.stats["still"] >= 2
    change = result.arrays["random"][0].astype(int) - result.arrays["clean"][0]
    assert set(np.unique(change)) == {-6, 6}


def test_a_given_size_is_kept_to(make_lab: MakeLab) -> None:
    lab = balance_lab(make_lab, COLORS)
    told = figure(epsilon=2.5 / 255).compute(lab).stats["images"]
    assert [each["fooled"] for each in told] == [False, True, True]
    assert told[0]["unclipped"] == pytest.approx(2.5 / 255, rel=1e-5)
    assert told[0]["saved"] == pytest.approx(2 / 255, rel=1e-5)
    assert [claim.holds for claim in figure().claims({"images": told})] == [True, True, True]


def test_an_image_that_resists_is_shown_with_the_largest_change(make_lab: MakeLab) -> None:
    told = figure(most=4).compute(balance_lab(make_lab, COLORS)).stats["images"]
    assert (told[0]["steps"], told[0]["fooled"]) == (pytest.approx(4), False)


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({}, [True, True, True]),
        ({"unclipped": 0.03}, [False, True, True]),
        ({"saved": 0.03}, [True, False, True]),
        ({"clipped": 0.03}, [True, False, True]),
        ({"agrees": False}, [True, True, False]),
        ({"unmoved": 1.0, "unclipped": 0.0}, [True, True, True]),
    ],
)
def test_claims_can_be_false(result: Result, changed: dict[str, Any], holds: list[bool]) -> None:
    stats = deepcopy(dict(result.stats))
    stats["images"][0].update(changed)
    assert [claim.holds for claim in figure().claims(stats)] == holds


def test_only_rightly_classified_images_are_chosen_and_others_refused(make_lab: MakeLab) -> None:
    lab = balance_lab(make_lab, COLORS, right=[0, 1, 1])
    stats = figure(images=None, count=2).compute(lab).stats
    assert {each["index"] for each in stats["images"]} == {0, 1}
    with pytest.raises(
        InputError, match=r"images=2 is no image to be fooled with: tiny takes it for .* to begin with: "
    ):
        figure().compute(lab)


def test_the_picture_has_four_panels_of_each_image(result: Result) -> None:
    axes = figure().draw(result).axes
    assert len(axes) == 12
    assert axes[1].get_xlabel() == "times 6/255"
    assert "changed by 6/255" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"epsilon": 0.0}, r"figure.fooling_example.epsilon=0.0 must be from 0.00392, .* to 1"),
        ({"epsilon": 1.5}, r"figure.fooling_example.epsilon=1.5 must be from 0.00392"),
        ({"most": 256}, r"figure.fooling_example.most=256 must be at most 255"),
        ({"most": 0}, r"figure.fooling_example.most=0 must be at least 1"),
        ({"confidence": 0}, r"figure.fooling_example.confidence=0 must be above 0"),
        ({"images": [7]}, r"figure.fooling_example.images=7 is not in the data set"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(balance_lab(make_lab, COLORS))
