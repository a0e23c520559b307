"""The five panels, for a network whose strongest map is not the one that decides."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.occlusion_zf_panels import OcclusionZfPanels
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.models.layers import codes_layer, find_layers
from cnnviz_core.network import Model

SIDE = 12
RED, GREEN = (slice(1, 7), slice(1, 7)), (slice(8, 11), slice(8, 11))


def two_maps(activation: nn.Module) -> Model:
    """Map 0 sees red and map 1 sees green, both as far as they exceed the mean; only green makes class `leaf`."""
    conv, linear = nn.Conv2d(3, 2, 1, bias=False), nn.Linear(2 * SIDE * SIDE, 3)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 1.0, 0]]).view(2, 3, 1, 1))
        linear.weight.zero_()
        linear.weight[0, SIDE * SIDE :] = 3.0
        linear.bias.copy_(torch.tensor([-3.5, 0.1, 0.0]))
    net = nn.Sequential(conv, activation, nn.Flatten(), linear).eval().requires_grad_(False)
    layers, parts = find_layers(net, torch.zeros(1, 3, SIDE, SIDE))
    return Model(
        name="two_maps", fingerprint="", net=net, size=(SIDE, SIDE), resize=SIDE, mean=(128 / 255,) * 3, std=(1.0,) * 3,
        classes=("leaf", "nothing", "never"), layers=layers, codes_layer=codes_layer(layers), weights="by hand",
        parts=parts,
    )  # fmt: skip


def pictures() -> Dataset:
    """Six images with a large red square and a small green one, of different strength."""
    pixels = np.full((6, 3, SIDE, SIDE), 128, dtype=np.uint8)
    for k, image in enumerate(pixels):
        image[0, *RED] = 205 + 10 * k
        image[1, *GREEN] = 200
    return Dataset(
        name="pictures", fingerprint="", images=torch.from_numpy(pixels).unbind(), ids=tuple("abcdef"),
        labels=np.zeros(6, dtype=int), class_names=("leaf",),
    )  # fmt: skip


SETTINGS: dict[str, Any] = {
    "images": [0, 1], "count": 2, "search": 6, "confidence": 0.9, "layer": None, "patch": 0.34, "stride": 1,
    "places": 5, "others": 3, "images_measured": 3, "places_measured": 9, "batch": 8,
}  # fmt: skip


def figure(**changed: Any) -> OcclusionZfPanels:
    return OcclusionZfPanels(**SETTINGS | changed)


def lab(activation: nn.Module | None = None) -> Lab:
    return Lab(two_maps(activation or nn.ReLU()), pictures(), seed=0)


def claim(result: Result, name: str) -> Claim:
    return {each.name: each for each in figure().claims(result.stats)}[f"occlusion_zf_panels.{name}"]


@pytest.fixture(scope="module")
def result() -> Result:
    return figure().compute(lab())


def test_the_strongest_map_and_the_class_are_lost_in_different_places(result: Result) -> None:
    shown = result.stats["images"][0]
    assert result.stats["layer"] == "relu1"
    assert shown["map"] == 0
    total, p, answer = (result.arrays[name][0] for name in ("total", "p", "answer"))
    assert total.shape == p.shape == answer.shape == (9, 9)
    assert total.argmin() in [9 * top + left for top in (1, 2, 3) for left in (1, 2, 3)]
    assert shown["map_lost"] == pytest.approx(16 / 36)
    assert p.argmin() in [9 * top + left for top in (7, 8) for left in (7, 8)]
    np.testing.assert_allclose(p[:5], shown["clean"], atol=1e-6)
    assert answer[8, 8] == 1
    assert set(result.stats["answers"].values()) == {"leaf", "nothing"}
    assert shown["kept"] == pytest.approx((answer == 0).mean())


def test_the_projection_is_that_of_the_strongest_unit_here_and_where_it_is_stronger(result: Result) -> None:
    projections = result.arrays["projections0"]
    assert projections.shape == (4, 3, SIDE, SIDE)
    for projection, value in zip(projections, (205, 255, 245, 235), strict=True):
        expected = np.zeros((3, SIDE, SIDE))
        expected[0, 1, 1] = (value - 128) / 255  # the first of equally strong units, and a kernel of one pixel
        np.testing.assert_allclose(projection, expected, atol=1e-6)


def test_an_image_is_not_beside_itself() -> None:
    projections = figure(images=[5]).compute(lab()).arrays["projections0"]
    np.testing.assert_allclose(projections[:, 0, 1, 1], [(v - 128) / 255 for v in (255, 245, 235, 225)], atol=1e-6)


def test_claims_hold_for_it(result: Result) -> None:
    assert [each.holds for each in figure().claims(result.stats)] == [True] * 3
    assert claim(result, "projection_tells").measured["correlation"] < -0.2


@pytest.mark.parametrize(("name", "key", "value"), [("strongest_map", "map_error", 0.1), ("same_run", "conflicts", 2)])
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str, key: str, value: float) -> None:
    images = [result.stats["images"][0], {**result.stats["images"][1], key: value}]
    assert claim(Result({}, {**result.stats, "images": images}), name).holds is False


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.3], False), ([-0.1, 0.3], None), ([-0.3, -0.1], True)])
def test_the_projection_may_tell_nothing(result: Result, interval: list[float], holds: bool | None) -> None:
    wrong = {**result.stats, "correlation": {"images": 3, "mean": 0.2, "interval": interval}}
    assert claim(Result({}, wrong), "projection_tells").holds is holds


def test_with_another_activation_there_is_no_projection_and_the_rest_is_made() -> None:
    result = figure().compute(lab(nn.GELU()))
    assert result.stats["undefined"] == "the deconvnet rule is defined for ReLUs, and this network uses gelu"
    assert claim(result, "projection_tells").undecided == result.stats["undefined"]
    assert claim(result, "projection_tells").holds is None
    titles = [axes.get_title()[:3] for axes in figure().draw(result).axes[:4]]
    assert titles == ["(a)", "(b)", "(d)", "(e)"]
    assert "deconvnet" not in figure().alt(result.stats)


def test_the_picture_has_five_panels_in_a_row_and_leaves_the_numbers(result: Result) -> None:
    before = {name: array.copy() for name, array in result.arrays.items()}
    panels = figure().draw(result).axes
    assert [axes.get_title()[:3] for axes in panels[:5]] == ["(a)", "(b)", "(c)", "(d)", "(e)"]
    legend = panels[4].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["leaf", "nothing"]
    for name, array in before.items():
        np.testing.assert_array_equal(result.arrays[name], array)


def test_rare_labels_share_a_color() -> None:
    stats_result = figure().compute(lab())
    stats_result.arrays["answer"][0] = np.arange(81).reshape(9, 9) % 7
    stats_result.arrays["answer"][0, 0] = 3  # the whole first row
    names = {str(k): f"class {k}" for k in range(7)}
    drawn = figure().draw(Result(stats_result.arrays, {**stats_result.stats, "answers": names}))
    legend = drawn.axes[4].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["class 0", "class 3", "class 2", "class 1", "other"]


def test_the_alternative_text_has_the_numbers(result: Result) -> None:
    text = figure().alt(result.stats)
    assert "strongest map is number 0, of which the square takes up to 44%" in text
    assert "the strongest map of relu1 (with projections of its strongest unit by the deconvnet)" in text


def test_a_network_without_maps_has_no_panels() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 4), nn.ReLU(), nn.Linear(4, 3))
    layers, parts = find_layers(net.eval(), torch.zeros(1, 3, SIDE, SIDE))
    model = replace(two_maps(nn.ReLU()), net=net, layers=layers, codes_layer=codes_layer(layers), parts=parts)
    reason = figure().obstacle(Lab(model, pictures(), seed=0))
    assert reason == "two_maps has no layer of maps before its classifier"
    assert figure().obstacle(lab()) is None
    assert figure(layer="fc2").obstacle(lab()) == "layer fc2 of two_maps has no maps"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (
            {"images": [6]},
            r"figure.occlusion_zf_panels.images=6 is not in the data set pictures, which has the images 0 to 5",
        ),
        ({"patch": 1.5}, r"figure.occlusion_zf_panels.patch=1.5 must be above 0 and at most 1"),
        ({"places": 0}, r"figure.occlusion_zf_panels.places=0 must be at least 1"),
        ({"layer": "relu9"}, r"model two_maps has no layer 'relu9'; did you mean 'relu1'\?"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab())
