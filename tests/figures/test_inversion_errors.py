"""Errors of inversions, in the unit of different images, on nets whose codes are known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.inversion_errors import InversionErrors
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "layers": None, "layers_chosen": 2, "smoothness": [50, 0.0], "images": 6, "images_normaliser": 6, "steps": 60,
}  # fmt: skip


def figure(**changed: Any) -> InversionErrors:
    return InversionErrors(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {claim.name.partition(".")[2]: claim for claim in figure().claims(stats)}


def noise(count: int) -> list[Tensor]:
    return list(torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 3, 8, 8), dtype=np.uint8)))


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """The code of the first layer are the colors."""
    conv = nn.Conv2d(3, 3, 1)
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight.copy_(torch.eye(3)[:, :, None, None])
        conv.bias.zero_()
    return make_lab(nn.Sequential(conv, nn.Flatten(), nn.Linear(192, 6)), noise(6))


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_errors_are_distances_of_codes_in_units_of_pairs(lab: Lab, result: Result) -> None:
    first = result.stats["layers"][0]
    pixels = lab.pixels(range(6)).double().flatten(1).numpy()
    pairs = [np.linalg.norm(pixels[i] - pixels[j]) for i in range(6) for j in range(6) if i != j]
    assert first["unit"] == pytest.approx(np.mean(pairs), rel=1e-6)
    assert result.stats["strengths"] == [0.0, 50]
    for column in (0, 1):
        shown = result.arrays["inverted"][0, column].astype(float).ravel() / 255
        distance = np.linalg.norm(shown - pixels[0]) / first["unit"]
        assert first["first"][column] == pytest.approx(distance, abs=0.05)


def test_noise_cannot_be_smooth(result: Result) -> None:
    first = result.stats["layers"][0]
    assert first["means"][0] < 0.2 < 0.5 < first["means"][1]
    verdicts = claims(result.stats)
    assert verdicts["calibrated"].holds is True
    assert verdicts["sign"].holds is True
    assert verdicts["first"].holds is True
    assert verdicts["found"].holds is True
    assert figure().draw(result).axes
    assert "conv1" in figure().alt(result.stats)


def test_verdicts(result: Result) -> None:
    def with_first(**changed: Any) -> dict[str, Claim]:
        rows = result.stats["layers"]
        return claims({**result.stats, "layers": [{**rows[0], **changed}, {**rows[-1], "below_another": [-0.2, -0.1]}]})

    assert with_first(rise=[-0.2, -0.1])["first"].holds is False
    assert with_first()["found"].holds is False
    assert with_first(pairs=0.9)["calibrated"].holds is False
    assert with_first(lowest=-0.1)["sign"].holds is False
    few = claims({**result.stats, "images": 5})
    assert few["first"].undecided == "5 images are too few to tell"


def test_codes_that_are_all_the_same_decide_nothing(lab: Lab) -> None:
    linear = lab.model.net[2]  # type: ignore[index]
    with torch.no_grad():
        linear.weight.zero_()
    found = figure(steps=2).compute(lab)
    assert claims(found.stats)["found"].undecided == f"all images have the same code in {list(lab.model.layers)[-1]}"
    assert figure().draw(found).axes


def test_one_image_is_an_obstacle(lab: Lab) -> None:
    data = lab.dataset
    one = replace(lab, dataset=replace(data, images=data.images[:1], ids=data.ids[:1], labels=data.labels[:1]))
    assert figure().obstacle(one) == ("noise has one image only: there is no other whose code would be at a distance")
    assert figure().obstacle(lab) is None


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"steps": 0}, r"figure.inversion_errors.steps=0 must be at least 1"),
        ({"images_normaliser": 1}, r"figure.inversion_errors.images_normaliser=1 must be at least 2"),
        ({"smoothness": [5]}, r"figure.inversion_errors.smoothness=\[5\] must be two numbers or more, from 0 on"),
        ({"smoothness": [5, -1]}, r"figure.inversion_errors.smoothness=\[5, -1\] must be"),
        ({"layers": ["conv9"]}, "model tiny has no layer 'conv9'"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)
