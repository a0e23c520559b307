"""A network whose first layer keeps everything, so that all find one image, and whose last keeps the mean color."""

from typing import Any

import numpy as np
import pytest
import torch
from color_codes import color_lab
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Result
from cnnviz_core.figures.inversion_multi import InversionMulti

SETTINGS: dict[str, Any] = {
    "layers": ["relu1", "fc2"], "layers_chosen": 3, "seeds": 3, "noise": 1.0, "smoothness": 0.001, "steps": 60,
    "images_measured": 4, "photographs": 6,
}  # fmt: skip


def figure(**changed: Any) -> InversionMulti:
    return InversionMulti(**SETTINGS | changed)


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(color_lab(make_lab))


def test_where_all_is_kept_all_find_the_same_and_elsewhere_each_keeps_its_noise(result: Result) -> None:
    first, last = result.stats["layers"]
    assert max(first["differences"]) < 0.1
    assert min(last["differences"]) > 0.6
    assert max(first["errors"] + last["errors"]) < 0.5
    assert result.arrays["images"].shape == (2, 3, 3, 8, 8)
    assert result.stats["growth"] == pytest.approx(np.mean(last["differences"]) - np.mean(first["differences"]))


def test_layers_are_spread_over_the_depth(make_lab: MakeLab) -> None:
    found = figure(layers=None, steps=1).compute(color_lab(make_lab)).stats["layers"]
    assert [row["name"] for row in found] == ["relu1", "pool1", "fc2"]


def test_claims_hold_and_can_be_false(result: Result) -> None:
    assert [claim.holds for claim in figure().claims(result.stats)] == [True, True]
    for changed, holds in (
        ({"growth_interval": [-0.3, -0.1]}, [False, True]),
        ({"room_interval": [-0.3, -0.1]}, [True, False]),
        ({"images": 2}, [None, None]),
    ):
        assert [claim.holds for claim in figure().claims({**result.stats, **changed})] == holds


def test_the_picture_has_a_row_for_each_layer(result: Result) -> None:
    axes = figure().draw(result).axes
    assert [axes[k].get_ylabel() for k in (0, 4)] == ["relu1", "fc2"]
    assert [axes[k].get_title() for k in range(4)] == ["original", "noise 1", "noise 2", "noise 3"]
    assert axes[-2].get_ylabel() == "difference of the images"
    assert "relu1: images differ by 0.0" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"layers": ["relu1", "fc3"]}, r"model tiny has no layer 'fc3'; did you mean 'fc2'\?"),
        ({"layers": ["relu1"]}, r"inversion_multi.layers=\['relu1'\] must be two layers or more"),
        ({"seeds": 1}, r"figure.inversion_multi.seeds=1 must be at least 2"),
        ({"smoothness": float("inf")}, r"figure.inversion_multi.smoothness=inf must be at least 0 and finite"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(color_lab(make_lab))


def test_a_single_image_has_no_other(make_lab: MakeLab) -> None:
    one = make_lab(nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 2)), [torch.ones(3, 8, 8)])
    assert figure(layers=None).obstacle(color_lab(make_lab)) is None
    assert figure(layers=None).obstacle(one) == (
        "noise has one image only: there is no other whose code would be at a distance"
    )
