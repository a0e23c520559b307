"""A linear network, of which it is known how far each image must be moved, and one that only a walk can fool."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.fooling_iterated import FoolingIterated
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.network import Model

SIDE = 4
VALUES = 3 * SIDE * SIDE
SETTINGS: dict[str, Any] = {
    "images_measured": 8, "sizes_inf": [2, 16], "sizes_two": [0.05, 1], "steps": 5, "search": 20, "tries": [1, 5],
    "restarts": 1, "batch": 8,
}  # fmt: skip


class Plane(nn.Module):
    """The logits are plus and minus the mean of the pixels less one half, under alternating signs."""

    def __init__(self) -> None:
        super().__init__()
        signs = torch.tensor([1.0, -1.0]).repeat(VALUES // 2).view(3, SIDE, SIDE)
        self.signs = nn.Parameter(signs, requires_grad=False)

    def forward(self, images: Tensor) -> Tensor:
        score = ((images - 0.5) * self.signs).mean(dim=(1, 2, 3))
        return 50 * torch.stack([score, -score], dim=1)


class Deaf(Plane):
    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([images.flatten(1)[:, :1] * 0 + 1, images.flatten(1)[:, :1] * 0], dim=1)


def lab(net: nn.Module | None = None, wrong: int = 0) -> Lab:
    """Images that are 5 levels on their class's side of the plane, of which so many have the other class's label."""
    model = Model(
        name="plane", fingerprint="", net=net or Plane(), size=(SIDE, SIDE), resize=SIDE, mean=(0.0,) * 3,
        std=(1.0,) * 3, classes=("up", "down"), layers={}, codes_layer="", weights="by hand",
    )  # fmt: skip
    labels = np.arange(8) % 2
    signs = Plane().signs.numpy()
    pixels = 128 + np.where(labels, -5, 5)[:, None, None, None] * signs
    told = np.where(np.arange(8) < wrong, 1 - labels, labels)
    return Lab(model, Dataset(
        name="sides", fingerprint="", images=torch.from_numpy(pixels.astype(np.uint8)).unbind(),
        ids=tuple("abcdefgh"), labels=told, class_names=("up", "down"),
    ), seed=0)  # fmt: skip


def figure(**changed: Any) -> FoolingIterated:
    return FoolingIterated(**SETTINGS | changed)


def claim(result: Result, name: str) -> Claim:
    return {each.name: each for each in figure().claims(result.stats)}[f"fooling_iterated.{name}"]


@pytest.fixture(scope="module")
def result() -> Result:
    return figure().compute(lab())


def test_the_gradient_fools_from_the_distance_of_the_plane_on_and_noise_never(result: Result) -> None:
    for norm in result.stats["norms"].values():
        means = {way: [number["mean"] for number in norm["errors"][way]] for way in ("noise", "one", "many")}
        assert means["one"] == means["many"] == [0, 1]
        assert max(means["noise"]) < 0.3
    inf, two = (result.stats["norms"][key]["smallest"] for key in ("inf", "two"))
    assert 4.9 < inf["median"] < 6.1  # 5 levels and no more lead onto the plane
    assert two["median"] == pytest.approx(5 / 255 * math.sqrt(VALUES), rel=0.25)
    assert inf["never"] == two["never"] == 0
    assert result.stats["excluded"] == 0
    assert result.stats["label"] == "right"


def test_direction_holds_and_many_steps_are_no_better_on_a_plane(result: Result) -> None:
    assert [claim(result, name).holds for name in ("size", "saved", "direction_inf", "direction_two")] == [True] * 4
    assert claim(result, "many_inf").holds is None
    better = {"mean": 0.5, "interval": [0.4, 0.6]}
    stats = {**result.stats, "norms": {key: {**norm, "many_above_one": better}
                                       for key, norm in result.stats["norms"].items()}}  # fmt: skip
    assert claim(Result({}, stats), "many_inf").holds is True
    for key, value, name in (("excess_levels", 0.4, "size"), ("consistent", False, "saved")):
        assert claim(Result({}, {**result.stats, key: value}), name).holds is False
    assert "too few" in claim(Result({}, {**result.stats, "images": 3}), "direction_inf").undecided


def test_a_deaf_network_is_never_fooled() -> None:
    found = figure().compute(lab(Deaf()))
    smallest = found.stats["norms"]["two"]["smallest"]
    assert smallest["median"] is None
    assert smallest["never"] == found.stats["images"] == 4
    assert claim(found, "saved").holds is True
    figure().draw(found)
    assert figure().alt(found.stats)


def test_misclassified_images_are_left_out_and_counted() -> None:
    found = figure().compute(lab(wrong=3))
    assert (found.stats["images"], found.stats["excluded"]) == (5, 3)
    strange = replace(lab(), dataset=replace(lab().dataset, class_names=("a", "b")))
    found = figure().compute(strange)
    assert (found.stats["images"], found.stats["label"]) == (8, "predicted")


def test_the_picture_has_three_panels(result: Result) -> None:
    assert [len(axes.lines) > 1 for axes in figure().draw(result).axes] == [True] * 3
    assert "At 0.05" in figure().alt(result.stats) or "at 0.05" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"sizes_inf": [0]}, r"sizes_inf=\[0\] must be one or more numbers above 0 and at most 255: levels of 255"),
        ({"sizes_inf": [256]}, r"sizes_inf=\[256\] must be one or more numbers above 0 and at most 255"),
        ({"sizes_two": [-1]}, r"sizes_two=\[-1\] must be one or more numbers above 0: lengths"),
        ({"tries": []}, r"tries=\[\] must be one or more whole numbers of at least 1"),
        ({"steps": 0}, r"steps=0 must be at least 1"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match="figure.fooling_iterated." + text):
        figure(**changed).obstacle(lab())
