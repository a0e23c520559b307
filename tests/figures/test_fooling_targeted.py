"""Ascents in a network that reads its answer from one row of pixels."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.fooling_targeted import FoolingTargeted
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "images": None, "count": 2, "search": 8, "target": None, "rate": 0.1, "steps": 40, "images_measured": 8, "batch": 3,
}  # fmt: skip


def figure(**changed: Any) -> FoolingTargeted:
    return FoolingTargeted(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {claim.name.rpartition(".")[2]: claim for claim in figure().claims(stats)}


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """Each score is that of a pixel's red, less a little of all: the first unit of every one is active."""
    lab = known_lab(make_lab)
    first, last = lab.model.net[1], lab.model.net[3]  # type: ignore[index]
    with torch.no_grad():
        first.bias.fill_(1.0)
        last.weight.sub_(0.1)
    return lab


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_only_the_pixels_that_are_read_are_changed(lab: Lab) -> None:
    found = figure(images=[1, 2], target="output 0").compute(lab)
    for k, told in enumerate(found.stats["images"]):
        change = found.arrays["saved"][k].astype(int) - found.arrays["clean"][k]
        assert told["reached"]
        assert told["now"] == "output 0"
        assert set(zip(*np.nonzero(change), strict=True)) <= {(0, 0, column) for column in range(4)}
        assert change[0, 0, 0] > 100


def test_the_images_reach_their_class_and_say_so_again_in_8_bits(lab: Lab, result: Result) -> None:
    for k, told in enumerate(result.stats["images"]):
        with torch.no_grad():
            answer = int(lab.model(torch.from_numpy(result.arrays["saved"][k : k + 1]).float() / 255).argmax())
        assert told["reached"] == (lab.model.classes[answer] == told["target"])
        change = (result.arrays["saved"][k].astype(float) - result.arrays["clean"][k]) / 255
        assert told["length"] == pytest.approx(np.sqrt((change**2).sum()), abs=1e-6)


def test_identities_hold_and_can_be_false(result: Result) -> None:
    found = claims(result.stats)
    assert all(found[name].holds for name in ("named", "steps", "length"))
    first, *rest = result.stats["images"]
    for name, wrong in (("named", {"agrees": False}), ("steps", {"steps": 41}), ("length", {"excess": 0.1})):
        assert claims({**result.stats, "images": [{**first, **wrong}, *rest]})[name].holds is False


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.1], None)])
def test_tendencies_may_hold_or_not(result: Result, interval: list[float], holds: bool | None) -> None:
    measured = {**result.stats["measured"], "beats_random": interval, "shorter": interval, "length": 1.0, "apart": 2.0}
    found = claims({**result.stats, "measured": measured})
    assert found["beats_random"].holds is holds
    assert found["short"].holds is holds


def test_what_is_not_reached_is_said(lab: Lab) -> None:
    found = figure(steps=1, rate=1e-4).compute(lab)
    assert not any(told["reached"] for told in found.stats["images"])
    assert found.stats["measured"]["reached"] == 0
    assert "not made" in figure().alt(found.stats)
    assert claims(found.stats)["short"].undecided == "fewer than two images reached their class"
    titles = [axes.get_title() for axes in figure().draw(found).axes]
    assert any("not reached" in title for title in titles)


def test_few_images_decide_nothing(lab: Lab) -> None:
    found = figure(images_measured=2).compute(lab)
    assert claims(found.stats)["beats_random"].undecided == "2 images are too few to tell"
    assert found.stats["measured"]["untrained"] is None


def test_random_weights_are_led_too(result: Result) -> None:
    untrained = result.stats["measured"]["untrained"]
    assert untrained["images"] == 8
    assert 0 <= untrained["share"] <= 1


def test_classes_that_are_not_the_models(lab: Lab) -> None:
    data = replace(known_world(), outputs=None)
    other = replace(lab, dataset=data)
    assert other.targets is None
    assert len(figure().compute(other).stats["images"]) == 2


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"target": "outpt 2"}, r"fooling_targeted.target=outpt 2 is no class of tiny; did you mean 'output 2'\?"),
        ({"target": 4}, r"target=4 is no class of tiny.* numbers from 0 on"),
        ({"images": [1], "target": "output 1"}, r"target=output 1: image 1 is of that class \(output 1\) as it is"),
        ({"rate": 0}, r"fooling_targeted.rate=0 must be above 0"),
        ({"steps": 0}, r"fooling_targeted.steps=0 must be at least 1"),
        ({"images": [99]}, r"fooling_targeted.images=99 is not in the data set shapes"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)


def test_an_image_that_is_misclassified_as_the_target_is_refused(lab: Lab) -> None:
    wrong = replace(lab, dataset=known_world(answers=[3] + [0] * 23))
    with pytest.raises(InputError, match=r"target=output 3: image 0 is taken for that class \(output 3\) as it is"):
        figure(images=[0], target="output 3").compute(wrong)
    with pytest.raises(InputError, match="each image is, or is taken for, that class"):
        figure(target="output 0").compute(replace(lab, dataset=known_world(answers=[0] * 24)))
