"""Images put together from others, for a network that sees a large part and tells the middle of it alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.spatial_nn_average import SpatialNnAverage
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.models.assemble import assemble

SIDE = 10
PALETTE = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1], [2, 1, 0]]) * 127
SETTINGS: dict[str, Any] = {
    "images": [0, 3], "count": 2, "search": 6, "layers": None, "layers_chosen": 3, "most_places": 800,
    "neighbors": [1, 4], "database": 6, "images_measured": 5, "places_measured": 30, "cells": 5, "batch": 4,
}  # fmt: skip


def figure(**changed: Any) -> SpatialNnAverage:
    return SpatialNnAverage(**SETTINGS | changed)


def middle_sees(net: nn.Module | None = None, images: np.ndarray | None = None) -> Lab:
    """Images of eight colors at random, and maps that are the color in the middle of the 5 x 5 pixels that they see."""
    rng = np.random.default_rng(0)
    if images is None:
        images = PALETTE[rng.integers(8, size=(6, SIDE, SIDE))].transpose(0, 3, 1, 2).astype(np.uint8)
    if net is None:
        conv, linear = nn.Conv2d(3, 3, 5, padding=2, bias=False), nn.Linear(3 * SIDE**2, 4)
        with torch.no_grad():
            conv.weight.zero_()
            conv.weight[:, :, 2, 2] = torch.eye(3)
            linear.weight.copy_(torch.from_numpy(rng.standard_normal(linear.weight.shape)))
        net = nn.Sequential(conv, nn.ReLU(), nn.Flatten(), linear)
    model = assemble(
        net, name="tiny", size=SIDE, resize=SIDE, mean=[0.0] * 3, std=[1.0] * 3, classes=None, weights="planted"
    )
    data = Dataset(
        name="colors", fingerprint="", images=list(torch.from_numpy(images)), ids=tuple("abcdef"),
        labels=np.array([0, 0, 1, 1, 0, 1]), class_names=("one", "two"),
    )  # fmt: skip
    return Lab(model, data, seed=0)


@pytest.fixture(scope="module")
def lab() -> Lab:
    return middle_sees()


@pytest.fixture(scope="module")
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def claims(stats: Mapping[str, Any]) -> dict[str, Claim]:
    return {claim.name.partition(".")[2]: claim for claim in figure().claims(stats)}


def test_equal_features_are_equal_colors_and_nothing_else(lab: Lab, result: Result) -> None:
    for k, i in enumerate((0, 3)):
        image = lab.dataset.images[i].numpy()
        np.testing.assert_array_equal(result.arrays[f"image{k}"], image)
        for near in (1, 4):
            np.testing.assert_allclose(result.arrays[f"relu1 {k} {near}"], image / 255, atol=1e-6)
    layer = result.stats["layers"][0]
    assert (layer["name"], layer["seen"], layer["patch"]) == ("relu1", [5, 5], [1, 1])
    assert layer["center"] == 0
    assert layer["border"] == pytest.approx(1, abs=0.2)
    assert layer["rings"] == pytest.approx([0, 1, 1], abs=0.2)
    window = result.arrays["relu1 window"]
    assert window[2, 2] == 0
    assert window[np.arange(25).reshape(5, 5) != 12].min() > 0.5


def test_its_own_image_is_not_searched_except_where_this_is_the_question(lab: Lab) -> None:
    unlike = np.random.default_rng(5).integers(1, 256, (6, 3, SIDE, SIDE), dtype=np.uint8)
    unlike[0, 2], unlike[1:, 0] = 0, 0  # no place of the first image has a color of another
    found = figure(images=[0], neighbors=[1]).compute(middle_sees(images=unlike))
    assert found.arrays["relu1 0 1"][0].max() == 0
    itself = found.stats["itself"]
    assert itself["difference"] == 0
    assert itself["twins"] < 0.6  # colors of two random numbers of which many are near in direction
    assert claims(found.stats)["itself"].holds is True


def test_claims_of_it(result: Result) -> None:
    found = claims(result.stats)
    assert {name: claim.holds for name, claim in found.items()} | {"more_than_untrained": None, "same_class": None} == {
        "itself": True, "center_below_border": True, "deeper_looser": None, "more_than_untrained": None,
        "same_class": None,
    }  # fmt: skip
    assert found["deeper_looser"].undecided == "there is only one layer"
    assert claims({**result.stats, "itself": {"difference": 1.0, "twins": 0.0}})["itself"].holds is False


def test_two_layers_are_compared(lab: Lab) -> None:
    found = figure(layers=["conv1", "relu1"]).compute(lab)
    assert [layer["name"] for layer in found.stats["layers"]] == ["conv1", "relu1"]
    assert claims(found.stats)["deeper_looser"].undecided == "the interval of the difference includes zero"


@pytest.mark.parametrize(
    ("name", "key"),
    [("center_below_border", "localized"), ("deeper_looser", "deeper"), ("more_than_untrained", "untrained"),
     ("same_class", "same")],
)  # fmt: skip
@pytest.mark.parametrize(
    ("interval", "holds"), [([0.01, 0.1], True), ([-0.1, 0.1], None), ([-0.1, -0.01], False), (None, None)]
)
def test_tendencies_can_hold_and_fail(
    result: Result, name: str, key: str, interval: list[float] | None, holds: bool | None
) -> None:
    stats = {**result.stats, "layers": result.stats["layers"] * 2, "chance": 0.5,
             "intervals": {**result.stats["intervals"], key: interval}}  # fmt: skip
    assert claims(stats)[name].holds is holds


def test_without_two_images_of_a_class_nothing_is_said_of_classes(lab: Lab) -> None:
    data = replace(lab.dataset, labels=np.arange(6), class_names=tuple("abcdef"))
    found = figure().compute(replace(lab, dataset=data)).stats
    assert claims(found)["same_class"].undecided == "no two of the images are of one class"


def test_equal_pixels_leave_it_undecided() -> None:
    found = figure().compute(middle_sees(images=np.full((6, 3, SIDE, SIDE), 90, dtype=np.uint8)))
    assert found.stats["itself"] == {"difference": 0, "twins": 1}
    assert "all pixels are equal" in claims(found.stats)["center_below_border"].undecided
    assert figure().draw(found).get_axes()


def test_picture_and_words(result: Result) -> None:
    titles = [axes.get_title() for axes in figure().draw(result).get_axes()]
    assert [title for title in titles if title] == ["one", "relu1", "two", "relu1", "relu1\nsees 5 px"]
    assert "relu1: at the center 0.00 and at the border" in figure().alt(result.stats)


def test_images_and_layers_are_chosen(lab: Lab) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3, padding=1),
                        nn.ReLU(), nn.Flatten(), nn.Linear(125, 3))  # fmt: skip
    found = figure(images=None, most_places=30).compute(middle_sees(net)).stats
    assert [layer["name"] for layer in found["layers"]] == ["pool1", "relu2"]
    assert [layer["patch"] for layer in found["layers"]] == [[2, 2], [2, 2]]
    assert len(found["images"]) == 2


def test_obstacles(lab: Lab) -> None:
    assert figure().obstacle(lab) is None
    assert figure(layers=["relu1", "fc2"]).obstacle(lab) == "layer fc2 of tiny has no maps"
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE**2, 4), nn.ReLU(), nn.Linear(4, 3))
    assert figure().obstacle(middle_sees(flat)) == "tiny has no layer of maps before its classifier"
    assert figure(neighbors=[501]).obstacle(lab) == "relu1 of tiny has 500 places in other images, and 501 are needed"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"images": [6]}, r"figure.spatial_nn_average.images=6 is not in the data set colors"),
        ({"neighbors": []}, r"figure.spatial_nn_average.neighbors=\[\] must be numbers of at least 1"),
        ({"neighbors": [0, 5]}, r"figure.spatial_nn_average.neighbors=\[0, 5\] must be numbers of at least 1"),
        ({"cells": 6}, r"figure.spatial_nn_average.cells=6 must be odd"),
        ({"database": 1}, r"figure.spatial_nn_average.database=1 must be at least 2"),
        ({"layers": ["relu9"]}, r"model tiny has no layer 'relu9'"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)
