"""A network that keeps the largest of four pixels, and one that keeps everything."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Result
from cnnviz_core.figures.inversion_tv_effect import InversionTvEffect
from cnnviz_core.lab import Lab

SETTINGS: dict[str, Any] = {
    "layer": None, "smoothness": [0.01, 1.0, 100.0], "steps": 40, "images_measured": 4, "photographs": 6,
}  # fmt: skip


def figure(**changed: Any) -> InversionTvEffect:
    return InversionTvEffect(**SETTINGS | changed)


def lab(make_lab: MakeLab) -> Lab:
    first = pointwise([*np.eye(3).tolist(), *(-np.eye(3)).tolist()], [0.0] * 6)
    made = make_lab(nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(96, 3)))
    return made.with_model(replace(made.model, mean=(0.5, 0.5, 0.5)))


@pytest.fixture
def result(make_lab: MakeLab) -> Result:
    return figure().compute(lab(make_lab))


def test_images_are_smoother_and_codes_less_exact_where_more_is_asked(result: Result) -> None:
    assert result.stats["layer"] == "pool1"
    for curve in result.stats["curves"]:
        assert (np.diff(curve["variation"], axis=0) < 0).all()
        assert (np.diff(curve["errors"], axis=0) > 0).all()
    assert result.stats["falling"] == 1
    assert result.stats["curves"][0]["factor"] == 1
    assert result.arrays["images"].shape == (2, 3, 3, 8, 8)


def test_photographs_cost_as_much_with_either_kind(result: Result, make_lab: MakeLab) -> None:
    here = lab(make_lab)
    pixels = here.pixels(here.spread(6)).double().numpy()
    z = (pixels - 0.5) / np.sqrt(((pixels - 0.5) ** 2).mean(axis=(1, 2, 3))).mean()
    steps = np.diff(z, axis=2, append=z[:, :, -1:]) ** 2 + np.diff(z, axis=3, append=z[..., -1:]) ** 2
    assert result.stats["curves"][1]["factor"] == pytest.approx(steps.mean() / np.sqrt(steps).mean(), rel=0.01)


def test_claims_are_judged_by_their_intervals(result: Result) -> None:
    assert figure().claims(result.stats)[0].holds
    for changed, holds in (
        ({"spikes_interval": [0.1, 0.3]}, [True, True]),
        ({"spikes_interval": [-0.3, -0.1], "fall_interval": [-2, -1]}, [False, False]),
        ({"images": 2}, [None, None]),
        ({"kind": "relu"}, [True, None]),
    ):
        assert [claim.holds for claim in figure().claims({**result.stats, **changed})] == holds


def test_the_layer_is_a_pooling_or_the_one_that_is_given(make_lab: MakeLab) -> None:
    stats = figure(layer="relu1", steps=1).compute(lab(make_lab)).stats
    assert (stats["layer"], stats["kind"]) == ("relu1", "relu")


def test_the_picture_has_a_row_for_each_kind(result: Result) -> None:
    axes = figure().draw(result).axes
    assert [axes[k].get_ylabel() for k in (0, 4)] == ["β = 2", "β = 1"]
    assert axes[1].get_title() == "λ 0.01"
    assert "pool1" in figure().alt(result.stats)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"layer": "pol1"}, r"model tiny has no layer 'pol1'; did you mean 'pool1'\?"),
        (
            {"smoothness": [5, 1]},
            r"inversion_tv_effect.smoothness=\[5, 1\] must be two numbers or more above 0, in ris",
        ),
        ({"smoothness": [0.0, 1]}, r"inversion_tv_effect.smoothness=\[0.0, 1\] must be two numbers or more above 0"),
        ({"steps": 0}, r"figure.inversion_tv_effect.steps=0 must be at least 1"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab(make_lab))
