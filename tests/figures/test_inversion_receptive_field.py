"""Units in the middle of maps whose fields and gradients are known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim
from cnnviz_core.figures.inversion_receptive_field import InversionReceptiveField
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "layers": None, "layers_chosen": 5, "units": 1, "image": 0, "search": 4, "images_measured": 6, "steps": 30,
    "share": 0.9,
}  # fmt: skip


def figure(**changed: Any) -> InversionReceptiveField:
    return InversionReceptiveField(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {claim.name.partition(".")[2]: claim for claim in figure().claims(stats)}


def noise(count: int, size: int) -> list[Tensor]:
    return list(torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 3, size, size), dtype=np.uint8)))


def planted(make_lab: MakeLab, middle: float) -> Lab:
    """A kernel of 5 x 5 with weights 1, but for the one in the middle, on images of 15 x 15."""
    conv = nn.Conv2d(3, 1, 5, padding=2)
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight.fill_(1.0)
        conv.weight[:, :, 2, 2] = middle
        conv.bias.zero_()
    return make_lab(nn.Sequential(conv, nn.Flatten(), nn.Linear(225, 6)), noise(6, 15), size=15)


def test_a_kernel_that_looks_at_its_middle_is_narrow_and_an_even_one_is_not(make_lab: MakeLab) -> None:
    narrow, even = (figure().compute(planted(make_lab, middle)) for middle in (100.0, 1.0))
    for result, width in ((narrow, 1), (even, 5)):
        (layer,) = result.stats["layers"]
        assert layer["box"] == [5, 5, 10, 10]
        assert (layer["theoretical"], layer["even"], layer["outside"]) == (5, 5, 0.0)
        assert layer["width"] == width
    assert claims(narrow.stats)["inside"].holds is True
    assert claims(narrow.stats)["narrower"].holds is True
    assert claims(even.stats)["narrower"].holds is None
    assert claims({**even.stats, "below": [-0.2, -0.1]})["narrower"].holds is False
    assert claims({**narrow.stats, "told": 5})["narrower"].undecided == ("5 images with a gradient are too few to tell")
    assert figure().draw(narrow).axes
    assert "conv1 1 of 5" in figure().alt(narrow.stats)


def test_only_what_the_units_see_comes_back(make_lab: MakeLab) -> None:
    """A code of the colors themselves: the pixel in the middle comes near, and far from it there is less."""
    conv = nn.Conv2d(3, 3, 1)
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight.copy_(torch.eye(3)[:, :, None, None])
        conv.bias.zero_()
    lab = make_lab(nn.Sequential(conv, nn.Flatten(), nn.Linear(3 * 81, 6)), noise(6, 9), size=9)
    result = figure(steps=100).compute(lab)
    found, image = (result.arrays[name].astype(float) / 255 for name in ("inverted", "image"))
    assert np.abs(found[0, :, 4, 4] - image[:, 4, 4]).max() < 0.75 * image[:, 4, 4].max()
    assert np.abs(found[0, :, 0, 0]).max() < 0.75 * np.abs(found[0, :, 4, 4]).max()  # smoothness alone reaches there


def test_a_derivative_outside_the_field_stops_the_build(make_lab: MakeLab) -> None:
    lab = planted(make_lab, 1.0)
    layer = lab.model.layers["conv1"]
    assert layer.receptive_field is not None
    wrong = replace(layer, receptive_field=replace(layer.receptive_field, size=(3, 3)))
    model = replace(lab.model, layers={**lab.model.layers, "conv1": wrong})
    stats = figure().compute(lab.with_model(model)).stats
    assert stats["layers"][0]["outside"] == pytest.approx(1)
    assert claims(stats)["inside"].holds is False


def test_units_that_are_dead_tell_nothing(make_lab: MakeLab) -> None:
    conv = nn.Conv2d(3, 2, 3, padding=1)
    assert conv.bias is not None
    with torch.no_grad():
        conv.bias.fill_(-100.0)
    lab = make_lab(nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(128, 6)))
    result = figure(layers=["relu1"]).compute(lab)
    assert result.stats["layers"][0]["width"] is None
    assert claims(result.stats)["narrower"].holds is None
    assert claims(result.stats)["inside"].holds is True
    assert figure().draw(result).axes


def test_obstacles(make_lab: MakeLab, small_net: nn.Module) -> None:
    flat = make_lab(nn.Sequential(nn.Flatten(), nn.Linear(192, 4), nn.ReLU(), nn.Linear(4, 6)))
    assert figure().obstacle(flat) == "tiny has no layer of maps, of which some units would be in the middle"
    lab = make_lab(small_net)
    assert figure().obstacle(lab) is None
    last = list(lab.model.layers)[-1]
    assert figure(layers=[last]).obstacle(lab) == (
        f"layer {last} of tiny has no maps, of which some units would be in the middle"
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"units": 0}, "figure.inversion_receptive_field.units=0 must be at least 1"),
        ({"share": 1.5}, "figure.inversion_receptive_field.share=1.5 must be above 0 and at most 1"),
        ({"image": 9}, "figure.inversion_receptive_field.image=9 is not in the data set noise"),
        ({"layers": ["conv9"]}, "model tiny has no layer 'conv9'"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, small_net: nn.Module, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(make_lab(small_net))
