"""Two linear networks of which it is known how far each must be pushed, one of them trained against pushes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.fooling_adv_training import FoolingAdvTraining
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.network import Model

SIDE = 8
READ = (slice(2, 6), slice(2, 6))
SETTINGS: dict[str, Any] = {
    "images_measured": 8, "epsilon": None, "sizes": [4, 60], "steps": 3, "shown": 2, "batch": 3,
}  # fmt: skip


def network(name: str, everywhere: float, *, hardened: float) -> Model:
    """Class `bright` where the middle is brighter than half, plus a tiny weight of either sign on all the rest."""
    linear = nn.Linear(3 * SIDE * SIDE, 2)
    weight = everywhere * torch.tensor([1.0, -1.0]).repeat(3 * SIDE * SIDE // 2).view(3, SIDE, SIDE)
    weight[:, READ[0], READ[1]] = 1.0
    with torch.no_grad():
        linear.weight.copy_(torch.stack([weight, -weight]).flatten(1))
        linear.bias.copy_(torch.tensor([-0.5, 0.5]) * weight.sum())
    return Model(
        name=name, fingerprint="", net=nn.Sequential(nn.Flatten(), linear).eval().requires_grad_(False),
        size=(SIDE, SIDE), resize=SIDE, mean=(0.0,) * 3, std=(1.0,) * 3, classes=("bright", "dark"), layers={},
        codes_layer="", weights="by hand", hardened=hardened,
    )  # fmt: skip


def pictures(masks: bool = True) -> Dataset:
    labels = np.arange(8) % 2
    pixels = np.full((8, 3, SIDE, SIDE), 128, dtype=np.uint8)
    pixels[:, :, READ[0], READ[1]] = np.where(labels, 118, 138)[:, None, None, None]
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[READ] = True
    return Dataset(
        name="pictures", fingerprint="", images=torch.from_numpy(pixels).unbind(), ids=tuple("abcdefgh"), labels=labels,
        class_names=("bright", "dark"), masks=[mask] * 8 if masks else None,
    )  # fmt: skip


def lab(masks: bool = True, *, swapped: bool = False) -> Lab:
    fragile, tough = (network(n, e, hardened=h) for n, e, h in (("fragile", 5.0, 0.0), ("tough", 0.0, 8 / 255)))
    if swapped:
        fragile, tough = replace(fragile, hardened=8 / 255), replace(tough, hardened=0.0)
        return Lab(replace(tough, siblings=(fragile,)), pictures(masks), seed=0)
    return Lab(replace(fragile, siblings=(tough,)), pictures(masks), seed=0)


def figure(**changed: Any) -> FoolingAdvTraining:
    return FoolingAdvTraining(**SETTINGS | changed)


def claim(result: Result, name: str) -> Claim:
    return {each.name: each for each in figure().claims(result.stats)}[f"fooling_adv_training.{name}"]


@pytest.fixture(scope="module")
def result() -> Result:
    return figure().compute(lab())


def test_the_fragile_one_is_fooled_by_every_attack_of_its_own_and_the_tough_one_by_none(result: Result) -> None:
    stats = result.stats
    assert stats["epsilon"] == pytest.approx(8)
    assert stats["networks"] == {"plain": "fragile", "hardened": "tough"}
    plain, hardened = (
        {key: number["mean"] for key, number in stats["errors"][name].items()} for name in ("plain", "hardened")
    )
    assert (plain["clean"], plain["one"], plain["many"]) == (0, 1, 1)
    assert set(hardened.values()) == {0}
    assert stats["by_size"] == {"plain": [[1.0, 1.0]] * 2, "hardened": [[0.0, 1.0]] * 2}
    assert stats["excess_levels"] <= 1e-4
    assert stats["errors"]["plain"]["one"]["sure"] > 0.9
    assert stats["errors"]["hardened"]["one"]["sure"] is None


def test_the_gradient_on_the_object_is_the_weight_there(result: Result) -> None:
    inside = 16 / 64
    found = result.stats["on_object"]
    assert found["hardened"] == pytest.approx(1)
    assert found["plain"] == pytest.approx(inside / (inside + 5 * (1 - inside)))
    assert found["area"] == inside


def test_all_tendencies_hold_for_it_but_that_of_transfer_and_fail_the_other_way_round(result: Result) -> None:
    assert {name: claim(result, name).holds for name in ("size", "one", "many", "noise", "on_object")} == {
        "size": True, "one": True, "many": True, "noise": True, "on_object": True,
    }  # fmt: skip
    other = figure().compute(lab(swapped=True))
    assert other.stats["networks"] == {"plain": "tough", "hardened": "fragile"}
    assert {name: claim(other, name).holds for name in ("one", "many", "on_object")} == {
        "one": False, "many": False, "on_object": False,
    }  # fmt: skip
    assert claim(Result({}, {**result.stats, "excess_levels": 0.5}), "size").holds is False
    assert claim(Result({}, {**result.stats, "images": 2}), "one").holds is None


def test_first_filters_are_compared_where_the_networks_look_through_some(make_lab: MakeLab) -> None:
    """The plain network's filters are even; each of the other's has one weight, a twenty-fifth of its area."""
    nets = []
    for planted in (torch.ones(5, 5), torch.zeros(5, 5)):
        planted[2, 2] = 1
        conv = nn.Conv2d(3, 4, 5, padding=2)
        with torch.no_grad():
            conv.weight.copy_(planted)
        nets.append(nn.Sequential(conv, nn.Flatten(), nn.Linear(4 * SIDE * SIDE, 2)).eval())
    plain, hardened = (replace(make_lab(net).model, classes=("bright", "dark")) for net in nets)
    pair = Lab(replace(plain, siblings=(replace(hardened, hardened=8 / 255),)), pictures(), seed=0)
    found = figure().compute(pair)
    assert found.stats["localized"]["plain"] == pytest.approx(3 / 25)  # the third that is more than a tenth
    assert found.stats["localized"]["hardened"] == pytest.approx(1)
    assert claim(found, "localized").holds is True
    drawn = figure().draw(found).axes
    assert [axes.get_title() for axes in drawn][2:4] == ["filters, tiny", "filters, tiny"]
    other = {**found.stats, "localized": {"plain": 0.5, "hardened": 0.4, "interval": [-0.2, -0.1]}}
    assert claim(Result({}, other), "localized").holds is False


def test_networks_that_are_linear_have_no_filters(result: Result) -> None:
    assert result.stats["localized"] is None
    assert claim(result, "localized").undecided.startswith("the networks do not begin with a convolution of colors")


def test_without_masks_the_object_is_undecided_and_the_picture_is_drawn() -> None:
    found = figure().compute(lab(masks=False))
    assert claim(found, "on_object").holds is None
    figure().draw(found)
    assert "clean: 0.00 and 0.00" in figure().alt(found.stats)


def test_the_picture_has_two_rows_of_gradients(result: Result) -> None:
    assert len(figure().draw(result).axes) == 2 + 3 * 2


def test_a_network_alone_cannot_be_compared() -> None:
    alone = Lab(network("alone", 1.0, hardened=0.0), pictures(), seed=0)
    told = figure().obstacle(alone)
    assert told is not None
    assert told.startswith("alone has no sibling that differs from it by adversarial training")
    assert figure().obstacle(lab()) is None
    strangers = replace(lab(), dataset=replace(pictures(), class_names=("a", "b")))
    assert figure().obstacle(strangers) == (
        "the classes of pictures are not among the outputs of fragile: no answer is an error"
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"images_measured": 0}, "figure.fooling_adv_training.images_measured=0 must be at least 1"),
        ({"epsilon": 0}, "figure.fooling_adv_training.epsilon=0 must be above 0 and at most 255 levels"),
        ({"sizes": [1, 300]}, r"figure.fooling_adv_training.sizes=\[1, 300\] must be above 0 and at most 255 levels"),
        ({"sizes": []}, r"figure.fooling_adv_training.sizes=\[\] must be above 0 and at most 255 levels"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab())
