"""Maps of networks that forget: what is kept, and by which methods."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.attribution_sanity import AttributionSanity, forgotten
from cnnviz_core.methods.attributions import TITLES

SETTINGS: dict[str, Any] = {
    "image": 2, "search": 6, "images": 6, "stages": 3, "noise": 0.15, "samples": 2, "integration": 3, "batch": 4,
}  # fmt: skip


def figure(**changed: Any) -> AttributionSanity:
    return AttributionSanity(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {claim.name.partition(".")[2]: claim for claim in figure().claims(stats)}


@pytest.fixture
def result(make_lab: MakeLab, small_net: nn.Module) -> Result:
    return figure().compute(make_lab(small_net))


def test_layers_forget_from_the_logits_down_and_draw_the_same_weights(make_lab: MakeLab, small_net: nn.Module) -> None:
    model = make_lab(small_net).model
    layers = [layer for layer in model.layers.values() if layer.weighted]
    states = [forgotten(model, layers, k, 7).net.state_dict() for k in (2, 1, 0)]
    weights = ["0.weight", "3.weight", "6.weight"]
    same = [[bool(torch.equal(state[name], model.net.state_dict()[name])) for name in weights] for state in states]
    assert same == [[True, True, False], [True, False, False], [False, False, False]]
    assert torch.equal(states[0]["6.weight"], states[2]["6.weight"])
    assert torch.equal(states[1]["3.weight"], states[2]["3.weight"])


def test_stages_go_from_the_trained_network_to_one_that_knows_nothing(result: Result) -> None:
    assert result.stats["layers"] == ["fc3", "conv2", "conv1"]
    assert result.stats["methods"] == list(TITLES)
    assert result.arrays["maps"].shape == (4, 8, 8, 8)
    largest = result.arrays["maps"].max(axis=(2, 3))
    assert ((largest == 1) | (largest == 0)).all()  # an empty one where nothing comes back
    assert largest[:, 0].all()
    for row in result.stats["rows"].values():
        assert row["curve"][0]["mean"] == pytest.approx(1)
        assert row["curve"][-1]["mean"] < 0.9
    assert claims(result.stats)["nothing_forgotten"].holds is True


def test_correlations_are_as_scipy_has_them_where_one_image_is_shown_six_times(
    make_lab: MakeLab, small_net: nn.Module
) -> None:
    """All maps of a batch are equal then, so that the picture has all that the curve is made of."""
    lab = make_lab(small_net, [torch.from_numpy(np.random.default_rng(3).integers(0, 256, (3, 8, 8), np.uint8))] * 3)
    found = figure(image=0).compute(lab)
    for m, name in enumerate(TITLES):
        if (
            name != "smoothgrad" and np.ptp(found.arrays["maps"][:2, m], axis=(1, 2)).all()
        ):  # whose noise differs from image to image
            expected = spearmanr(found.arrays["maps"][0, m].ravel(), found.arrays["maps"][1, m].ravel()).statistic
            assert found.stats["rows"][name]["curve"][1]["mean"] == pytest.approx(expected, abs=1e-6)
            assert found.stats["rows"][name]["others"][1] == pytest.approx(expected, abs=1e-6)


def test_a_map_that_does_not_come_from_what_was_learned_is_kept(make_lab: MakeLab) -> None:
    """The classifier has weights of one size, and the maps show where the only map of the network is active.

    Guided backpropagation gives that for any weights above, as far as they are positive.
    """
    conv, linear = nn.Conv2d(3, 1, 1), nn.Linear(64, 2)
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight.fill_(1.0)
        conv.bias.fill_(-1.5)
        linear.weight.copy_(torch.tensor([[0.1], [-0.1]]).expand(2, 64))
        linear.bias.copy_(torch.tensor([1.0, 0.0]))
    lab = make_lab(nn.Sequential(conv, nn.ReLU(), nn.Flatten(), linear))
    found = figure(stages=2).compute(lab)
    assert found.stats["layers"] == ["fc2", "conv1"]
    active = lab.pixels([2]).sum(dim=1)[0].numpy() > 1.5
    kept = dict(zip(found.stats["methods"], found.arrays["maps"][1], strict=True))
    assert not kept["gradient"][~active].any()
    assert (kept["gradient"][active] > 0).all()
    assert found.stats["rows"]["gradient"]["curve"][1]["mean"] > found.stats["rows"]["gradient"]["others"][1] + 0.3


def test_signals_too_small_for_single_precision_are_sent_in_double(make_lab: MakeLab) -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(256, 3),
    )  # fmt: skip
    torch.manual_seed(0)
    with torch.no_grad():
        for name, value in net.named_parameters():
            value.fill_(1.0) if name.endswith("bias") else value.normal_().mul_(1e-18)
    found = figure().compute(make_lab(net))
    assert found.stats["rows"]["gradient"]["empty"] == 0
    assert next(net.parameters()).dtype == torch.float32


def test_verdicts(result: Result) -> None:
    def told(name: str, key: str, interval: list[float]) -> bool | None:
        row = {**result.stats["rows"][name], "maps": 6, "empty": 0, key: {"mean": 0.0, "interval": interval}}
        row |= {"kept": {"mean": 0.1, "interval": [0, 1]}}
        return claims({**result.stats, "rows": {**result.stats["rows"], name: row}})[name].holds

    for name in ("gradient", "gradcam"):
        assert told(name, "above_half", [-0.3, -0.1]) is True
        assert told(name, "above_half", [0.1, 0.3]) is False
    for name in ("guided", "deconvnet", "guided_gradcam"):
        assert told(name, "above_gradient", [0.1, 0.3]) is True
        assert told(name, "above_gradient", [-0.3, -0.1]) is False
        assert told(name, "above_gradient", [-0.1, 0.1]) is None


def test_what_is_false_of_the_start_stops_the_build(result: Result) -> None:
    row = result.stats["rows"]["gradient"]
    wrong = {**row, "curve": [{"mean": 0.9, "interval": [0.9, 0.9]}, *row["curve"][1:]]}
    assert claims({**result.stats, "rows": {"gradient": wrong, **result.stats["rows"], "deconvnet": wrong}})[
        "nothing_forgotten"
    ].holds is False  # fmt: skip


def test_empty_maps_decide_nothing(make_lab: MakeLab) -> None:
    linear = nn.Linear(256, 2)
    with torch.no_grad():
        linear.weight.fill_(-0.01)
        linear.bias.copy_(torch.tensor([100.0, 0.0]))
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), linear)
    found = figure(stages=2).compute(make_lab(net))
    verdict = claims(found.stats)["deconvnet"]
    assert verdict.holds is None
    assert verdict.undecided == "6 of the 6 maps are empty: nothing comes back to the pixels"
    assert found.stats["against_gradient"]["deconvnet"] == "untested"
    assert "deconvnet 0" not in figure().alt(found.stats)
    assert figure().draw(found).axes


def test_one_image_is_shown_and_decides_nothing(make_lab: MakeLab, small_net: nn.Module) -> None:
    found = figure(image=0, images=1).compute(make_lab(small_net, [torch.full((3, 8, 8), 90, dtype=torch.uint8)]))
    assert all(claim.holds is None for name, claim in claims(found.stats).items() if name != "nothing_forgotten")
    assert figure().draw(found).axes


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"image": 6}, r"figure.attribution_sanity.image=6 is not in the data set noise, which has the images 0 to 5"),
        ({"stages": 1}, r"figure.attribution_sanity.stages=1 must be at least 2"),
        ({"noise": 2.0}, r"figure.attribution_sanity.noise=2.0 must be above 0 and at most 1"),
    ],
)
def test_wrong_settings_are_named(make_lab: MakeLab, small_net: nn.Module, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(make_lab(small_net))
    assert figure().obstacle(make_lab(small_net)) is None
