"""Deletion, insertion and pointing, for a network that looks at one place only."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.attribution_faithfulness import AttributionFaithfulness
from cnnviz_core.lab import Lab
from cnnviz_core.methods.blind_maps import TITLES as BLIND

SIDE = 12
PLACE = slice(2, 5), slice(7, 11)  # a twelfth of the image, off its middle
SETTINGS: dict[str, Any] = {
    "images": 10, "steps": 6, "blur": 0.3, "patches": 0.1, "tolerance": 0.0, "noise": 0.1, "samples": 2,
    "integration": 2, "batch": 40,
}  # fmt: skip


def figure(**changed: Any) -> AttributionFaithfulness:
    return AttributionFaithfulness(**SETTINGS | changed)


def looker(activation: nn.Module) -> nn.Module:
    """Class 0 is the green of the place, class 1 a constant."""
    linear = nn.Linear(2 * SIDE * SIDE, 2)
    with torch.no_grad():
        weights = torch.zeros(2, 2, SIDE, SIDE)
        weights[0, 0][PLACE] = 1.0
        linear.weight.copy_(weights.flatten(1))
        linear.bias.copy_(torch.tensor([0.0, 4.0]))
    return nn.Sequential(pointwise([[0, 1.0, 0], [0, 0, 1.0]], [0, 0]), activation, nn.Flatten(), linear)


def lab(make_lab: MakeLab, activation: nn.Module | None = None, *, masks: bool = True) -> Lab:
    """Images of dark noise with a bright green place, whose mask is known."""
    pixels = np.random.default_rng(0).integers(0, 120, (10, 3, SIDE, SIDE), dtype=np.uint8)
    pixels[:, 1, *PLACE] = 250
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[PLACE] = True
    made = make_lab(looker(activation or nn.ReLU()), list(torch.from_numpy(pixels)), size=SIDE)
    return replace(made, dataset=replace(made.dataset, masks=[mask] * 10 if masks else None))


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(lab(make_lab))


def claims(result: Result) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(result.stats)}


def test_the_gradient_takes_the_place_first_and_nothing_else_matters(result: Result) -> None:
    rows, shares = result.stats["rows"], result.arrays["shares"]
    np.testing.assert_allclose(shares, (np.arange(7) / 6) ** 2)
    deletion = result.arrays["deletion"][:, list(rows).index("gradient")]
    taken = shares >= 12 / 144
    np.testing.assert_allclose(deletion[:, 0], 1 / (1 + np.exp(4 - 12 * 250 / 255)), rtol=1e-5)
    np.testing.assert_allclose(deletion[:, taken], 1 / (1 + np.exp(4)), rtol=1e-5)
    assert (deletion[:, ~taken] > 0.5).all()
    insertion = result.arrays["insertion"][:, list(rows).index("gradient")]
    np.testing.assert_allclose(insertion[:, taken], deletion[:, :1].repeat(taken.sum(), 1), rtol=1e-5)
    assert rows["gradient"]["deletion"]["mean"] < rows["random"]["deletion"]["mean"] - 0.3
    assert rows["gradient"]["deletion_score"]["mean"] < 0.1
    assert rows["gradient"]["insertion_score"]["mean"] > 0.9


def test_the_gradient_points_at_the_place_and_is_nowhere_else(result: Result) -> None:
    located = result.stats["located"]
    assert located["images"] == 10
    assert located["chance"] == pytest.approx(1 / 12)
    assert located["rows"]["gradient"]["pointing"]["mean"] == 1
    assert located["rows"]["gradient"]["ratio"]["mean"] == pytest.approx(12)
    assert located["rows"]["random"]["ratio"]["mean"] == pytest.approx(1, abs=0.1)
    assert located["rows"]["center"]["pointing"]["mean"] == 0


def test_what_is_near_the_object_counts_as_a_hit(make_lab: MakeLab) -> None:
    located = figure(tolerance=0.5).compute(lab(make_lab)).stats["located"]
    assert located["rows"]["center"]["pointing"]["mean"] == 1
    assert located["chance"] > 0.5


def test_passes_are_counted(result: Result) -> None:
    assert result.stats["runs"] == 2 * (12 * 5 + 2)
    assert result.stats["passes"] == 2 * 2


def test_claims_hold_for_it(result: Result) -> None:
    found = claims(result)
    assert list(found) == ["same_ends", "even_map", *result.stats["methods"]]
    assert {name: each.holds for name, each in found.items() if name != "gradcam"} == dict.fromkeys(
        [name for name in found if name != "gradcam"], True
    )
    assert found["gradient"].measured["insertion_minus_deletion"] > found["gradient"].measured["difference_from"]


@pytest.mark.parametrize("name", ["same_ends", "even_map"])
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str) -> None:
    located = {**result.stats["located"], "even": 1.1}
    assert claims(Result({}, {**result.stats, "ends": 1e-3, "located": located}))[name].holds is False


def test_a_method_must_beat_both_random_orders(result: Result) -> None:
    above = {
        "random": {"mean": 0.3, "interval": [0.2, 0.4]},
        "random_patches": {"mean": -0.1, "interval": [-0.2, -0.05]},
    }
    rows = {**result.stats["rows"], "gradient": {**result.stats["rows"]["gradient"], "above": above}}
    claim = claims(Result({}, {**result.stats, "rows": rows}))["gradient"]
    assert claim.holds is False
    assert "the_same_for_random_patches" in claim.measured


def test_few_images_decide_nothing(make_lab: MakeLab) -> None:
    found = claims(figure(images=3).compute(lab(make_lab)))
    assert found["gradient"].undecided == "3 images are too few to tell"
    assert found["gradient"].holds is None


def test_the_picture_leaves_out_what_is_not_known(make_lab: MakeLab) -> None:
    result = figure().compute(lab(make_lab, nn.GELU(), masks=False))
    assert result.stats["undefined"] == "the guided rule is defined for ReLUs, and this network uses gelu"
    assert result.stats["methods"] == ["gradient", "gradient_x_input", "smoothgrad", "integrated_gradients", "gradcam"]
    assert result.stats["located"] == {}
    drawn = figure().draw(result)
    titles = [axes.get_title() for axes in drawn.axes]
    assert titles[:5] == ["gradient", "gradient × input", "SmoothGrad", "integrated gradients", "Grad-CAM"]
    assert not any("object" in title for title in titles)
    assert "on the object" not in figure().alt(result.stats)
    assert "even_map" not in claims(result)


def test_the_picture_has_a_panel_for_each_method_and_a_row_for_each_map(result: Result) -> None:
    before = {name: array.copy() for name, array in result.arrays.items()}
    drawn = figure().draw(result).axes
    assert [axes.get_title() for axes in drawn[:8]] == [
        result.stats["titles"][name] for name in result.stats["methods"]
    ]
    labels = [label.get_text() for label in drawn[8].get_yticklabels()]
    assert labels[-4:] == list(BLIND.values())
    assert [axes.get_title().replace("\n", " ") for axes in drawn[8:]] == [
        "deletion: area (less is better)", "insertion: area (more is better)", "points at the object",
        "times as large on the object",
    ]  # fmt: skip
    for name, array in before.items():
        np.testing.assert_array_equal(result.arrays[name], array)
    assert "gradient 100% and 12.0" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"steps": 1}, r"figure.attribution_faithfulness.steps=1 must be at least 2"),
        ({"images": 0}, r"figure.attribution_faithfulness.images=0 must be at least 1"),
        ({"tolerance": -0.1}, r"figure.attribution_faithfulness.tolerance=-0.1 must be at least 0"),
        ({"blur": 0}, r"figure.attribution_faithfulness.blur=0 must be above 0 and at most 1"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab(make_lab))
