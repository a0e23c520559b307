"""Class models of networks whose scores are known, and of one that says nothing at the zero image."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, pointwise
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Result
from cnnviz_core.figures.class_model import ClassModel
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "classes": None, "count": 2, "search": 6, "length": 1.0, "tries": 30, "steps": 20, "rate": 0.1, "falloff": 1.0,
    "shift": 0.1, "turn": 5, "zoom": 0.1, "photographs": 3,
}  # fmt: skip


def figure(**changed: Any) -> ClassModel:
    return ClassModel(**SETTINGS | changed)


def tints() -> nn.Sequential:
    """The three scores are how red, green and blue the image is, and its negative for a fourth and fifth class."""
    mean, last = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Linear(3, 5)
    with torch.no_grad():
        last.weight.copy_(torch.tensor([[9.0, 0, 0], [0, 9, 0], [0, 0, 9], [-9, 0, 0], [0, -9, 0]]))
        last.bias.zero_()
    return nn.Sequential(pointwise(np.eye(3).tolist(), [0.0] * 3), *mean, last)


def lab(make_lab: MakeLab, net: nn.Module | None = None) -> Lab:
    made = make_lab(tints() if net is None else net, size=8)
    classes = ("red", "green", "blue", "not red, cyan", "not green")
    return made.with_model(replace(made.model, mean=(0.5, 0.5, 0.5), classes=classes))


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure(classes=["Red", 2]).compute(lab(make_lab))


def test_the_class_red_looks_red(result: Result) -> None:
    red, blue = result.arrays["raw"].astype(int)
    assert (red[0] > 200).all()
    np.testing.assert_array_equal(red[1:], 128)
    np.testing.assert_array_equal(blue[:2], 128)
    told = result.stats["classes"][0]
    assert told["name"] == "red"
    assert told["raw"]["predicted"]
    assert told["raw"]["score"] > told["softmax"]["score"] > 0
    assert result.arrays["held"][0, 0].mean() > result.arrays["held"][0, 1].mean() + 5
    assert result.stats["faint"] is False


def test_a_shorter_image_has_a_lower_score_and_a_stronger_penalty(result: Result, make_lab: MakeLab) -> None:
    """Of a linear score that is zero for gray the first is in proportion to the length, the second to its inverse."""
    short = figure(classes=["Red", 2], length=0.25).compute(lab(make_lab)).stats
    assert short["bound"] == pytest.approx(result.stats["bound"] / 4)
    for full, faint in zip(result.stats["classes"], short["classes"], strict=True):
        assert full["length"] == pytest.approx(1)
        assert faint["length"] == pytest.approx(1)
        assert faint["raw"]["score"] == pytest.approx(full["raw"]["score"] / 4, rel=1e-3)
        assert faint["penalty"] == pytest.approx(full["penalty"] * 4, rel=1e-3)


def test_the_length_is_that_of_the_images_of_the_data_set(result: Result, make_lab: MakeLab) -> None:
    here = lab(make_lab)
    pixels = here.pixels(here.spread(3)).numpy().astype(float)
    lengths = [np.sqrt((((image - 0.5) / np.array(here.model.std)[:, None, None]) ** 2).sum()) for image in pixels]
    assert result.stats["bound"] == pytest.approx(np.mean(lengths), rel=1e-5)


def test_claims_hold_for_it(result: Result) -> None:
    assert [claim.holds for claim in figure().claims(result.stats)] == [True, True, True]


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({"compared": 1}, [True, True, None]),
        ({"largest_fall": 1e-9}, [False, True, True]),
        ({"predicted": 0, "outputs": 2, "classes": [{}] * 40}, [True, False, True]),
        ({"predicted": 1, "outputs": 2}, [True, None, True]),
        ({"lead_interval": [-0.2, -0.1]}, [True, True, False]),
        ({"lead_interval": [-0.2, 0.1]}, [True, True, None]),
    ],
)
def test_claims_can_be_false(result: Result, changed: dict[str, Any], holds: list[bool | None]) -> None:
    assert [claim.holds for claim in figure().claims({**result.stats, **changed})] == holds


def test_where_nothing_changes_at_the_zero_image_the_ascent_starts_from_faint_noise(make_lab: MakeLab) -> None:
    net = nn.Sequential(*list(tints())[:1], nn.ReLU(), *list(tints())[1:])
    stats = figure(classes=["red"]).compute(lab(make_lab, net)).stats
    assert stats["faint"] is True
    assert stats["classes"][0]["raw"]["score"] > 1
    assert figure().claims(stats)[2].undecided == "fewer than two classes of which both climbs left the start"


def test_classes_are_those_of_the_surest_images_and_the_model_is_left_as_it_was(make_lab: MakeLab) -> None:
    here = lab(make_lab)
    stats = figure(count=5).compute(here).stats
    assert len({each["output"] for each in stats["classes"]}) == 5
    assert next(here.model.net.parameters()).dtype == torch.float32
    won = {int(k) for k in here.logits(here.examples(5, 6)).argmax(axis=1)}
    assert won <= {each["output"] for each in stats["classes"]}


def test_the_picture_has_two_images_of_each_class_and_the_climbs(result: Result) -> None:
    axes = figure().draw(result).axes
    assert axes[0].get_title().startswith("red\nS ")
    assert axes[4].get_xlabel() == "tries"
    assert len(axes[4].lines) == 2
    assert "red: score" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"classes": ["gren"]}, r"classes=gren is not an output of model tiny, .*; did you mean 'green'\?"),
        ({"classes": [5]}, r"figure.class_model.classes=5 is not an output of model tiny, which are 0 to 4"),
        ({"length": 0}, r"figure.class_model.length=0 must be above 0"),
        ({"rate": 0}, r"figure.class_model.rate=0 must be above 0"),
        ({"tries": 0}, r"figure.class_model.tries=0 must be at least 1"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab(make_lab))


def test_the_first_of_several_names_is_enough(make_lab: MakeLab) -> None:
    stats = figure(classes=["not red"], tries=1, steps=1).compute(lab(make_lab)).stats
    assert stats["classes"][0]["output"] == 3


def test_a_model_that_gives_no_numbers_is_named_and_no_setting(make_lab: MakeLab) -> None:
    here = lab(make_lab)
    with torch.no_grad():
        here.model.net[3].weight[0] = torch.inf  # type: ignore[index]
    with pytest.raises(InputError, match=r"^model tiny gives scores that are not finite"):
        figure(classes=["red"]).compute(here)


class Cliff(nn.Module):
    """No number for images that are redder than any of the data set."""

    def forward(self, logits: Tensor) -> Tensor:
        return logits + torch.where(logits[:, :1] > 1, torch.nan, 0.0)


def test_a_climb_that_leads_to_no_number_names_the_setting(make_lab: MakeLab) -> None:
    with pytest.raises(InputError, match=r"figure.class_model.rate=3 leads tiny to a score that is not finite"):
        figure(classes=["red"], rate=3).compute(lab(make_lab, nn.Sequential(*tints(), Cliff())))


def test_scores_that_are_all_zero_can_be_drawn(result: Result) -> None:
    stats = {**result.stats, "classes": [{**each, "photograph": 0.0} for each in result.stats["classes"]]}
    nothing = {name: np.zeros_like(values) for name, values in result.arrays.items()}
    assert figure().draw(replace(result, stats=stats, arrays=nothing)).axes


def test_scores_far_above_photographs_are_drawn_beyond_them_on_a_logarithmic_scale(result: Result) -> None:
    told = copy.deepcopy(result)
    for each in told.stats["classes"]:
        each["photograph"], each["raw"]["score"] = 30.0, 5000.0
    dots = figure().draw(told).axes[5]
    assert dots.get_xscale() == "symlog"
    assert [each.get_text() for each in dots.get_xticklabels()] == ["0", "100", "1000"]
    for each in told.stats["classes"]:
        each["photograph"] = 4000.0
    assert figure().draw(told).axes[5].get_xscale() == "linear"
