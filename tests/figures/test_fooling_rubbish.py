"""Noise shown to networks of which it is known how sure they are of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from known_world import known_lab
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.fooling_rubbish import FoolingRubbish
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "images": 24, "images_real": 8, "sure": 0.5, "controls": 2, "control_images": 20, "epsilon": 100,
    "images_targeted": 4, "classes_targeted": 4, "images_rivals": 24, "folds": 2, "side": 4, "decay": 0.01, "shown": 3,
    "batch": 10,
}  # fmt: skip


def figure(**changed: Any) -> FoolingRubbish:
    return FoolingRubbish(**SETTINGS | changed)


def claims(result: Result, **changed: Any) -> dict[str, Claim]:
    return {claim.name.rpartition(".")[2]: claim for claim in figure().claims({**result.stats, **changed})}


def set_in_its_ways(lab: Lab, bias: float) -> Lab:
    """A network that gives class 2 a logit higher by `bias`, whatever it sees."""
    last = lab.model.net[3]  # type: ignore[index]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([0.0, 0, bias, 0]))
    return lab


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(known_lab(make_lab))


@pytest.mark.parametrize(("bias", "share"), [(9.0, 1.0), (0.1, 0.0)])
def test_who_is_sure_of_all_is_sure_of_noise_and_who_of_nothing_is_not(
    make_lab: MakeLab, bias: float, share: float
) -> None:
    found = figure().compute(set_in_its_ways(known_lab(make_lab), bias))
    row = found.stats["rows"]["net"]
    assert [row[key]["share"] for key in ("unclipped", "saved", "real")] == [share] * 3
    p = np.exp(bias) / (3 + np.exp(bias))
    assert row["saved"]["confidence"] == (pytest.approx(p) if share else None)
    assert found.stats["answers"] == [{"class": "output 2", "count": 24, "sure": 24 * share}]
    assert found.stats["commonest"]["share"] == 1
    assert claims(found)["one_class"].holds is True
    assert found.stats["targeted"]["share"] == found.stats["targeted"]["random"] == share / 4
    assert claims(found)["targeted"].holds is None
    assert figure().draw(found)


def test_noise_looks_as_the_images_do_and_is_answered_by_the_pixels_that_are_read(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    found = figure().compute(lab)
    values = lab.pixels(lab.spread(8)).numpy() * 255
    np.testing.assert_allclose(found.stats["mean"], values.mean(axis=(0, 2, 3)), atol=0.01)
    np.testing.assert_allclose(found.stats["std"], values.std(axis=(0, 2, 3)), atol=0.01)
    for key, told, what in (("noise", found.stats["examples"], "answer"),
                            ("targeted", found.stats["targeted"]["examples"], "class")):  # fmt: skip
        for image, example in zip(found.arrays[key], told, strict=True):
            scores = np.exp(8 * image[0, 0, :4].astype(float) / 255)
            assert example["p"] == pytest.approx(scores[int(example[what][-1])] / scores.sum(), rel=1e-4)


def test_one_step_reaches_the_classes_and_the_size_is_that_of_the_step(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    with torch.no_grad():
        lab.model.net[1].bias.fill_(1.0)  # type: ignore[index]  # or a black pixel's unit is silent and has no slope
    found = figure().compute(lab)
    assert found.stats["targeted"]["farthest"] == pytest.approx(100, abs=1e-3)
    assert found.stats["targeted"]["named"] >= found.stats["targeted"]["share"] > 0.8
    held = claims(found)
    assert (held["size"].holds, held["alone"].holds, held["targeted"].holds) == (True, True, True)


def test_radial_units_are_not_sure_of_noise_and_are_of_images_that_look_alike(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    flat = [torch.full((3, 24, 24), 40 + 60 * int(k), dtype=torch.uint8) for k in lab.dataset.labels]
    found = figure(side=8).compute(replace(lab, dataset=replace(lab.dataset, images=flat)))
    rows = found.stats["rows"]["radial"]
    assert (rows["unclipped"]["share"], rows["saved"]["share"], rows["real"]["share"]) == (0, 0, 1)
    assert found.stats["differences"]["radial_tells"] == [1, 1]


def test_without_images_to_train_on_there_are_no_rivals(make_lab: MakeLab, small_net: nn.Module) -> None:
    lab = make_lab(small_net)
    assert figure().obstacle(lab) is None
    found = figure().compute(lab)
    assert set(found.stats["rows"]) == {"net", "untrained"}
    assert found.stats["rivals"] is False
    assert claims(found)["net"].undecided == "there are not two classes or families with enough images to train on"
    assert claims(found)["linear"].holds is None
    assert figure().draw(found)


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.1], None)])
def test_tendencies_may_hold_or_not(result: Result, interval: list[float], holds: bool | None) -> None:
    differences = {"learned": interval, "net": interval, "linear": interval, "radial_tells": [0.1, 0.2]}
    targeted = {**result.stats["targeted"], "lead": interval}
    commonest = {**result.stats["commonest"], "interval": [0.25 + end for end in interval]}
    found = claims(result, differences=differences, targeted=targeted, commonest=commonest)
    assert {name: found[name].holds for name in ("learned", "net", "linear", "one_class", "targeted")} == dict.fromkeys(
        ("learned", "net", "linear", "one_class", "targeted"), holds
    )
    dumb = claims(result, differences={**differences, "radial_tells": [-0.1, 0.1]})
    assert dumb["net"].undecided == "the radial units are sure of real images no more often than of noise"


def test_identities_can_be_false_and_little_noise_decides_nothing(result: Result) -> None:
    found = claims(result, alone=0.1, images=5, targeted={**result.stats["targeted"], "farthest": 101.0, "images": 2})
    assert found["alone"].holds is False
    assert found["size"].holds is False
    assert found["one_class"].undecided == "5 images of noise are too few to tell"
    assert found["targeted"].undecided == "2 images of noise are too few to tell"


def test_the_picture_and_its_words(result: Result) -> None:
    titles = [axes.get_title() for axes in figure().draw(result).axes]
    assert sum(title.startswith("output") for title in titles) == 6
    text = figure().alt(result.stats)
    assert "Shares of inputs with a probability above 0.5: network: noise" in text
    assert "radial units: noise 0%" in text


def test_a_network_of_one_output_cannot_be_unsure(make_lab: MakeLab) -> None:
    lab = make_lab(nn.Sequential(nn.Flatten(), nn.Linear(192, 2), nn.ReLU(), nn.Linear(2, 1)))
    alone = lab.with_model(replace(lab.model, classes=("only",)))
    assert figure().obstacle(alone) == "tiny has one output: it is as sure of that on every image"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"images": 0}, "figure.fooling_rubbish.images=0 must be at least 1"),
        ({"folds": 1}, "figure.fooling_rubbish.folds=1 must be at least 2"),
        ({"sure": 1}, "figure.fooling_rubbish.sure=1 must be a probability between 0 and 1"),
        ({"epsilon": 300}, "figure.fooling_rubbish.epsilon=300 must be above 0 and at most 255 levels"),
        ({"decay": 0}, "figure.fooling_rubbish.decay=0 must be above 0"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(known_lab(make_lab))
