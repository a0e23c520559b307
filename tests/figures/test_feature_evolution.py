"""A network of two layers of maps of which it is known when their features settle."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, trained
from torch import Tensor, nn

from cnnviz_core.errors import InputError
from cnnviz_core.figures.feature_evolution import FeatureEvolution
from cnnviz_core.lab import Lab
from cnnviz_core.network import draw_weights

FIGURE = FeatureEvolution(
    layers=None, layers_chosen=5, features=2, snapshots=9, images=6, control_images=3, positions=64, level=0.9, batch=4
)
TIMES = [0, 1, 2, 4, 8]


def two_layers(seed: int = 1, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Ten maps of 3 x 3 filters without bias, and twelve maps above them."""
    net = nn.Sequential(
        nn.Conv2d(3, 10, 3, padding=1, bias=False), activation(),
        nn.Conv2d(10, 12, 3, padding=1, bias=False), activation(),
        nn.Flatten(), nn.Linear(12 * 64, 6),
    )  # fmt: skip
    draw_weights(net, np.random.default_rng(seed))
    return net


def settling(make_lab: MakeLab, first: float, second: float, **changed: Any) -> Lab:
    """The filters of each layer are random ones until a time, and then what they are in the end."""
    before = two_layers(2).state_dict()

    def weights(time: float) -> dict[str, Tensor]:
        return {f"{k}.weight": before[f"{k}.weight"] for k, end in (("0", first), ("2", second)) if time < end}

    return trained(make_lab(two_layers(**changed)), TIMES, weights)


def deaf_to_half(make_lab: MakeLab) -> Lab:
    """Of the first layer half of the filters settle last; the second reads the other half, which never changes."""
    net, before = two_layers(), two_layers(2).state_dict()["0.weight"]
    with torch.no_grad():
        net[2].get_parameter("weight")[:, :5] = 0
    end = net.state_dict()["0.weight"]
    start = torch.cat([before[:5], end[5:]])
    return trained(make_lab(net), TIMES, lambda time: {"0.weight": start} if time < 8 else {})


def test_features_settle_when_the_weights_below_them_do(make_lab: MakeLab) -> None:
    result = FIGURE.compute(settling(make_lab, 1, 8))
    assert [layer["epoch"] for layer in result.stats["layers"]] == [1, 8]
    np.testing.assert_allclose(result.arrays["settled"], [[0, 0], [1, 0], [1, 0], [1, 0], [1, 1]])
    np.testing.assert_allclose(result.arrays["similarity"][1:, 0], 1)
    np.testing.assert_allclose(result.arrays["similarity"][-1], 1)
    assert (result.arrays["similarity"][:4, 1] < 0.6).all()
    assert result.stats["order"] == pytest.approx(1)


def test_a_layer_settles_no_sooner_than_those_it_reads(make_lab: MakeLab) -> None:
    result = FIGURE.compute(settling(make_lab, 8, 0))
    np.testing.assert_allclose(result.arrays["settled"], [[0, 0]] * 4 + [[1, 1]])


def test_similarity_is_the_correlation_over_all_images_and_places(make_lab: MakeLab) -> None:
    lab = settling(make_lab, 1, 8)
    pixels = lab.pixels(range(6))
    now, end = (
        model.activations(pixels, "relu2")[0].double().movedim(1, 0).flatten(1).numpy()
        for model in (lab.model.after_epoch(2), lab.model.after_epoch(8))
    )
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(now, end, strict=True) if b.any()]
    assert FIGURE.compute(lab).arrays["similarity"][2, 1] == pytest.approx(np.mean(expected), abs=1e-6)


def verdicts(lab: Lab) -> dict[str, bool | None]:
    return {claim.name.partition(".")[2]: claim.holds for claim in FIGURE.claims(FIGURE.compute(lab).stats)}


def test_upper_layers_later_is_told_from_upper_layers_sooner(make_lab: MakeLab) -> None:
    assert verdicts(settling(make_lab, 1, 8))["upper_layers_later"] is True
    assert verdicts(deaf_to_half(make_lab))["upper_layers_later"] is False


