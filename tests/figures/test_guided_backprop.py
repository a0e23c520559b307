"""Guided pictures of units, for a network whose two maps each see one color, on images with spots."""

from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, pointwise
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.guided_backprop import GuidedBackprop
from cnnviz_core.lab import Lab

SIDE = 12
SPOT = (5, 6)
SETTINGS: dict[str, Any] = {
    "layers": ["relu3"], "maps": 1, "top": 3, "images": 6, "maps_measured": 2, "brightest": 0.05, "batch": 4,
}  # fmt: skip


def figure(**changed: Any) -> GuidedBackprop:
    return GuidedBackprop(**SETTINGS | changed)


def spots() -> list[Tensor]:
    """Six dark images with a red and a green spot, brighter and brighter, and blue everywhere around."""
    pixels = np.zeros((6, 3, SIDE, SIDE), dtype=np.uint8)
    pixels[:, 2] = 80
    for k, image in enumerate(pixels):
        image[:2, *SPOT] = 150 + 20 * k
        image[2, *SPOT] = 0
    return list(torch.from_numpy(pixels))


def colors(activation: nn.Module, *, pool: bool = True) -> nn.Sequential:
    """Three layers that keep the colors apart, but that the last sums red and green over 5 x 5, less a little blue."""
    last = nn.Conv2d(3, 2, 5, padding=2)
    assert last.bias is not None
    with torch.no_grad():
        last.weight.zero_()
        last.weight[:, :2] = torch.tensor([[1.0, 0.5], [0.5, 1.0]])[:, :, None, None]
        last.weight[:, 2] = -0.01
        last.bias.zero_()
    same = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    return nn.Sequential(
        pointwise(same, [0] * 3), activation, pointwise(same, [0] * 3), activation,
        nn.MaxPool2d(3, stride=1, padding=1) if pool else nn.Identity(), last, activation,
        nn.Flatten(), nn.Linear(2 * SIDE * SIDE, 2), nn.ReLU(), nn.Linear(2, 2),
    )  # fmt: skip


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return make_lab(colors(nn.ReLU()), spots(), size=SIDE)


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def claims(stats: Any) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(stats)}


def test_guided_pictures_are_of_the_spot_alone(make_lab: MakeLab) -> None:
    found = figure().compute(make_lab(colors(nn.ReLU(), pool=False), spots(), size=SIDE))
    (layer,) = found.stats["layers"]
    assert layer["name"] == "relu3"
    assert layer["field"] == [5, 5]
    assert layer["outside"] == 0
    assert found.arrays["guided0"].shape == found.arrays["patches0"].shape == (3, 5, 5, 3)
    lit = (found.arrays["patches0"][..., 0] > 0) & (found.arrays["patches0"][..., 2] == 0)
    assert lit.sum(axis=(1, 2)).tolist() == [1, 1, 1]
    assert found.arrays["patches0"][lit][:, 0].tolist() == [250, 230, 210]
    assert (found.arrays["guided0"][lit][:, :2] > 190).all()
    np.testing.assert_array_equal(found.arrays["guided0"][~lit], 128)  # the blue speaks against it: it is not passed
    a, b = (1, 0.5) if layer["drawn"] == [0] else (0.5, 1)
    around = 24 * 0.01**2
    assert layer["guided"] == pytest.approx([1, 1])
    assert layer["gradient"][0] == pytest.approx((a**2 + b**2 + 0.01**2) / (a**2 + b**2 + around), rel=1e-3)
    assert found.stats["max_poolings"] == 0


def test_max_poolings_are_counted(result: Result) -> None:
    assert result.stats["max_poolings"] == 1


def test_the_upper_weights_of_half_the_way_are_random(result: Result) -> None:
    (layer,) = result.stats["layers"]
    assert layer["kept_up_to"] == "relu1"
    assert len(layer["kept_guided"]) == len(layer["kept_gradient"]) == 2
    assert all(value is None or -1 <= value <= 1 for value in layer["kept_guided"] + layer["kept_gradient"])


def test_with_nothing_below_nothing_can_be_kept(lab: Lab) -> None:
    stats = figure(layers=["relu1"]).compute(lab).stats
    assert stats["layers"][0]["kept_up_to"] is None
    assert claims(stats)["blind_to_upper_weights"].undecided == "it could be measured for 0 maps"


def test_two_deep_layers_are_chosen(lab: Lab) -> None:
    stats = figure(layers=None).compute(lab).stats
    assert [layer["name"] for layer in stats["layers"]] == ["relu2", "relu3"]
    assert [axes.get_ylabel() for axes in figure().draw(figure(layers=None).compute(lab)).axes] == [
        "relu2\n1 × 1 px", "relu3\n7 × 7 px"
    ]  # fmt: skip


def test_the_claims(result: Result) -> None:
    assert claims(result.stats)["zero_outside"].holds
    layers = [{**layer, "outside": 0.01} for layer in result.stats["layers"]]
    assert claims({**result.stats, "layers": layers})["zero_outside"].holds is False


@pytest.mark.parametrize(
    ("name", "key"), [("concentrated", "concentration"), ("blind_to_upper_weights", "kept")]
)  # fmt: skip
@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.3], True), ([-0.3, -0.1], False), ([-0.1, 0.1], None)])
def test_each_tendency_may_hold_or_not(
    result: Result, name: str, key: str, interval: list[float], holds: bool | None
) -> None:
    numbers = {**result.stats[key], "interval": interval, "undecided": ""}
    assert claims({**result.stats, key: numbers})[name].holds is holds


def test_the_alternative_text_has_the_numbers(result: Result) -> None:
    text = figure().alt(result.stats)
    assert "For each map two rows of 3: guided backpropagation from the units" in text
    assert "of relu3 (7 × 7 px)" in text
    assert "in the brightest 5% of the pixels" in text


def test_obstacles(make_lab: MakeLab, lab: Lab) -> None:
    assert figure().obstacle(lab) is None
    assert figure(layers=["fc4"]).obstacle(lab) == "layer fc4 of tiny has no maps"
    silu = make_lab(colors(nn.SiLU()), spots(), size=SIDE)
    reason = "the guided rule is defined for ReLUs, and this network uses silu"
    assert figure(layers=None).obstacle(silu) == reason
    assert figure(layers=["conv3"]).obstacle(silu) == reason
    linear = make_lab(nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 2)))
    assert figure(layers=None).obstacle(linear) == "tiny has no layer of maps that ends in a ReLU"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"maps": 0}, r"figure.guided_backprop.maps=0 must be at least 1"),
        ({"maps_measured": 1}, r"figure.guided_backprop.maps_measured=1 must be at least 2"),
        ({"brightest": 0}, r"figure.guided_backprop.brightest=0 must be above 0 and at most 1"),
        ({"layers": ["relu9"]}, r"model tiny has no layer 'relu9'; did you mean"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)
