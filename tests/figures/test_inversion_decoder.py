"""Decoders of codes that hold the image, and of codes that hold nothing of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.inversion_decoder import InversionDecoder
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "layers": None, "images": 40, "images_measured": 8, "images_optimised": 8, "width": 8, "rate": 0.01, "batch": 4,
    "work": 1.0, "passes": 4, "steps": 10,
}  # fmt: skip


def figure(**changed: Any) -> InversionDecoder:
    return InversionDecoder(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {claim.name.partition(".")[2]: claim for claim in figure().claims(stats)}


def smooth(count: int) -> list[Tensor]:
    """Images whose four quarters have colors at random."""
    corners = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 3, 2, 2), dtype=np.uint8))
    return list(F.interpolate(corners, (8, 8), mode="nearest"))


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """The codes hold the quarters' colors, and the logits too."""
    net = nn.Sequential(nn.AvgPool2d(4), nn.Conv2d(3, 12, 1), nn.ReLU(), nn.Flatten(), nn.Linear(48, 12))
    conv, linear = net[1], net[4]
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(linear, nn.Linear)
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight.copy_(torch.eye(3).repeat(4, 1)[:, :, None, None])
        conv.bias.zero_()
        linear.weight.copy_(torch.eye(48)[:12])
        linear.bias.zero_()
    return make_lab(net, smooth(40))


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_images_that_were_not_taught_come_back(result: Result) -> None:
    stats = result.stats
    assert (stats["taught"], stats["measured"], stats["both"]) == (32, 8, 0)
    last = stats["layers"][-1]
    assert last["values"] == 12
    assert last["pixels"]["decoded"] < 0.35 * last["pixels"]["mean"] < last["pixels"]["shuffled"]
    verdicts = claims(stats)
    assert verdicts["held_out"].holds is True
    assert verdicts["colors"].holds is True
    assert figure().draw(result).axes
    assert "optimised" in figure().alt(stats)


def test_codes_that_hold_nothing_give_the_mean_image(lab: Lab) -> None:
    linear = lab.model.net[4]  # type: ignore[index]
    with torch.no_grad():
        linear.weight.zero_()
    found = figure().compute(lab)
    last = found.stats["layers"][-1]["pixels"]
    assert last["decoded"] == pytest.approx(last["shuffled"])
    assert claims(found.stats)["colors"].holds is None


def test_verdicts(result: Result) -> None:
    def told(**changed: Any) -> dict[str, Claim]:
        row = {**result.stats["layers"][-1], **changed}
        return claims({**result.stats, "layers": [*result.stats["layers"][:-1], row]})

    for key, name in (("told_by_code", "colors"), ("better_pixels", "pixels"), ("better_code", "code")):
        assert told(**{key: [0.1, 0.2]})[name].holds is True
        assert told(**{key: [-0.2, -0.1]})[name].holds is False
        assert "diverged" in told(diverged=True)[name].undecided
    assert claims({**result.stats, "both": 1})["held_out"].holds is False
    assert claims({**result.stats, "optimised": 5})["code"].undecided == "5 images are too few to tell"


def test_a_training_that_diverges_leaves_no_nan(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.nn.functional.mse_loss", lambda found, _: (found * torch.nan).sum())
    found = figure(images=8, images_measured=2).compute(lab)
    assert all(row["diverged"] for row in found.stats["layers"])
    assert all(np.isfinite(list(row["pixels"].values())).all() for row in found.stats["layers"])


def test_obstacles(lab: Lab) -> None:
    data = lab.dataset
    few = replace(lab, dataset=replace(data, images=data.images[:3], ids=data.ids[:3], labels=data.labels[:3]))
    assert figure().obstacle(few) == (
        "noise has 3 images; a decoder takes 4 or more, some to be taught and others to be tested with"
    )
    assert figure().obstacle(lab) is None
    name, layer = next(iter(lab.model.layers.items()))
    tokens = replace(lab.model, layers={**lab.model.layers, name: replace(layer, shape=(5, 7))})
    assert figure(layers=[name]).obstacle(lab.with_model(tokens)) == (
        f"layer {name} of tiny gives tokens, neither maps nor one vector"
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"images": 3}, "figure.inversion_decoder.images=3 must be at least 4"),
        ({"images_measured": 1}, "figure.inversion_decoder.images_measured=1 must be at least 2"),
        ({"rate": 0.0}, "figure.inversion_decoder.rate=0.0 must be above 0 and at most 1"),
        ({"layers": ["fc9"]}, "model tiny has no layer 'fc9'"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)
