"""Units against random directions, for codes that are written in the images."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.topk_random_directions import TopkRandomDirections
from cnnviz_core.lab import Lab

CODES, IMAGES = 12, 48
SETTINGS: dict[str, Any] = {
    "layer": None, "rows": 2, "crops": 4, "directions": 30, "tile": 16, "draws": 60, "distances": 20,
}  # fmt: skip


def figure(**changed: Any) -> TopkRandomDirections:
    return TopkRandomDirections(**SETTINGS | changed)


def lab(make_lab: MakeLab, labels: np.ndarray | None = None) -> Lab:
    """The code of image i is 1 at i modulo 12, weaker in later images, and the class is that number."""
    images = torch.zeros(IMAGES, 3, 4, 4, dtype=torch.uint8)
    for i in range(IMAGES):
        images[i].view(-1)[i % CODES] = 250 - 2 * i
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, CODES, bias=False), nn.ReLU(), nn.Linear(CODES, CODES))
    with torch.no_grad():
        next(net.parameters()).copy_(torch.eye(CODES, 48))
    made = make_lab(net, list(images), size=4)
    labels = np.arange(IMAGES) % CODES if labels is None else labels
    return replace(made, dataset=replace(made.dataset, labels=labels))


def claim(stats: Any, name: str) -> Claim:
    return {each.name: each for each in figure().claims(stats)}[f"topk_random_directions.{name}"]


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(lab(make_lab))


def test_units_that_are_classes_are_purer(result: Result) -> None:
    stats = result.stats
    assert (stats["layer"], stats["size"], stats["live"], stats["nonnegative"]) == ("relu1", CODES, CODES, True)
    assert stats["measured"] == {"units": CODES, "signed": CODES, "positive": 30}
    assert stats["bits"]["units"] == 0
    assert claim(stats, "units_purer").holds is True
    assert claim(stats, "units_purer_than_positive").holds is True
    assert claim(stats, "in_order").holds is True
    assert claim(stats, "axes_are_arbitrary").holds is True
    assert stats["with_mean"]["positive"] > 0.6
    for unit, tiles in zip(stats["shown"]["units"], result.arrays["images_units"], strict=True):
        assert tiles.shape == (4, 16, 16, 3)
        lit = tiles.reshape(4, 16, 16, 3)[:, 2::4, 2::4].transpose(0, 3, 1, 2).reshape(4, 48)
        assert lit.argmax(axis=1).tolist() == [unit] * 4


def test_units_that_mix_classes_are_not(make_lab: MakeLab) -> None:
    """With classes that are neighbours in code only by their sum, a unit holds each of them once."""
    stats = figure().compute(lab(make_lab, np.arange(IMAGES) // CODES)).stats
    assert stats["bits"]["units"] == 2
    assert claim(stats, "units_purer").holds is False


@pytest.mark.parametrize(
    ("name", "key"),
    [("units_purer", "signed_above_units"), ("units_purer_than_positive", "positive_above_units"),
     ("directions_mean_something", "chance_above_signed")],
)  # fmt: skip
@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.2], None)])
def test_verdicts_follow_the_interval(
    result: Result, name: str, key: str, interval: list[float], holds: bool | None
) -> None:
    assert claim({**result.stats, key: interval}, name).holds is holds


@pytest.mark.parametrize(
    ("name", "key"),
    [("in_order", "rise"), ("axes_are_arbitrary", "distance_change"), ("axes_are_arbitrary", "axes_error")],
)  # fmt: skip
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str, key: str) -> None:
    assert claim({**result.stats, key: 0.01}, name).holds is False


def test_labels_of_their_own_decide_nothing(make_lab: MakeLab) -> None:
    result = figure().compute(lab(make_lab, np.arange(IMAGES)))
    assert claim(result.stats, "units_purer").undecided == "no two images of the data set have the same label"
    assert "Label entropies mean nothing here" in figure().alt(result.stats)
    assert len(figure().draw(result).axes) == 1


def test_codes_that_are_all_alike_are_drawn(make_lab: MakeLab) -> None:
    made = lab(make_lab)
    with torch.no_grad():
        next(made.model.net.parameters()).zero_()
    result = figure().compute(made)
    assert result.stats["live"] == 0
    assert claim(result.stats, "units_purer").undecided == "fewer than two units vary over the images"
    assert claim(result.stats, "axes_are_arbitrary").holds is True
    assert figure().draw(result).axes


def test_the_picture_has_rows_of_each_kind_and_their_distributions(result: Result) -> None:
    rows, curves = figure().draw(result).axes
    assert [text.get_text() for text in rows.texts] == ["units", "either sign", "positive"]
    legend = curves.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "single units", "directions of either sign", "directions of positive weights", "random images, mean",
    ]  # fmt: skip
    assert "Mean: units 0.00" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"crops": 1}, r"figure.topk_random_directions.crops=1 must be at least 2"),
        ({"rows": 0}, r"figure.topk_random_directions.rows=0 must be at least 1"),
        (
            {"layer": "fc1"},
            r"figure.topk_random_directions.layer=fc1 must be the codes layer, or an activation, block or pooling "
            r"layer that gives maps; tiny has: relu1",
        ),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    assert figure().obstacle(lab(make_lab)) is None
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab(make_lab))
