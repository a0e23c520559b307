"""Networks that read one place: what moves or covers it fools them, and what does not, does not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.fooling_patch_or_noise import THREATS, FoolingPatchOrNoise
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.network import Model

SIDE = 20
SETTINGS: dict[str, Any] = {
    "images_measured": 8, "inf": [1, 4, 200], "two": [0.01, 0.1, 30], "square": [0.1, 0.3, 0.5],
    "shift": [0.05, 0.2, 0.5], "turn": [1, 5, 90], "light": [0.05, 0.1, 0.3], "blur": [0.001, 0.002, 0.5], "draws": 2,
    "places": 3, "steps": 4, "batch": 8,
}  # fmt: skip


class Corner(nn.Module):
    """Class 0 where the middle is brighter than the image's average by a margin: blind to light and contrast."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain), requires_grad=False)

    def forward(self, images: Tensor) -> Tensor:
        score = images[:, :, 8:12, 8:12].mean(dim=(1, 2, 3)) - images.mean(dim=(1, 2, 3)) - 1e-3
        return self.gain * torch.stack([score, -score], dim=1)


def lab(gain: float = 20.0, siblings: tuple[Model, ...] = (), hardened: float = 0.0) -> Lab:
    model = Model(
        name="corner", fingerprint="", net=Corner(gain), size=(SIDE, SIDE), resize=SIDE, mean=(0.2,) * 3,
        std=(1.0,) * 3, classes=("spot", "none"), layers={}, codes_layer="", weights="by hand", siblings=siblings,
        hardened=hardened,
    )  # fmt: skip
    pixels = np.full((8, 3, SIDE, SIDE), 100, dtype=np.uint8)
    pixels[:, :, 8:12, 8:12] = 150
    return Lab(model, Dataset(
        name="spots", fingerprint="", images=torch.from_numpy(pixels).unbind(), ids=tuple("abcdefgh"),
        labels=np.zeros(8, dtype=int), class_names=("spot", "none"),
    ), seed=0)  # fmt: skip


def figure(**changed: Any) -> FoolingPatchOrNoise:
    return FoolingPatchOrNoise(**SETTINGS | changed)


def claim(result: Result, name: str) -> Claim:
    return {each.name: each for each in figure().claims(result.stats)}[f"fooling_patch_or_noise.{name}"]


@pytest.fixture(scope="module")
def result() -> Result:
    return figure().compute(lab())


def test_each_threat_does_what_it_must(result: Result) -> None:
    errors = result.stats["errors"][0]
    means = {threat: [number["mean"] for number in row["mean"]] for threat, row in errors.items()}
    worst = {threat: [number["mean"] for number in row["worst"]] for threat, row in errors.items()}
    assert means["light"] == worst["light"] == [0, 0, 0]
    assert worst["inf"] == worst["two"] == [0, 0, 1]
    assert means["square"] == pytest.approx([0, 1 / 9, 1 / 9], abs=0.12)  # the middle one of nine places covers it
    assert worst["square"] == [0, 1, 1]
    assert means["shift"][2] == 1  # each of the eight places that are not where it was
    assert worst["shift"] == [0, 1, 1]
    assert result.stats["wrong_way"] <= 0
    assert "carried" not in result.stats


def test_claims_hold_where_the_worst_is_worse_and_not_where_nothing_fools(result: Result) -> None:
    assert claim(result, "worst_is_worst").holds is True
    assert claim(result, "worst_square").holds is True
    assert claim(result, "worst_inf").holds is True
    assert claim(result, "worst_light").holds is None
    assert claim(Result({}, {**result.stats, "wrong_way": 0.1}), "worst_is_worst").holds is False
    gaps = {**result.stats["gaps"], "square": {"mean": -0.2, "interval": [-0.3, -0.1]}}
    assert claim(Result({}, {**result.stats, "gaps": gaps}), "worst_square").holds is False
    assert "too few" in claim(Result({}, {**result.stats, "images": 2}), "worst_square").undecided


def test_a_sibling_is_shown_beside_and_what_it_wins_is_compared() -> None:
    deaf = replace(lab(0.0, hardened=0.1).model, name="deaf")  # says class 0 to everything
    found = figure(shift=[0.2, 0.3, 0.5]).compute(lab(siblings=(deaf,)))
    assert found.stats["networks"] == ["corner", "deaf"]
    assert {n["mean"] for row in found.stats["errors"][1].values() for kind in row.values() for n in kind} == {0}
    carried = found.stats["carried"]
    assert carried["values"] == pytest.approx(1 / 3)
    assert claim(found, "does_not_carry").holds is False  # it wins more against shifts
    swapped = {"carried": {**carried, "interval": [0.1, 0.2]}}
    assert claim(Result({}, {**found.stats, **swapped}), "does_not_carry").holds is True
    assert len(figure().draw(found).axes) == 4 * len(THREATS)


def test_the_picture_has_a_row_for_each_threat(result: Result) -> None:
    assert len(figure().draw(result).axes) == 4 * len(THREATS)
    assert "gray square (30% of side)" in figure().alt(result.stats)
    assert result.arrays["images"].shape == (len(THREATS) + 1, 3, SIDE, SIDE)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"inf": [1, 2]}, r"inf=\[1, 2\] must be three rising numbers above 0 and at most 255: small, medium, large"),
        ({"turn": [3, 2, 1]}, r"turn=\[3, 2, 1\] must be three rising numbers above 0 and at most 180"),
        ({"two": [0, 1, 2]}, r"two=\[0, 1, 2\] must be three rising numbers above 0: small"),
        ({"square": [0.1, 0.2, 1.5]}, r"square=.* must be three rising numbers above 0 and at most 1"),
        ({"places": 1}, "places=1 must be at least 2"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match="figure.fooling_patch_or_noise." + text):
        figure(**changed).obstacle(lab())
