"""Eight methods on networks for which what they give is known."""

from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.attribution_methods import EDGES, AttributionMethods
from cnnviz_core.methods.attributions import TITLES

SETTINGS: dict[str, Any] = {
    "images": [1, 3], "count": 2, "search": 6, "images_measured": 6, "noise": 0.15, "samples": 3, "integration": 4,
    "batch": 4,
}  # fmt: skip


def figure(**changed: Any) -> AttributionMethods:
    return AttributionMethods(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {claim.name.partition(".")[2]: claim for claim in figure().claims(stats)}


@pytest.fixture
def result(make_lab: MakeLab, small_net: nn.Module) -> Result:
    return figure().compute(make_lab(small_net))


def linear(weight: np.ndarray) -> nn.Module:
    """A network without ReLUs that prefers its first class, whose score has this gradient (3, 8, 8)."""
    linear = nn.Linear(3 * 64, 2)
    with torch.no_grad():
        linear.weight.zero_()
        linear.weight[0] = torch.from_numpy(weight).flatten()
        linear.bias.copy_(torch.tensor([100.0, 0.0]))
    return nn.Sequential(pointwise(np.eye(3).tolist(), [0.0, 0.0, 0.0]), nn.Flatten(), linear)


def test_maps_of_a_linear_network_are_its_weights_for_all_rules(make_lab: MakeLab) -> None:
    weight = np.random.default_rng(2).normal(size=(3, 8, 8)).astype(np.float32)
    lab = make_lab(linear(weight))
    found = figure().compute(lab)
    names = found.stats["methods"]
    assert names == [name for name in TITLES if "gradcam" not in name]
    assert found.stats["layer"] is None
    maps = dict(zip(names, found.arrays["maps"], strict=True))
    for name in ("gradient", "deconvnet", "guided", "smoothgrad"):
        np.testing.assert_allclose(maps[name], np.broadcast_to(np.abs(weight).max(axis=0), (2, 8, 8)), rtol=1e-5)
    product = np.abs((lab.pixels([1, 3]).numpy() * weight).sum(axis=1))
    for name in ("gradient_x_input", "integrated_gradients"):
        np.testing.assert_allclose(maps[name], product, atol=1e-5)
    alike = found.arrays["alike"]
    np.testing.assert_allclose(alike[:3, :3], 1)
    assert alike[0, names.index("gradient_x_input")] < 0.95
    told = claims(found.stats)
    assert told["product_sums"].holds
    assert told["complete"].holds is None  # both add up to the gain
    assert found.stats["missed"]["gradient_x_input"]["mean"] == pytest.approx(0, abs=1e-4)


def test_all_methods_are_measured_and_shown(result: Result) -> None:
    assert result.stats["methods"] == list(TITLES)
    assert result.stats["kinds"] == [*TITLES, EDGES]
    assert result.stats["measured"] == 6
    assert result.arrays["maps"].shape == (8, 2, 8, 8)
    assert result.arrays["alike"].shape == (9, 9)
    assert result.stats["passes"]["smoothgrad"] == 3
    panels = figure().draw(result).axes
    assert [axes.get_title() for axes in panels[1:9]] == [title.replace(" ", "\n", 1) for title in TITLES.values()]


def test_the_alternative_text_names_the_nearest_and_the_farthest(result: Result) -> None:
    near = result.stats["alike"]["nearest"]
    matrix = result.arrays["alike"][:8, :8] - 2 * np.eye(8)
    assert near["correlation"] == pytest.approx(matrix.max())
    assert f"Most alike are {near['first']} and {near['second']}" in figure().alt(result.stats)


def test_identities_hold_and_are_found_false(result: Result) -> None:
    told = claims(result.stats)
    for name, check in (
        ("product_sums", "product"),
        ("gradcam_sign", "negative"),
        ("guided_product", "guided_product"),
    ):
        assert told[name].holds is True
        wrong = {**result.stats, "checks": {**result.stats["checks"], check: 0.1}}
        assert claims(wrong)[name].holds is False


@pytest.mark.parametrize(("name", "key"), [("smoother", "smoother"), ("complete", "missed_more")])
def test_tendencies_hold_or_not(result: Result, name: str, key: str) -> None:
    for interval, holds in (([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.1], None)):
        changed = {**result.stats, key: {"mean": 0.0, "interval": interval}}
        assert claims(changed)[name].holds is holds


def test_another_activation_leaves_five_methods(make_lab: MakeLab) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.GELU(), nn.Flatten(), nn.Linear(256, 6))
    found = figure().compute(make_lab(net))
    assert found.stats["undefined"] == "the guided rule is defined for ReLUs, and this network uses gelu"
    assert found.stats["methods"] == ["gradient", "gradient_x_input", "smoothgrad", "integrated_gradients", "gradcam"]
    assert "guided_product" not in claims(found.stats)
    assert len(figure().draw(found).axes) >= 2 * 6


def test_a_map_to_which_nothing_comes_back_is_called_empty(make_lab: MakeLab) -> None:
    """The first class has negative weights only, which a deconvnet does not let through."""
    linear = nn.Linear(256, 2)
    with torch.no_grad():
        linear.weight.fill_(-0.01)
        linear.bias.copy_(torch.tensor([100.0, 0.0]))
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), linear)
    found = figure().compute(make_lab(net))
    assert found.stats["empty"]["deconvnet"] == found.stats["empty"]["guided"] == 6
    assert found.stats["empty"]["gradient"] == 0
    assert found.stats["edges"]["deconvnet"] is None
    assert np.isnan(found.arrays["alike"][1]).all()
    assert "empty" in [text.get_text() for text in figure().draw(found).axes[2].texts]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"images": [6]}, r"figure.attribution_methods.images=6 is not in the data set noise, which has the images"),
        ({"samples": 0}, r"figure.attribution_methods.samples=0 must be at least 1"),
        ({"noise": 0.0}, r"figure.attribution_methods.noise=0.0 must be above 0 and at most 1"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(make_lab: MakeLab, small_net: nn.Module, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(make_lab(small_net))
    assert figure().obstacle(make_lab(small_net)) is None
