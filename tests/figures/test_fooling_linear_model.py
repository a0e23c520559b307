"""The linear classifier, on classes that one pixel tells apart, and on noise."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from known_world import known_lab
from matplotlib.text import Text
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.fooling_linear_model import FoolingLinearModel
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.models.assemble import assemble

SETTINGS: dict[str, Any] = {
    "images": 80, "folds": 2, "side": 4, "decays": [1.0, 0.001], "decay": 0.001, "epsilon": 0.2, "searches": 50,
    "templates": 3, "count": 2,
}  # fmt: skip


def figure(**changed: Any) -> FoolingLinearModel:
    return FoolingLinearModel(**SETTINGS | changed)


def claims(result: Result, **changed: Any) -> dict[str, Claim]:
    stats = {**result.stats, **changed}
    return {claim.name.rpartition(".")[2]: claim for claim in figure().claims(stats)}


def one_pixel(lab: Lab) -> Lab:
    """Images of faint noise whose top left red is 100 or 140: two classes, 40 levels apart."""
    rng, labels = np.random.default_rng(0), np.arange(80) % 2
    images = rng.integers(115, 125, (80, 3, 4, 4), dtype=np.uint8)
    images[:, 0, 0, 0] = np.where(labels, 140, 100)
    data = Dataset(
        "pixel", "pixel", list(torch.from_numpy(images)), tuple(map(str, range(80))), labels, ("low", "high")
    )
    return replace(lab, dataset=data)


@pytest.fixture(scope="module")
def result() -> Result:
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, 3), nn.ReLU(), nn.Linear(3, 2))
    model = assemble(net, name="tiny", size=4, resize=4, mean=[0] * 3, std=[1] * 3, classes=None, weights="random")
    empty = Dataset("", "", [], (), np.array([], dtype=int), ())
    return figure().compute(one_pixel(Lab(model, empty, seed=0)))


def test_the_pixel_that_decides_is_the_template(result: Result) -> None:
    weights = result.arrays["strong"]
    assert weights.shape == (2, 3, 4, 4)
    assert np.abs(weights[1]).argmax() == 0
    assert weights[1, 0, 0, 0] > 0 > weights[0, 0, 0, 0]
    assert [row["accuracy"] for row in result.stats["rows"]] == [1, 1]


def test_fooled_images_are_the_original_and_signs_and_are_saved_in_steps(result: Result) -> None:
    for k, example in enumerate(result.stats["examples"]):
        image, signs, fooled = (result.arrays[name][k] for name in ("images", "signs", "fooled"))
        np.testing.assert_allclose(fooled * 255, np.round(fooled * 255), atol=1e-9)
        np.testing.assert_allclose((fooled - image) * 255, example["levels"] * signs, atol=1e-9)
        assert {example["class"], example["answer"]} == {"low", "high"}
        assert example["levels"] <= 20  # half of what the classes are apart


def test_identities_hold_and_the_sign_is_worse_than_chance(result: Result) -> None:
    found = claims(result)
    assert all(found[name].holds for name in ("exact", "never_beaten", "smallest", "size", "toy", "fooled"))
    assert found["toy"].measured["p_before"] == pytest.approx(0.0474, abs=5e-5)
    assert found["toy"].measured["p_after"] == pytest.approx(0.88, abs=5e-3)
    curve = result.stats["curve"]
    assert curve["worst"][0] == curve["gradient"][0] == 0
    assert curve["worst"][-1] == 1
    assert curve["random"][-1] < 0.8  # only the sign of the pixel matters, which is wrong for half of them
    assert result.stats["pair"]["worst_loss"] > result.stats["pair"]["loss"]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("exact", {"pair": {"drop_wrong": 1e-3, "formula": 1.0, "best_random": 0.5}}),
        ("never_beaten", {"pair": {"drop_wrong": 0, "formula": 1.0, "best_random": 1.01}}),
        ("smallest", {"smallest_wrong": 1}),
        ("size", {"examples": [{"moved": 2, "levels": 1}]}),
        ("toy", {"toy": {"before": -3.0, "after": 2.5}}),
    ],
)
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str, changed: dict[str, Any]) -> None:
    assert claims(result, **changed)[name].holds is False


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.1], None)])
@pytest.mark.parametrize("name", ["smoother", "harder", "less_accurate"])
def test_tendencies_may_hold_or_not(result: Result, name: str, interval: list[float], holds: bool | None) -> None:
    assert claims(result, **{name: interval})[name].holds is holds


def test_the_fooled_claim_may_fail_and_few_images_decide_nothing(result: Result) -> None:
    curve = {**result.stats["curve"], "difference": [-0.3, -0.1]}
    assert claims(result, curve=curve)["fooled"].holds is False
    assert claims(result, images=5)["fooled"].undecided == "5 images are too few to tell"
    assert claims(result, both=1)["harder"].undecided == "both are right on 1 images only"


def test_more_decay_makes_it_smoother_and_harder_to_fool_where_pixels_have_a_shape(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    found = figure(side=8, images=24, count=1).compute(lab)
    strong, mild = found.stats["rows"]
    assert strong["norm"] < mild["norm"]
    assert strong["levels"] > mild["levels"]


def test_the_picture_and_its_words(result: Result) -> None:
    drawn = figure().draw(result)
    titles = [axes.get_title() for axes in drawn.axes]
    assert titles[:2] == ["low", "high"]
    labels = [axes.get_xlabel() for axes in drawn.axes]
    assert "change of each pixel, levels of 255" in labels
    assert "weight decay" in labels
    assert "Error at 51 levels of 255: 100% along the sign" in figure().alt(result.stats)
    none = Result({**result.arrays}, {**result.stats, "examples": []})
    assert "no image of the test part is fooled" in [text.get_text() for text in figure().draw(none).findobj(Text)]


def test_classes_of_one_image_are_not_enough(make_lab: MakeLab, small_net: nn.Module) -> None:
    reason = figure().obstacle(make_lab(small_net))
    assert reason == (
        "a linear classifier is trained on some images of a class and tested on others; noise does not have two "
        "classes or families with at least 2 of the images"
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"decay": 0.5}, r"fooling_linear_model.decay=0.5 must be one of .*decays=\[1.0, 0.001\]"),
        ({"decays": [0.1, 1.0]}, r"decays=\[0.1, 1.0\] must be two numbers above 0 or more, from large to small"),
        ({"epsilon": 0}, r"fooling_linear_model.epsilon=0 must be above 0 and at most 1"),
        ({"folds": 1}, r"fooling_linear_model.folds=1 must be at least 2"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(known_lab(make_lab))
