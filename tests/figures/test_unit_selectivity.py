"""What units stand for, for a network each of whose units sees one color, in a world where color is class."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from known_world import COLORS, NAMES, SIDE, known_world
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.unit_selectivity import UnitSelectivity
from cnnviz_core.lab import Dataset, Lab

TEXTURES = ("low", "none", "high", "medium")  # of each class in the known world
SETTINGS: dict[str, Any] = {
    "layer": None, "images": 48, "least": 3, "share": 0.06, "line": 0.04, "side": 24, "radius": 0.07, "units": 3,
    "crops": 3, "tile": 24, "batch": 16,
}  # fmt: skip


def figure(**changed: Any) -> UnitSelectivity:
    return UnitSelectivity(**SETTINGS | changed)


def lab(make_lab: MakeLab, data: Dataset | None = None, sign: float = 1.0) -> Lab:
    """Each of four maps is large where the color is that of one class."""
    colors = np.array(COLORS) / 255 - 100 / 255
    weights = colors / np.linalg.norm(colors, axis=1, keepdims=True)
    biases = -weights.sum(axis=1) * 100 / 255
    net = nn.Sequential(pointwise((sign * weights).tolist(), biases.tolist()), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(),
                        nn.Linear(4 * 36, 4))  # fmt: skip
    blank = [torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)]
    made = make_lab(net, blank, size=SIDE)
    return replace(made, dataset=known_world(12) if data is None else data)


def claim(stats: Any, name: str) -> Claim:
    return {each.name: each for each in figure().claims(stats)}[f"unit_selectivity.{name}"]


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure(layer="relu1").compute(lab(make_lab))


def test_each_unit_stands_for_the_class_of_its_color(result: Result) -> None:
    stats = result.stats
    assert (stats["layer"], stats["units"], stats["images"], stats["spatial"]) == ("relu1", 4, 48, True)
    assert stats["concepts"] == {"class": 4, "family": 2, "part": 5}
    assert len(stats["shown"]) == 3
    for each in stats["shown"]:
        assert each["score"] > 0.2
        assert each["auc"] == 1
        assert each["property"] in [f"class {NAMES[each['unit']]}", f"texture {TEXTURES[each['unit']]}"]
    detectors = stats["detectors"]["network"]
    assert (detectors["units"], detectors["share"]) == (4, 1)
    assert result.arrays["tiles"].shape == (3, 3, 24, 24, 3)


def test_claims_hold_for_it(result: Result) -> None:
    assert claim(result.stats, "few_places").holds is True
    assert claim(result.stats, "mirrored").holds is True
    assert claim(result.stats, "places_above_shuffled").holds is True


@pytest.mark.parametrize(
    ("name", "key", "value"), [("few_places", "most_active", 0.07), ("mirrored", "mirror_error", 1e-3)]
)
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str, key: str, value: float) -> None:
    assert claim({**result.stats, key: value}, name).holds is False


@pytest.mark.parametrize(
    ("name", "key"),
    [("places_above_shuffled", "iou_above_shuffled"), ("places_above_random", "iou_above_random"),
     ("properties_above_random", "auc_above_random")],
)  # fmt: skip
@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.2], None)])
def test_verdicts_follow_the_interval(
    result: Result, name: str, key: str, interval: list[float], holds: bool | None
) -> None:
    assert claim({**result.stats, key: interval}, name).holds is holds


def test_labels_that_mean_nothing_are_not_told(make_lab: MakeLab) -> None:
    """Shuffled labels give no unit a property that it tells on images that had no part in the choice."""
    data = known_world(12)
    rng = np.random.default_rng(0)
    plain = replace(data, labels=rng.permutation(data.labels), masks=None, boxes=None, instances=None, keypoints=None,
                    families=None, attributes=None)  # fmt: skip
    stats = figure().compute(lab(make_lab, plain)).stats
    assert abs(stats["scores"]["auc_network"] - 0.5) < 0.2


def test_labels_alone_make_a_figure(make_lab: MakeLab) -> None:
    data = known_world(12)
    plain = replace(data, masks=None, boxes=None, instances=None, keypoints=None, families=None, attributes=None)
    result = figure().compute(lab(make_lab, plain))
    assert result.stats["spatial"] is False
    assert result.stats["properties"] == 4
    assert result.stats["scores"]["auc_network"] == 1
    assert claim(result.stats, "places_above_random").undecided == (
        "the data set does not say where its objects are (masks, boxes or keypoints)"
    )
    assert len(figure().draw(result).axes) == 2
    assert "AUC 1.00" in figure().alt(result.stats)


def test_units_that_never_respond_stand_for_nothing(make_lab: MakeLab) -> None:
    result = figure().compute(lab(make_lab, sign=0.0))
    assert result.stats["detectors"]["network"]["units"] == 0
    assert result.stats["scores"]["auc_network"] == 0.5
    assert figure().draw(result).axes


def test_the_picture_names_units_and_compares_controls(result: Result) -> None:
    images, overlap, tells = figure().draw(result).axes
    assert [text.get_text().split(":")[0] for text in images.texts] == [
        f"unit {e['unit']}" for e in result.stats["shown"]
    ]
    legend = overlap.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["this network", "concepts shuffled", "random weights"]
    assert len(tells.lines) == 3
    assert "with concepts shuffled" in figure().alt(result.stats)


def test_what_cannot_be_measured_is_said(make_lab: MakeLab) -> None:
    assert figure().obstacle(lab(make_lab)) is None
    assert figure(least=7).obstacle(lab(make_lab)) == (
        "no two classes of shapes have 14 images each among those measured: what a unit stands for is told on one half "
        "of them and tested on the other"
    )
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 4), nn.ReLU(), nn.Linear(4, 4))
    blank = [torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)]
    flat = make_lab(net, blank, size=SIDE)
    assert figure().obstacle(flat) == "tiny has no layer of maps before its classifier"
    assert figure(layer="fc1").obstacle(flat) == "layer fc1 of tiny has no maps"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"crops": 0}, r"figure.unit_selectivity.crops=0 must be at least 1"),
        ({"share": 0}, r"figure.unit_selectivity.share=0 must be above 0 and at most 1"),
        ({"layer": "relu7"}, r"model tiny has no layer 'relu7'; did you mean 'relu1'\?"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab(make_lab))
