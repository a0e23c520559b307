from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figures.filters_first_conv import FiltersFirstConv

FIGURE = FiltersFirstConv(draws=200)


def net_of(weights: np.ndarray) -> nn.Sequential:
    """A network whose first convolution has these weights."""
    filters, channels, *size = weights.shape
    conv = nn.Conv2d(channels, filters, (size[0], size[1]), padding="same")
    with torch.no_grad():
        conv.weight.copy_(torch.from_numpy(weights))
    return nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(filters * 64, 6))


def waves(filters: int, cycles: float) -> np.ndarray:
    """Filters (n, 3, 7, 7) that are waves of so many cycles per pixel, of random phase."""
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, (filters, 3, 1, 1))
    return np.cos(2 * np.pi * cycles * np.arange(7) + phase) * np.ones((7, 1))


def test_smooth_filters_are_smoother_than_random_ones(make_lab: MakeLab) -> None:
    result = FIGURE.compute(make_lab(net_of(waves(12, 0.05))))
    stats = result.stats
    round_trip, smoother = FIGURE.claims(stats)
    assert (round_trip.kind, round_trip.holds, smoother.holds) == ("identity", True, True)
    assert stats["high_frequency_here"] < 0.2
    assert stats["high_frequency_random"] == pytest.approx(0.75, abs=0.05)
    assert stats["variation_here"] < stats["variation_random"]
    assert (stats["filters"], stats["channels"], stats["height"], stats["width"]) == (12, 3, 7, 7)


def test_rough_filters_are_not(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(make_lab(net_of(waves(12, 0.45)))).stats
    assert FIGURE.claims(stats)[1].holds is False


def test_random_filters_are_undecided(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(make_lab(net_of(np.random.default_rng(6).normal(size=(40, 3, 5, 5))))).stats
    claim = FIGURE.claims(stats)[1]
    assert claim.holds is None
    assert claim.undecided == "the interval of the difference includes zero"


def test_a_grid_that_loses_weights_would_be_a_bug(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(make_lab(net_of(waves(5, 0.1)))).stats
    assert stats["round_trip_error"] < 1e-6
    assert FIGURE.claims({**stats, "round_trip_error": 0.01})[0].holds is False


def test_filters_of_zeros_are_counted_and_left_out(make_lab: MakeLab) -> None:
    weights = waves(6, 0.05)
    weights[2] = 0
    stats = FIGURE.compute(make_lab(net_of(weights))).stats
    assert stats["zero_filters"] == 1
    assert np.isfinite(stats["high_frequency_here"])


def test_draws_each_filter_in_its_colors_with_one_scale(make_lab: MakeLab) -> None:
    weights = np.zeros((4, 3, 7, 7))
    weights[0], weights[1, 0], weights[2] = -1, 1, 0.5  # the smallest; red; gray
    result = FIGURE.compute(make_lab(net_of(weights)))
    grid = np.asarray(FIGURE.draw(result).axes[0].get_images()[0].get_array())
    side, last = 21, 22  # three times enlarged, and a line between
    np.testing.assert_allclose(grid[0, 0], [0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(grid[0, last], [1, 0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(grid[last, 0], [0.75, 0.75, 0.75], atol=1e-6)
    np.testing.assert_allclose(grid[last, last], [0.5, 0.5, 0.5], atol=1e-6)
    assert not grid[side].any(), "black lines between the filters"


def test_rows_of_a_filter_are_rows_of_its_picture(make_lab: MakeLab) -> None:
    weights = np.zeros((1, 3, 7, 7))
    weights[0, :, 0] = 1
    grid = np.asarray(FIGURE.draw(FIGURE.compute(make_lab(net_of(weights)))).axes[0].get_images()[0].get_array())
    assert (grid[0] == 1).all()
    assert not grid[3:].any()


def test_compares_with_random_filters_of_the_same_layer(make_lab: MakeLab) -> None:
    result = FIGURE.compute(make_lab(net_of(waves(12, 0.05))))
    assert result.arrays["random"].shape == result.arrays["weights"].shape
    assert not np.array_equal(result.arrays["random"], result.arrays["weights"])
    histograms = FIGURE.draw(result).axes[2]
    assert sum(bar.get_height() for bar in histograms.patches) == 24  # type: ignore[attr-defined]


def gray_images() -> list[torch.Tensor]:
    levels = np.random.default_rng(6).integers(0, 256, (6, 1, 8, 8), dtype=np.uint8)
    return [torch.from_numpy(level.repeat(3, axis=0)) for level in levels]


def test_on_gray_images_the_sums_over_colors_are_shown(make_lab: MakeLab) -> None:
    weights = np.random.default_rng(7).normal(size=(4, 3, 5, 5)).astype(np.float32)
    gray = FIGURE.compute(make_lab(net_of(weights), gray_images(), std=0.5))
    assert gray.stats["summed"] is True
    np.testing.assert_allclose(gray.arrays["weights"], 2 * weights.sum(axis=1, keepdims=True), rtol=1e-5)
    color = FIGURE.compute(make_lab(net_of(weights), std=0.5))
    assert color.stats["summed"] is False
    np.testing.assert_array_equal(color.arrays["weights"], weights)


def test_what_is_shown_on_gray_images_acts_as_the_network_does(make_lab: MakeLab) -> None:
    lab = make_lab(net_of(np.random.default_rng(8).normal(size=(4, 3, 5, 5))), gray_images(), std=0.5)
    shown = torch.from_numpy(FIGURE.compute(lab).arrays["weights"])
    pixels = lab.pixels([0])
    (maps,) = lab.model.activations(pixels, "conv1")
    bias = lab.model.net.get_parameter("0.bias").view(1, -1, 1, 1)
    expected = nn.functional.conv2d(pixels[:, :1], shown, padding="same") + bias
    torch.testing.assert_close(maps, expected, atol=1e-5, rtol=1e-5)


def test_alternative_text_tells_the_shares(make_lab: MakeLab) -> None:
    text = FIGURE.alt(FIGURE.compute(make_lab(net_of(waves(12, 0.05)))).stats)
    assert "A grid of the 12 filters of conv1, 7 by 7 pixels each, in color" in text


class Doubled(nn.Module):
    """Reads the image twice, as six channels."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = net_of(np.ones((2, 6, 3, 3)))

    def forward(self, images: torch.Tensor) -> Any:
        return self.rest(torch.cat([images, images], dim=1))


def test_what_stands_in_the_way(make_lab: MakeLab) -> None:
    vectors = nn.Sequential(nn.Flatten(), nn.Linear(192, 5), nn.ReLU(), nn.Linear(5, 6))
    assert FIGURE.obstacle(make_lab(vectors)) == "the first layer of tiny is no convolution"
    point = "the first convolution of tiny has kernels of one pixel: there is no pattern to see"
    assert FIGURE.obstacle(make_lab(net_of(np.ones((2, 3, 1, 1))))) == point
    six = "the first convolution of tiny reads 6 channels, which are no colors"
    assert FIGURE.obstacle(make_lab(Doubled())) == six
    assert FIGURE.obstacle(make_lab(net_of(waves(2, 0.1)))) is None


def test_wrong_settings_are_refused(make_lab: MakeLab) -> None:
    with pytest.raises(InputError, match=r"figure\.filters_first_conv\.draws=0 must be at least 1"):
        FiltersFirstConv(draws=0).obstacle(make_lab(net_of(waves(2, 0.1))))