def test_layers_that_settle_together_are_undecided(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(settling(make_lab, 8, 0)).stats
    claim = FIGURE.claims(stats)[0]
    assert claim.holds is None
    assert claim.undecided == "all features settle at the same moment"


def test_where_weights_go_straight_the_upper_layer_settles_later_too(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(settling(make_lab, 8, 8)).stats
    assert stats["order"] == 0
    assert stats["order_straight"] > 0.2


def test_a_patch_of_the_first_layer_is_the_filter_itself(make_lab: MakeLab) -> None:
    """The transposed filter, from one unit; of which the border of the image may cut up to a quarter."""
    lab = settling(make_lab, 2, 8)
    result = FIGURE.compute(lab)
    for row, channel in enumerate(result.stats["layers"][0]["drawn"]):
        for column, time in enumerate(TIMES):
            weight = lab.model.after_epoch(time).net.get_parameter("0.weight")[channel].numpy()
            expected = 0.5 + 0.5 * weight / np.quantile(np.abs(weight), 0.995)
            found = result.arrays["patches0"][row, column] / 255
            assert found.shape == (3, 3, 3)
            np.testing.assert_allclose(found, np.clip(expected, 0, 1).transpose(1, 2, 0), atol=0.003)


def test_strongest_images_are_those_of_the_largest_activation(make_lab: MakeLab) -> None:
    lab = settling(make_lab, 1, 8)
    result = FIGURE.compute(lab)
    for column, time in enumerate(TIMES):
        (maps,) = lab.model.after_epoch(time).activations(lab.pixels(range(6)), "relu1")
        inner = maps[:, :, 1:-1, 1:-1].amax(dim=(2, 3))
        for row, channel in enumerate(result.stats["layers"][0]["drawn"]):
            assert result.arrays["images0"][row, column] == int(inner[:, channel].argmax())


def test_draws_patches_with_a_line_where_the_image_changes(make_lab: MakeLab) -> None:
    result = FIGURE.compute(settling(make_lab, 1, 8))
    patches, similarity, settled = FIGURE.draw(result).axes
    assert len(patches.get_lines()) == result.stats["jumps"] > 0
    height, width = np.asarray(patches.get_images()[0].get_array()).shape[:2]
    assert width / height == pytest.approx(5 / 4, rel=0.05)
    drawn = [channel for layer in result.stats["layers"] for channel in layer["drawn"]]
    assert [label.get_text() for label in patches.get_yticklabels()] == [str(channel) for channel in drawn]
    assert [label.get_text() for label in patches.get_xticklabels()] == ["untrained", "1", "2", "4", "8"]
    assert [text.get_text() for text in patches.texts] == ["relu1", "relu2"]
    for axes, key in ((similarity, "similarity"), (settled, "settled")):
        for line, values in zip(axes.get_lines(), result.arrays[key].T, strict=True):
            np.testing.assert_allclose(np.asarray(line.get_ydata(), dtype=float), values)


def known_stats(lab: Lab, **changed: Any) -> dict[str, Any]:
    return {**FIGURE.compute(lab).stats, **changed}


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.1], None)])
def test_each_claim_follows_its_interval(make_lab: MakeLab, interval: list[float], holds: bool | None) -> None:
    stats = known_stats(settling(make_lab, 1, 8), order_interval=interval, change_interval=interval)
    later, jumps = FIGURE.claims({**stats, "change_undecided": ""})
    assert (later.holds, jumps.holds) == (holds, holds)
    assert later.reference == {"upper_layers_from_epoch": 40, "to_epoch": 50, "epochs": 64}


def test_patches_change_where_the_strongest_image_does(make_lab: MakeLab) -> None:
    lab = settling(make_lab, 1, 8)
    stats = replace(FIGURE, features=10).compute(lab).stats
    assert stats["change_new"] > stats["change_same"]
    assert replace(FIGURE, features=10).claims(stats)[1].holds is True


def test_without_changes_nothing_is_said_of_them(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(trained(make_lab(two_layers()), TIMES, lambda time: {})).stats
    claim = FIGURE.claims(stats)[1]
    assert (stats["jumps"], claim.holds) == (0, None)
    assert claim.undecided == "0 of 16 steps bring another image"


def test_a_feature_that_responds_to_nothing_yet_is_called_silent(make_lab: MakeLab) -> None:
    net = two_layers()
    deaf = -net.state_dict()["0.weight"].abs()
    result = FIGURE.compute(trained(make_lab(net), TIMES, lambda time: {"0.weight": deaf} if time < 2 else {}))
    for k in (0, 1):
        assert (result.arrays[f"images{k}"] == -1).tolist() == [[True, True, False, False, False]] * 2
    assert (result.stats["jumps"], result.stats["steps"]) == (0, 8)
    words = [text.get_text() for text in FIGURE.draw(result).axes[0].texts]
    assert words.count("silent") == 8


def test_layers_can_be_named_and_are_else_spread_over_the_depth(make_lab: MakeLab) -> None:
    lab = settling(make_lab, 1, 8)
    named = replace(FIGURE, layers=["conv2", "relu1"]).compute(lab).stats
    assert [layer["name"] for layer in named["layers"]] == ["conv2", "relu1"]
    assert [layer["name"] for layer in FIGURE.compute(lab).stats["layers"]] == ["relu1", "relu2"]


def test_where_the_deconvnet_is_not_defined_the_gradient_is_drawn(make_lab: MakeLab) -> None:
    lab = settling(make_lab, 1, 8, activation=nn.SiLU)
    assert replace(FIGURE, layers=["silu1", "silu2"]).compute(lab).stats["rule"] == "gradient"
    assert FIGURE.compute(settling(make_lab, 1, 8)).stats["rule"] == "deconvnet"


def test_alternative_text_tells_when_layers_settle(make_lab: MakeLab) -> None:
    text = FIGURE.alt(FIGURE.compute(settling(make_lab, 1, 8)).stats)
    assert "relu1: half of 10 features are settled after 1 epochs" in text
    assert "5 moments of training up to epoch 8" in text


def test_what_stands_in_the_way(make_lab: MakeLab) -> None:
    unknown = "how tiny was trained is not known: it has no weights from on the way, as refnet has"
    assert FIGURE.obstacle(make_lab(two_layers())) == unknown
    one = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 6))
    single = "tiny has fewer than two layers of maps that end in a ReLU: none is above another"
    assert FIGURE.obstacle(trained(make_lab(one), TIMES, lambda time: {})) == single
    lab = settling(make_lab, 1, 8)
    assert replace(FIGURE, layers=["fc3", "relu1"]).obstacle(lab) == "layer fc3 of tiny has no maps"
    assert FIGURE.obstacle(lab) is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [("features", 0), ("images", 1), ("control_images", 1), ("snapshots", 2), ("level", 1.5), ("layers_chosen", 1)],
)
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"figure\.feature_evolution\.{setting}={value} must be"):
        replace(FIGURE, **{setting: value}).obstacle(settling(make_lab, 1, 8))
