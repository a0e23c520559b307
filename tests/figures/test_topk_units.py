"""Rows of units, for a network whose units see one color each in a window of three pixels."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.topk_units import TopkUnits
from cnnviz_core.lab import Lab
from cnnviz_core.methods.label_entropy import label_entropy

SIDE, IMAGES = 16, 24
SETTINGS: dict[str, Any] = {
    "layer": None, "chosen": 2, "drawn": 1, "crops": 4, "depths": 2, "units": 3, "parts": 3, "tile": 32, "draws": 60,
}  # fmt: skip


def figure(**changed: Any) -> TopkUnits:
    return TopkUnits(**SETTINGS | changed)


def colors() -> nn.Sequential:
    """Each of three maps is the mean of one color in 3 x 3 pixels; then the maximum of 2 x 2 of them."""
    conv = nn.Conv2d(3, 3, 3, bias=False)
    with torch.no_grad():
        conv.weight.copy_(torch.eye(3)[:, :, None, None].expand(3, 3, 3, 3) / 9)
    return nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3 * 49, 3))


def corner(i: int) -> tuple[int, int]:
    """Where the square of an image is: so that one window lies right on it."""
    return 2 * (i % 6), 2 * (i % 5)


def lab(make_lab: MakeLab, labels: np.ndarray | None = None) -> Lab:
    """Squares of one color on black, the brighter the later; the class is the color."""
    images = torch.zeros(IMAGES, 3, SIDE, SIDE, dtype=torch.uint8)
    for i in range(IMAGES):
        top, left = corner(i)
        images[i, i % 3, top : top + 3, left : left + 3] = 100 + 5 * i
    made = make_lab(colors(), list(images), size=SIDE)
    labels = np.arange(IMAGES) % 3 if labels is None else labels
    return replace(made, dataset=replace(made.dataset, labels=labels))


def claim(stats: Any, name: str) -> Claim:
    return {each.name: each for each in figure().claims(stats)}[f"topk_units.{name}"]


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(lab(make_lab))


def test_rows_hold_the_brightest_squares_of_one_color(result: Result) -> None:
    stats = result.stats
    assert stats["layer"] == "pool1"
    assert sorted(row["channel"] for row in stats["rows"]) == [0, 1, 2]
    for row, boxes in zip(stats["rows"], result.arrays["boxes"], strict=True):
        last = [i for i in range(IMAGES) if i % 3 == row["channel"]][::-1][:4]
        np.testing.assert_allclose(row["values"], [(100 + 5 * i) / (100 + 5 * last[0]) for i in last], rtol=1e-6)
        assert (row["of_class"], row["of"], row["class"]) == (4, 4, f"class {row['channel']}")
        for i, box in zip(last, boxes, strict=True):
            top, left = corner(i)
            np.testing.assert_allclose(box, 2 * np.array([top, left, top + 4, left + 4]))  # tiles are twice as large


def test_crops_show_what_units_see(result: Result) -> None:
    depth = result.stats["depths"][0]
    assert (depth["name"], depth["field"]) == ("relu1", [3, 3])
    parts = result.arrays["parts0"]
    assert parts.shape == (3, 3, 32, 32, 3)
    for channel, tiles in zip(depth["channels"], parts, strict=True):
        assert tiles[..., channel].min() >= 175
        assert np.delete(tiles, channel, axis=3).max() == 0


def test_claims_hold_for_it(result: Result) -> None:
    found = {each.name: each.holds for each in figure().claims(result.stats)}
    found.pop("topk_units.purer_than_random")  # of three units only
    assert set(found.values()) == {True}
    assert result.stats["entropy"] == 0
    assert 1 < result.stats["entropy_chance"] < np.log2(3)
    assert result.stats["checked"] == 9
    assert 0.9 < result.stats["outside"] < 1


@pytest.mark.parametrize(
    ("name", "key"),
    [("in_order", "rise"), ("in_order", "maximum_missed"), ("seen_again", "missed"), ("noise_outside", "changes"),
     ("gradient_outside", "beyond")],
)  # fmt: skip
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str, key: str) -> None:
    assert claim({**result.stats, key: 0.01}, name).holds is False


@pytest.mark.parametrize("what", ["chance", "random"])
@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.2], None)])
def test_units_may_be_no_purer(result: Result, what: str, interval: list[float], holds: bool | None) -> None:
    assert claim({**result.stats, f"below_{what}": interval}, f"purer_than_{what}").holds is holds


def test_shuffled_labels_are_no_purer_than_chance(make_lab: MakeLab) -> None:
    labels = np.random.default_rng(1).permutation(np.arange(IMAGES) % 3)
    assert claim(figure().compute(lab(make_lab, labels)).stats, "purer_than_chance").holds is not True


def test_labels_of_their_own_decide_nothing(make_lab: MakeLab) -> None:
    stats = figure().compute(lab(make_lab, np.arange(IMAGES) % 24)).stats
    assert claim(stats, "purer_than_chance").undecided == "no two images of the data set have the same label"
    assert claim(stats, "purer_than_random").holds is None


def test_a_receptive_field_that_is_too_small_is_found_out(make_lab: MakeLab) -> None:
    right = lab(make_lab)
    field = right.model.layers["pool1"].receptive_field
    assert field is not None
    layers = dict(right.model.layers)
    layers["pool1"] = replace(layers["pool1"], receptive_field=replace(field, size=(2, 4)))
    stats = figure().compute(right.with_model(replace(right.model, layers=layers))).stats
    assert claim(stats, "noise_outside").holds is False
    assert claim(stats, "gradient_outside").holds is False


def test_few_images_leave_white_places(make_lab: MakeLab) -> None:
    made = lab(make_lab)
    few = replace(made, dataset=replace(made.dataset, ids=made.dataset.ids[:2], images=made.dataset.images[:2],
                                        labels=made.dataset.labels[:2]))  # fmt: skip
    result = figure().compute(few)
    assert (result.arrays["images"][0, -1] == 255).all() or result.stats["rows"][0]["values"][-1] is not None
    assert figure().draw(result).axes
    assert claim(result.stats, "in_order").holds is True


def test_a_network_that_never_responds_is_drawn(make_lab: MakeLab) -> None:
    made = lab(make_lab)
    with torch.no_grad():
        next(made.model.net.parameters()).mul_(-1)
    result = figure().compute(made)
    assert result.stats["live"] == 0
    assert figure().draw(result).axes
    assert claim(result.stats, "purer_than_chance").holds is None


def test_the_picture_has_a_rectangle_and_a_value_for_each_image(result: Result) -> None:
    axes = figure().draw(result).axes[0]
    assert len(axes.patches) == 12
    words = [text.get_text() for text in axes.texts]
    assert words.count("1.0") == 3
    assert {"chosen", "drawn", "relu1\n3 × 3"} <= set(words)
    assert "2 rows are chosen for what their images have in common and 1 drawn at random" in figure().alt(result.stats)


def test_networks_without_maps_have_no_rows(make_lab: MakeLab) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 4), nn.ReLU(), nn.Linear(4, 3))
    images = [torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)] * 2
    assert figure().obstacle(make_lab(net, images, size=SIDE)) == "tiny has no layer of maps before its classifier"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"crops": 0}, r"figure.topk_units.crops=0 must be at least 1"),
        ({"draws": 1}, r"figure.topk_units.draws=1 must be at least 2"),
        (
            {"layer": "conv1"},
            r"figure.topk_units.layer=conv1 must be an activation, block or pooling layer that gives maps; tiny has: "
            r"relu1, pool1",
        ),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab(make_lab))


def test_entropy_is_over_one_place_for_each_image(result: Result) -> None:
    assert result.stats["top"] == 4
    assert label_entropy(np.zeros((1, 4), dtype=int))[0] == result.stats["entropy"]
