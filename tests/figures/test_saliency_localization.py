"""Boxes for a network that looks at one colored square, whose place is known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.saliency_localization import SaliencyLocalization
from cnnviz_core.lab import Dataset, Lab

SIDE = 24
SETTINGS: dict[str, Any] = {
    "images": None, "count": 2, "search": 4, "above": 0.95, "below": 0.3, "parts": 2, "smoothness": 2.0, "center": 0.5,
    "images_measured": 8,
}  # fmt: skip


def figure(**changed: Any) -> SaliencyLocalization:
    return SaliencyLocalization(**SETTINGS | changed)


class SquareRed(nn.Module):
    """Logit 0 is the squared red that exceeds the blue, and a little of the green, so that the rest is not flat."""

    def __init__(self) -> None:
        super().__init__()
        self.colors, self.sums = pointwise([[1.0, 0, -1], [0, 1e-2, 0]], [-0.3, 0.0]), nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.sums.weight.copy_(torch.tensor([[1.0, 1], [-1, 0]]))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        sums: torch.Tensor = self.sums(torch.relu(self.colors(pixels)).pow(2).sum(dim=(2, 3)))
        return sums


def squares(boxes: bool = True) -> Dataset:
    """Eight images of a red square of 6 x 8 pixels in a corner of gray noise, with its box."""
    rng = np.random.default_rng(0)
    images, found, masks = [], [], []
    for k in range(8):
        image = rng.integers(90, 130, (3, SIDE, SIDE), dtype=np.uint8)
        top, left = [(1, 2), (1, 14), (16, 2), (16, 14)][k % 4]
        image[:, top : top + 6, left : left + 8] = rng.integers(0, 20, (3, 6, 8))
        image[0, top : top + 6, left : left + 8] = rng.integers(200, 220, (6, 8))
        mask = np.zeros((SIDE, SIDE), dtype=bool)
        mask[top : top + 6, left : left + 8] = True
        images.append(torch.from_numpy(image))
        found.append(np.array([[top, left, top + 6, left + 8]], dtype=float))
        masks.append(mask)
    return Dataset(
        name="squares", fingerprint="", images=images, ids=tuple("abcdefgh"), labels=np.zeros(8, dtype=int),
        class_names=("red",), outputs=(0,), boxes=found if boxes else None, masks=masks if boxes else None,
    )  # fmt: skip


def lab(make_lab: MakeLab, boxes: bool = True) -> Lab:
    made = make_lab(SquareRed(), size=SIDE)
    return replace(made, dataset=squares(boxes), model=replace(made.model, classes=("red", "other")))


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(lab(make_lab))


def claim(stats: Any, name: str) -> Claim:
    return {each.name: each for each in figure().claims(stats)}[f"saliency_localization.{name}"]


def test_the_square_is_cut_out_exactly(result: Result) -> None:
    for told in result.stats["images"]:
        assert told["box"] == told["truth"][0]
        assert told["mask_overlap"] == 1
        assert told["overlaps"]["graph_cut"] == 1
        assert told["front"] == pytest.approx(0.05, abs=2e-3)
        assert told["back"] == pytest.approx(0.3, abs=0.04)  # the gray has few levels


def test_errors_and_baselines(result: Result) -> None:
    measured = result.stats["measured"]
    assert measured["images"] == measured["masks"] == 8
    assert measured["errors"]["graph_cut"] == measured["error1"] == 0
    assert measured["errors"]["center"] == measured["errors"]["whole"] == 1
    assert measured["overlap"]["whole"] == pytest.approx(48 / SIDE**2)
    assert measured["overlap"]["graph_cut"] == measured["mask_overlap"] == 1
    assert measured["first"] == 1


def test_a_wrong_class_is_an_error_whatever_the_box(make_lab: MakeLab) -> None:
    data = replace(squares(), outputs=(1,))
    measured = figure().compute(replace(lab(make_lab), dataset=data)).stats["measured"]
    assert measured["errors"]["graph_cut"] == 1
    assert measured["found"]["graph_cut"] == 1


def test_claims_hold_for_it(result: Result) -> None:
    claims = figure().claims(result.stats)
    assert [each.holds for each in claims] == [True, True, True, None]  # the seeds alone find the square too
    better = {**result.stats["measured"], "better": [0.2, 0.4]}
    assert claim({**result.stats, "measured": better}, "finds_objects").holds is True
    worse = {**result.stats["measured"], "better": [-0.4, -0.2]}
    assert claim({**result.stats, "measured": worse}, "finds_objects").holds is False


@pytest.mark.parametrize(
    ("name", "key", "value"), [("seeds", "front_off", 0.01), ("tight", "tight", False), ("cheapest", "saved", -0.1)]
)
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str, key: str, value: Any) -> None:
    images = [result.stats["images"][0], {**result.stats["images"][1], key: value}]
    assert claim({**result.stats, "images": images}, name).holds is False


def test_without_boxes_it_is_drawn_and_not_measured(make_lab: MakeLab) -> None:
    result = figure().compute(lab(make_lab, boxes=False))
    assert result.stats["measured"] == {"images": 0}
    assert claim(result.stats, "finds_objects").undecided == "the data set has no boxes of its objects"
    assert len(figure().draw(result).axes) == 8
    assert "Bars" not in figure().alt(result.stats)


def test_a_map_of_one_value_has_no_box(make_lab: MakeLab) -> None:
    here = lab(make_lab)
    for value in here.model.net.parameters():
        value.zero_()
    result = figure().compute(here)
    assert [told["box"] for told in result.stats["images"]] == [None, None]
    assert result.stats["measured"]["errors"]["graph_cut"] == 1
    assert [each.holds for each in figure().claims(result.stats)][:3] == [True] * 3
    assert "no box" in figure().alt(result.stats)
    figure().draw(result)


def test_the_picture_shows_each_step_and_the_errors(result: Result) -> None:
    axes = figure().draw(result).axes
    assert [panel.get_title() for panel in axes[:4]] == ["image and boxes", "saliency", "seeds", "segmentation"]
    assert axes[0].get_ylabel() == "red"
    assert axes[8].get_xlabel() == "localization error (top 1), % of 8 images"
    assert "graph cut 0%" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"above": 1.5}, r"figure.saliency_localization.above=1.5 must be above 0 and at most 1"),
        ({"above": 0.2}, r"figure.saliency_localization.above=0.2 must be at least below=0.3"),
        ({"parts": 0}, r"figure.saliency_localization.parts=0 must be at least 1"),
        ({"images": [8]}, r"figure.saliency_localization.images=8 is not in the data set squares"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab(make_lab))
