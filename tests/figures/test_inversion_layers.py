"""Inversion of a network whose first layer keeps half of the values and whose last keeps the mean color."""

from typing import Any

import numpy as np
import pytest
import torch
from color_codes import color_lab
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Result
from cnnviz_core.figures.inversion_layers import InversionLayers

SETTINGS: dict[str, Any] = {
    "image": 2, "search": 6, "layers": None, "most": 14, "smoothness": 0.001, "bound": 0.0, "rate": 0.004,
    "steps": 60, "tolerance": 1e-4, "photographs": 4, "noise": 1.0,
}  # fmt: skip


def figure(**changed: Any) -> InversionLayers:
    return InversionLayers(**SETTINGS | changed)


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(color_lab(make_lab))


def test_what_a_layer_keeps_comes_back(result: Result) -> None:
    told = result.stats["layers"]
    assert [each["name"] for each in told] == ["relu1", "pool1", "fc2"]
    assert told[0]["correlation"] > 0.99
    assert told[0]["error"] < 0.03
    assert all(abs(each["correlation"]) < 0.5 for each in told[1:])
    assert told[1]["error"] < 0.01
    difference = result.arrays["images"][0].astype(int) - result.arrays["original"].astype(int)
    assert np.abs(difference).mean() < 15
    assert result.arrays["images"].min(axis=(1, 2, 3)).tolist() == [0, 0, 0]
    assert result.arrays["images"].max(axis=(1, 2, 3)).tolist() == [255, 255, 255]


def test_each_layer_has_the_papers_smoothness_or_the_one_that_is_given(make_lab: MakeLab) -> None:
    told = figure(smoothness=None, steps=1).compute(color_lab(make_lab)).stats["layers"]
    assert [each["smoothness"] for each in told] == [5, 50, 50]
    (one,) = figure(layers=["conv1"], smoothness=7, steps=1).compute(color_lab(make_lab)).stats["layers"]
    assert (one["name"], one["smoothness"]) == ("conv1", 7)
    spread = figure(most=2, steps=1).compute(color_lab(make_lab)).stats["layers"]
    assert [each["name"] for each in spread] == ["relu1", "fc2"]


def test_claims_hold_and_can_be_false(result: Result) -> None:
    assert [claim.holds for claim in figure().claims(result.stats)] == [True, True]
    first = result.stats["layers"][0]
    for changed, holds in ({"largest_rise": 1e-9}, [False, True]), ({"untouched": 1e-12}, [True, False]):
        worse = {**result.stats, "layers": [{**first, **changed}]}
        assert [claim.holds for claim in figure().claims(worse)] == holds


def test_same_bytes_again_and_the_model_is_left_as_it_was(result: Result, make_lab: MakeLab) -> None:
    again = figure().compute(color_lab(make_lab))
    assert again.stats == result.stats
    np.testing.assert_array_equal(again.arrays["images"], result.arrays["images"])


def test_the_picture_shows_the_original_each_layer_and_the_curves(result: Result) -> None:
    axes = figure().draw(result).axes
    assert axes[0].get_title() == "original\n "
    assert axes[1].get_title().startswith("relu1\nλ 0.001, error 0.")
    assert len(axes[-1].lines) == 3
    assert axes[-1].get_xlabel() == "steps"
    assert "relu1: error 0." in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"layers": ["rleu1"]}, r"model tiny has no layer 'rleu1'; did you mean 'relu1'\?"),
        ({"image": 6}, r"figure.inversion_layers.image=6 is not in the data set noise, which has the images 0 to 5"),
        ({"steps": 0}, r"figure.inversion_layers.steps=0 must be at least 1"),
        ({"most": 0}, r"figure.inversion_layers.most=0 must be at least 1"),
        ({"smoothness": -1}, r"figure.inversion_layers.smoothness=-1 must be at least 0"),
        ({"bound": float("nan")}, r"figure.inversion_layers.bound=nan must be a finite number"),
        ({"rate": 0}, r"figure.inversion_layers.rate=0 must be above 0"),
        ({"noise": float("inf")}, r"figure.inversion_layers.noise=inf must be a finite number"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(color_lab(make_lab))


def test_an_objective_that_is_no_number_is_named_and_a_huge_rate_is_not_one(make_lab: MakeLab) -> None:
    with pytest.raises(InputError, match=r"smoothness=1e\+39 or bound=0.0 is too large for tiny at relu1: the obj"):
        figure(smoothness=1e39).compute(color_lab(make_lab))
    broken = color_lab(make_lab)
    with torch.no_grad():
        broken.model.net[0].weight[0] = torch.inf  # type: ignore[index]
    with pytest.raises(InputError, match=r"model tiny gives a code at relu1 that is not finite"):
        figure().compute(broken)
    told = figure(rate=1e20, steps=60).compute(color_lab(make_lab)).stats["layers"]
    assert all(np.isfinite(each["objective"]) for each in told)
