"""The strongest units sent back, for a network whose maps each see one color, on images with one spot of each."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, pointwise
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.deconvnet_top9 import DeconvnetTop9
from cnnviz_core.lab import Lab

SIDE = 12
RED, GREEN = (3, 5), (9, 8)
SETTINGS: dict[str, Any] = {
    "layers": None, "layers_chosen": 5, "maps": 2, "top": 4, "images": 8, "maps_measured": 3, "control_images": 5,
    "batch": 3,
}  # fmt: skip


def figure(**changed: Any) -> DeconvnetTop9:
    return DeconvnetTop9(**SETTINGS | changed)


def spots() -> list[Tensor]:
    """Eight dark images of noise with a red spot that becomes brighter and a green one that becomes darker."""
    pixels = np.random.default_rng(0).integers(0, 60, (8, 3, SIDE, SIDE)).astype(np.uint8)
    for k, image in enumerate(pixels):
        image[0, *RED], image[1, *GREEN] = 100 + 20 * k, 240 - 20 * k
    return list(torch.from_numpy(pixels))


def colors(activation: nn.Module) -> nn.Sequential:
    """Maps of red, of green, and one that is dead; the center of 3 x 3, then the maximum of 2 x 2, then scaled."""
    conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)
    with torch.no_grad():
        conv.weight.zero_()
        conv.weight[0, 0, 1, 1] = conv.weight[1, 1, 1, 1] = 1
        conv.weight[2, 2, 1, 1] = -1
    scale = pointwise([[2, 0, 0], [0, 3, 0], [0, 0, -1]], [0, 0, -1])
    return nn.Sequential(
        conv, activation, nn.MaxPool2d(2), scale, activation, nn.Flatten(), nn.Linear(3 * 36, 2), nn.ReLU(),
        nn.Linear(2, 2),
    )  # fmt: skip


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return make_lab(colors(nn.ReLU()), spots(), size=SIDE)


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def claims(stats: Any) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(stats)}


def test_the_strongest_units_are_found_and_sent_back_to_their_pixels(result: Result) -> None:
    first, second = result.stats["layers"]
    assert [first["name"], second["name"]] == ["relu1", "relu2"]
    assert [first["field"], second["field"]] == [[3, 3], [4, 4]]
    assert [layer["dead"] for layer in (first, second)] == [1, 1]
    assert sorted(second["drawn"]) == [0, 1]
    assert result.arrays["patches1"].shape == result.arrays["projections1"].shape == (8, 4, 4, 3)
    for m, channel in enumerate(second["drawn"]):
        place = (3 - 1, 5 - 3, 0) if channel == 0 else (9 - 7, 8 - 7, 1)  # in fields that begin at (1, 3) and (7, 7)
        part = slice(4 * m, 4 * m + 4)
        assert result.arrays["patches1"][part][:, *place].tolist() == [240, 220, 200, 180]
        expected = np.full((4, 4, 4, 3), 128)
        expected[:, *place] = 255
        np.testing.assert_array_equal(result.arrays["projections1"][part], expected)


def test_what_was_measured_of_them(result: Result) -> None:
    layer = result.stats["layers"][1]
    assert layer["outside"] == 0
    lively = [k for k in range(3) if layer["variation_projections"][k] < 1]  # all but the dead one
    np.testing.assert_allclose([layer["variation_projections"][k] for k in lively], 0, atol=1e-9)
    assert all(0 < layer["variation_patches"][k] < 1 for k in lively)
    assert [layer["own_projections"][k] for k in lively] == [1, 1]
    assert result.stats["own_by_chance"] == pytest.approx(3 / 11)
    assert claims(result.stats)["zero_outside"].holds


def test_patches_are_gray_beyond_the_border(make_lab: MakeLab) -> None:
    images = [torch.zeros(3, SIDE, SIDE, dtype=torch.uint8) for _ in range(3)]
    for k, image in enumerate(images):
        image[0, 0, 5] = 200 + k
    found = figure(top=2, maps=1, layers=["relu2"]).compute(make_lab(colors(nn.ReLU()), images, size=SIDE))
    assert found.stats["layers"][0]["drawn"] == [0]
    patches = found.arrays["patches0"]
    assert (patches[:, 0] == 128).all()  # of the field that begins at (-1, 3)
    assert patches[:, 1, 2, 0].tolist() == [202, 201]
    assert (patches[:, 2:] == 0).all()


def test_labels_decide_only_where_they_repeat(lab: Lab) -> None:
    same = figure().compute(replace(lab, dataset=replace(lab.dataset, labels=np.repeat(0, 8)))).stats
    assert claims(same)["labels_alike"].undecided == "the 8 images searched have 1 different label"
    assert claims(figure().compute(lab).stats)["labels_alike"].undecided == (
        "the 8 images searched have 8 different labels"
    )
    halves = figure().compute(replace(lab, dataset=replace(lab.dataset, labels=np.repeat([0, 1], 4)))).stats
    layer = halves["layers"][1]
    assert layer["entropy"] == 0  # the brightest red and the brightest green are of one label each
    assert 0.7 < layer["entropy_random"] < 1
    assert claims(halves)["labels_alike"].holds


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("patches_vary_more", "variation_interval"), ("grouping", "own_interval"),
        ("invariance_grows", "depth_interval"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.3], True), ([-0.3, -0.1], False), ([-0.1, 0.1], None)])
def test_each_tendency_may_hold_or_not(
    result: Result, name: str, key: str, interval: list[float], holds: bool | None
) -> None:
    assert claims({**result.stats, key: interval})[name].holds is holds


def test_a_trace_outside_of_the_field_is_a_bug(result: Result) -> None:
    layers = [{**layer, "outside": 0.01} for layer in result.stats["layers"]]
    assert claims({**result.stats, "layers": layers})["zero_outside"].holds is False


def test_one_layer_says_nothing_of_depth(lab: Lab) -> None:
    stats = figure(layers=["relu1"]).compute(lab).stats
    assert claims(stats)["invariance_grows"].undecided == "there is one layer only"


def test_a_picture_of_all_layers(result: Result) -> None:
    picture = figure().draw(result)
    labels = [axes.get_ylabel() for axes in picture.axes]
    assert labels == ["relu1\n3 × 3 px", "relu2\n4 × 4 px"]
    drawn = result.stats["layers"][1]["drawn"]
    assert [text.get_text() for text in picture.axes[1].texts] == [
        f"map {drawn[0]}", "patches", f"map {drawn[1]}", "patches"
    ]  # fmt: skip
    text = figure().alt(result.stats)
    assert "4 projections to the pixels by the deconvnet" in text
    assert f"relu2 (4 × 4 px): maps {drawn[0]}, {drawn[1]};" in text


def test_obstacles(make_lab: MakeLab, lab: Lab) -> None:
    assert figure().obstacle(lab) is None
    assert figure(layers=["fc4"]).obstacle(lab) == "layer fc4 of tiny has no maps"
    gelu = make_lab(colors(nn.GELU()), spots(), size=SIDE)
    reason = "the deconvnet rule is defined for ReLUs, and this network uses gelu"
    assert figure().obstacle(gelu) == reason
    assert figure(layers=["conv2"]).obstacle(gelu) == reason
    assert figure(layers=["conv1"]).obstacle(gelu) is None
    linear = make_lab(nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 2)))
    assert figure().obstacle(linear) == "tiny has no layer of maps that ends in a ReLU"
    alone = make_lab(colors(nn.ReLU()), spots()[:1], size=SIDE)
    assert figure().obstacle(alone) == "noise has one image only: there is no other to compare it with"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"top": 1}, r"figure.deconvnet_top9.top=1 must be at least 2"),
        ({"maps": 0}, r"figure.deconvnet_top9.maps=0 must be at least 1"),
        ({"control_images": 1}, r"figure.deconvnet_top9.control_images=1 must be at least 2"),
        ({"layers": ["relu9"]}, r"model tiny has no layer 'relu9'; did you mean"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)
