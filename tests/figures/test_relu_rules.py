"""Three rules side by side, on networks whose projections are known."""

from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.relu_rules import ReluRules
from cnnviz_core.lab import Lab
from cnnviz_core.methods.relu_rules import RULES

SETTINGS: dict[str, Any] = {
    "image": 0, "search": 4, "layers": None, "depths": 3, "images_measured": 4, "batch": 3,
}  # fmt: skip


def figure(**changed: Any) -> ReluRules:
    return ReluRules(**SETTINGS | changed)


def claim(result: Result, name: str) -> Claim:
    return {each.name: each for each in figure().claims(result.stats)}[f"relu_rules.{name}"]


def planted() -> nn.Sequential:
    """relu1 has red, and red less a half; relu2 its first less 2 times its second, and the negative of green.

    The score of the first class is the sum of the first map of relu2.
    """
    last = nn.Linear(2 * 16, 2, bias=False)
    with torch.no_grad():
        last.weight.zero_()
        last.weight[0, :16], last.weight[1] = 1, 0.01
    return nn.Sequential(
        pointwise([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [0.0, -0.5]), nn.ReLU(),
        pointwise([[1.0, -2.0], [-1.0, -1.0]], [0.1, 0.05]), nn.ReLU(inplace=True), nn.Flatten(), last,
    )  # fmt: skip


def images() -> list[torch.Tensor]:
    """Red of 0.2 in the whole, but 0.4 at (1, 2)."""
    values = torch.full((3, 4, 4), 51, dtype=torch.uint8)
    values[0, 1, 2] = 102
    return [values] * 4


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return make_lab(planted(), images(), size=4)


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_the_strongest_unit_goes_back_by_each_rule(result: Result) -> None:
    """At (1, 2) relu2 gives 0.4 + 0.1: the second unit of relu1 is off there, and the deconvnet does not know it."""
    unit = result.stats["units"][0]
    assert (unit["layer"], unit["map"], unit["box"]) == ("relu2", 0, [1, 2, 2, 3])
    red = result.arrays["projections"][0, :, 0]
    expected = np.zeros((3, 4, 4))
    expected[:, 1, 2] = 0.5  # the deconvnet clips the -2 times 0.5 that the second unit would send back
    np.testing.assert_allclose(red, expected, rtol=1e-6)
    assert not result.arrays["projections"][0, :, 1:].any()


def test_the_score_goes_back_as_a_whole(result: Result) -> None:
    score = result.stats["units"][-1]
    assert (score["layer"], score["class"], score["box"]) == ("score", "output 0", [0, 0, 4, 4])
    np.testing.assert_allclose(result.arrays["projections"][-1, :, 0], np.ones((3, 4, 4)), rtol=1e-6)


def test_all_identities_hold_and_relus_are_counted(result: Result) -> None:
    assert [each.holds for each in figure().claims(result.stats)] == [True] * 4
    checks = result.stats["checks"]
    assert (checks["ran"], checks["followed"]) == (2, 2)
    assert checks["mask_values"] == 32
    assert checks["lowest"] == 0


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [("counted", "followed", 1), ("gradient", "gradient_error", 0.01), ("both_masks", "mask_conflicts", 1),
     ("not_negative", "lowest", -1e-9)],
)  # fmt: skip
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str, key: str, value: float) -> None:
    wrong = {**result.stats, "checks": {**result.stats["checks"], key: value}}
    assert claim(Result({}, wrong), name).holds is False


def test_an_empty_projection_is_counted_and_said(make_lab: MakeLab) -> None:
    """The score falls with both units of relu1: nothing positive is left to come back from them."""
    net = planted()
    net[2] = pointwise([[-1.0, -1.0], [0.0, 0.0]], [2.0, 2.0])
    result = figure().compute(make_lab(net, images(), size=4))
    assert result.stats["scores"]["empty"] == {"gradient": 0, "deconvnet": 4, "guided": 4}
    assert result.stats["scores"]["cosine"] == {"deconvnet": None, "guided": None}
    labels = [axes.get_xlabel() for axes in figure().draw(result).axes]
    assert labels[-2:] == ["nothing comes back"] * 2
    assert labels[-3] == "scale ±1"


def test_without_relus_the_three_agree(make_lab: MakeLab) -> None:
    net = nn.Sequential(pointwise([[1.0, 2.0, -1.0]], [0.0]), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    result = figure().compute(make_lab(net))
    assert len(result.stats["units"]) == 1
    found = result.arrays["projections"][0]
    assert found.any()
    assert (found == found[:1]).all()
    assert [each.holds for each in figure().claims(result.stats)] == [True] * 4
    assert result.stats["checks"]["ran"] == 0


def test_layers_are_spread_over_the_depth_or_chosen(make_lab: MakeLab) -> None:
    steps = [(nn.Conv2d(3 if k == 0 else 4, 4, 3, padding=1), nn.ReLU()) for k in range(6)]
    net = nn.Sequential(*(part for step in steps for part in step), nn.Flatten(), nn.Linear(4 * 64, 3))
    lab = make_lab(net)
    names = [unit["layer"] for unit in figure().compute(lab).stats["units"]]
    assert names == ["relu2", "relu4", "relu6", "score"]
    names = [unit["layer"] for unit in figure(layers=["relu1", "conv3"]).compute(lab).stats["units"]]
    assert names == ["relu1", "conv3", "score"]
    assert len(figure(depths=9).compute(lab).stats["units"]) == 6


def test_the_picture_has_a_row_for_each_depth_and_says_the_scales(result: Result) -> None:
    axes = figure().draw(result).axes
    assert [each.get_title() for each in axes[:4]] == ["what the unit sees", "gradient", "deconvnet", "guided backprop"]
    assert [each.get_xlabel() for each in axes[1:4]] == ["scale ±0.5", "scale 1 × gradient", "scale 1 × gradient"]
    assert [each.get_ylabel() for each in axes[::4]] == ["relu2\nmap 0", "class score\noutput 0"]


def test_the_alternative_text_has_the_scales(result: Result) -> None:
    text = figure().alt(result.stats)
    assert "a row for each of 2 depths" in text
    assert "relu2, map 0: gradient scale ±0.5, deconvnet scale 1 × gradient" in text


def test_other_activation_functions_are_an_obstacle(make_lab: MakeLab) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(4 * 36, 3))
    assert figure().obstacle(make_lab(net)) == "the guided rule is defined for ReLUs, and this network uses gelu"


def test_a_layer_without_maps_is_an_obstacle(lab: Lab) -> None:
    assert figure(layers=["fc3"]).obstacle(lab) == "layer fc3 of tiny has no maps"
    assert figure().obstacle(lab) is None


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"image": 4}, r"figure.relu_rules.image=4 is not in the data set noise, which has the images 0 to 3"),
        ({"depths": 0}, r"figure.relu_rules.depths=0 must be at least 1"),
        ({"layers": ["relu9"]}, r"model tiny has no layer 'relu9'; did you mean 'relu"),
        ({"batch": 0}, r"figure.relu_rules.batch=0 must be at least 1"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)


def test_cosines_are_those_of_the_scores(result: Result) -> None:
    assert set(result.stats["scores"]["cosine"]) == set(RULES[1:])
    assert all(value == pytest.approx(1) for value in result.stats["scores"]["cosine"].values())
