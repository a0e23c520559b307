from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tiny import MakeLab, pointwise
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figures.activations_last_conv import ActivationsLastConv

FIGURE = ActivationsLastConv(image=1, search=4, images_measured=6, controls=3, batch=4)


def sparse_net() -> nn.Sequential:
    """Its first maps are red, never zero; of its last four maps two are silent, the others zero where red is dark."""
    first = pointwise([[1, 1e-3, 1e-3]], [0])
    last = pointwise([[1]] * 4, [-0.5, -0.9, -2, -2])
    return nn.Sequential(first, nn.ReLU(), last, nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 6))


def test_shows_all_last_maps_and_counts_the_silent_ones(make_lab: MakeLab) -> None:
    lab = make_lab(sparse_net())
    result = FIGURE.compute(lab)
    red, green, blue = lab.dataset.images[1].numpy() / 255
    first = red + 1e-3 * (green + blue)
    expected = np.maximum(np.stack([first - 0.5, first - 0.9, first - 2, first - 2]), 0)
    np.testing.assert_allclose(result.arrays["maps"], expected, atol=1e-6)
    assert (result.stats["layer"], result.stats["channels"], result.stats["silent"]) == ("relu2", 4, 2)
    assert result.stats["zeros"] == pytest.approx((expected == 0).mean())


def test_measures_both_layers_over_all_images(make_lab: MakeLab) -> None:
    lab = make_lab(sparse_net())
    stats = FIGURE.compute(lab).stats
    red, green, blue = np.stack([image.numpy() for image in lab.dataset.images]).transpose(1, 0, 2, 3) / 255
    first = red + 1e-3 * (green + blue)
    last = np.stack([first - 0.5, first - 0.9, first - 2, first - 2])
    assert stats["network"]["first"]["zeros"] == pytest.approx((first == 0).mean())
    assert stats["network"]["last"]["zeros"] == pytest.approx((last <= 0).mean())
    assert stats["images"] == 6


def test_batches_do_not_change_the_numbers(make_lab: MakeLab, small_net: nn.Module) -> None:
    one, many = (replace(FIGURE, batch=batch).compute(make_lab(small_net)).stats for batch in (1, 6))
    assert one["network"]["last"] == pytest.approx(many["network"]["last"])


def test_a_sparse_network_is_sparser_than_its_first_layer_and_than_random_ones(make_lab: MakeLab) -> None:
    verdicts = {claim.name: claim.holds for claim in FIGURE.claims(FIGURE.compute(make_lab(sparse_net())).stats)}
    assert verdicts["activations_last_conv.sparser_than_first"] is True


def test_a_random_network_is_not_told_from_random_ones(make_lab: MakeLab, small_net: nn.Module) -> None:
    claims = {claim.name: claim for claim in FIGURE.claims(FIGURE.compute(make_lab(small_net)).stats)}
    claim = claims["activations_last_conv.sparser_than_random"]
    assert claim.holds is None
    assert claim.undecided == "the interval of the difference includes zero"


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.1], None)])
@pytest.mark.parametrize("name", ["sparser_than_first", "sparser_than_random", "more_local_than_random"])
def test_each_claim_follows_its_interval(name: str, interval: list[float], holds: bool | None) -> None:
    claims = {claim.name: claim for claim in FIGURE.claims({**known_stats(), name: interval})}
    claim = claims[f"activations_last_conv.{name}"]
    assert claim.holds is holds
    assert (claim.measured["difference_from"], claim.measured["difference_to"]) == tuple(interval)
    assert bool(claim.undecided) == (holds is None)


def test_zeros_decide_nothing_without_a_relu() -> None:
    first, random, local = FIGURE.claims({**known_stats(), "rectified": False})
    assert (first.holds, random.holds, local.holds) == (None, None, True)
    assert first.undecided == random.undecided == "the maps of relu5 do not come from a ReLU"


def known_stats() -> dict[str, Any]:
    layers = {"first": {"zeros": 0.5, "area": 0.1}, "last": {"zeros": 0.9, "area": 0.05}}
    claims = {name: [0.1, 0.2] for name in ("sparser_than_first", "sparser_than_random", "more_local_than_random")}
    return {"layer": "relu5", "first_layer": "relu1", "rectified": True, "network": layers, "random": layers, **claims}


def test_draws_every_map_and_both_networks(make_lab: MakeLab) -> None:
    picture = FIGURE.draw(FIGURE.compute(make_lab(sparse_net())))
    panels = {axes.get_label(): axes for axes in picture.axes}
    grid = np.asarray(panels["maps"].get_images()[0].get_array())
    assert grid.shape[:2] == (2 * 16 + 1, 2 * 16 + 1), "four tiles, enlarged twice, with a line between"
    assert (grid[16] == 0.5).all()
    assert not grid[17:, 17:].any(), "the silent fourth map is black"
    assert len(panels["bars"].patches) == 4
    assert panels["maps"].get_title() == "relu2: all 4 maps, 2 of them zero everywhere"


def test_alternative_text_tells_the_numbers(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(make_lab(sparse_net())).stats
    text = FIGURE.alt(stats)
    assert "2 of them are zero everywhere" in text
    assert f"{stats['network']['last']['zeros']:.0%} in relu2" in text


def test_what_stands_in_the_way(make_lab: MakeLab) -> None:
    vectors = nn.Sequential(nn.Flatten(), nn.Linear(192, 5), nn.ReLU(), nn.Linear(5, 6))
    one_layer = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 36, 6))
    whole = nn.Sequential(nn.Conv2d(3, 4, 8), nn.Flatten(), nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 6))
    assert "the first layer of tiny is no convolution" in (FIGURE.obstacle(make_lab(vectors)) or "")
    assert "tiny has maps in one layer only" in (FIGURE.obstacle(make_lab(one_layer)) or "")
    assert "tiny has no maps after its first convolution" in (FIGURE.obstacle(make_lab(whole)) or "")
    assert FIGURE.obstacle(make_lab(sparse_net())) is None


@pytest.mark.parametrize(("setting", "value"), [("images_measured", 0), ("controls", 1), ("batch", 0), ("image", 6)])
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str, value: int) -> None:
    with pytest.raises(InputError, match=rf"figure\.activations_last_conv\.{setting}={value} (must be|is not)"):
        replace(FIGURE, **{setting: value}).obstacle(make_lab(sparse_net()))
