from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import MakeLab, trained
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
    round_trip, smoother, *_ = FIGURE.claims(stats)
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


def gratings(filters: int, colors: np.ndarray) -> np.ndarray:
    """Filters (n, 3, 7, 7) that are gratings of random directions under a round window, in these colors (n, 3)."""
    angle = np.random.default_rng(9).uniform(0, np.pi, (filters, 1, 1))
    rows, columns = np.indices((7, 7)) - 3
    waves = np.sin(2 * np.pi * 0.2 * (rows * np.sin(angle) + columns * np.cos(angle)))
    patterns = waves * np.exp(-(rows**2 + columns**2) / 8)
    return np.asarray(colors[:, :, None, None] * patterns[:, None])


def half_gray(filters: int) -> np.ndarray:
    """Colors of filters (n, 3), of which half are gray and half opponent."""
    return np.where(np.arange(filters)[:, None] % 2, [1, 1, 1], [1, -1, 0])


def named(stats: Any) -> dict[str, Any]:
    return {claim.name.partition(".")[2]: claim for claim in FIGURE.claims(stats)}


def test_gratings_are_oriented_and_those_of_two_kinds_divide_into_gray_and_colored(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(make_lab(net_of(gratings(40, half_gray(40))))).stats
    claims = named(stats)
    for name in ("oriented", "oriented_beyond_smoothness", "gray_or_colored"):
        assert claims[name].holds is True, name
    assert (stats["color"]["gray"]["network"], stats["color"]["opponent"]["network"]) == (20, 20)
    assert (stats["color"]["gray"]["random"], stats["color"]["opponent"]["random"]) == (0, 0)
    assert stats["color"]["share"]["random"] == pytest.approx(2 / 3, abs=0.03)
    assert stats["orientation"]["network"] > 0.6 > stats["orientation"]["random"]


def test_smooth_noise_is_more_oriented_than_rough_noise_but_not_than_mixtures_of_it(make_lab: MakeLab) -> None:
    smooth = np.random.default_rng(12).normal(size=(60, 3, 13, 13))
    for _ in range(6):
        smooth = smooth[..., :-1, :-1] + smooth[..., 1:, :-1] + smooth[..., :-1, 1:] + smooth[..., 1:, 1:]
    claims = named(FIGURE.compute(make_lab(net_of(smooth))).stats)
    assert claims["oriented"].holds is True
    assert claims["oriented_beyond_smoothness"].holds is None
    assert claims["gray_or_colored"].holds is None


def test_spots_of_one_color_are_neither_oriented_nor_of_two_kinds(make_lab: MakeLab) -> None:
    rows, columns = np.indices((7, 7)) - 3
    widths = np.linspace(2, 6, 40)[:, None, None]
    spots = np.exp(-(rows**2 + columns**2) / widths)
    claims = named(FIGURE.compute(make_lab(net_of(spots[:, None] * np.ones((1, 3, 1, 1))))).stats)
    assert claims["oriented"].holds is False
    assert claims["gray_or_colored"].holds is None


@pytest.mark.parametrize(("interval", "holds"), [([0.1, 0.2], True), ([-0.2, -0.1], False), ([-0.1, 0.1], None)])
def test_each_new_claim_follows_its_interval(make_lab: MakeLab, interval: list[float], holds: bool | None) -> None:
    stats: Any = FIGURE.compute(make_lab(net_of(gratings(10, half_gray(10))))).stats
    stats["orientation"].update(more_than_random=interval, more_than_mixed=interval)
    stats["color"]["apart"]["more_than_mixed"] = interval
    claims = named(stats)
    names = ("oriented", "oriented_beyond_smoothness", "gray_or_colored")
    assert [claims[name].holds for name in names] == [holds] * 3


def test_gray_images_have_directions_but_no_colors(make_lab: MakeLab) -> None:
    weights = gratings(20, half_gray(20))
    lab = make_lab(net_of(weights[1::2]), gray_images())
    result = FIGURE.compute(lab)
    claims = named(result.stats)
    assert claims["oriented"].holds is True
    assert (claims["gray_or_colored"].holds, result.stats["color"]) == (None, None)
    assert claims["gray_or_colored"].undecided == "these filters see one channel, which has no color"
    assert "color-opponent" not in FIGURE.alt(result.stats)
    panel = FIGURE.draw(result).axes[3]
    heights = {str(line.get_label()): np.asarray(line.get_ydata(), dtype=float) for line in panel.get_lines()}
    assert heights["mixtures"].max() < heights["random"].min() < heights["random"].max() < heights["this network"].min()
    assert panel.get_ylabel() == ""


def test_two_pixels_have_too_few_directions(make_lab: MakeLab) -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 2), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 49, 6))
    claims = named(FIGURE.compute(make_lab(net)).stats)
    assert claims["oriented"].undecided == "the filters have fewer than three pixels in one direction"
    assert claims["oriented_beyond_smoothness"].holds is None


def test_gray_is_what_acts_as_gray_on_pixels(make_lab: MakeLab) -> None:
    """The preprocessing divides each color by its standard deviation: a filter undoes that where it is gray."""
    std = np.array([0.1, 0.5, 1.0])
    lab = make_lab(net_of(gratings(6, np.ones((6, 3)) * std)))
    uneven = lab.with_model(replace(lab.model, std=(0.1, 0.5, 1.0)))
    assert FIGURE.compute(uneven).arrays["colored_network"] == pytest.approx(0, abs=1e-6)
    assert FIGURE.compute(lab).arrays["colored_network"].min() > 0.2


def test_draws_every_filter_of_network_and_controls_by_direction_and_color(make_lab: MakeLab) -> None:
    result = FIGURE.compute(make_lab(net_of(gratings(10, half_gray(10)))))
    panel = FIGURE.draw(result).axes[3]
    points = {str(line.get_label()): line for line in panel.get_lines()}
    for name, label in (("network", "this network"), ("random", "random"), ("mixed", "mixtures")):
        expected = np.stack([result.arrays[f"oriented_{name}"], result.arrays[f"colored_{name}"]], axis=1)
        np.testing.assert_allclose(np.asarray(points[label].get_xydata()), expected)
    assert FIGURE.alt(result.stats).endswith("against their share of color: 5 are gray and 5 color-opponent.")


def test_wrong_settings_are_refused(make_lab: MakeLab) -> None:
    with pytest.raises(InputError, match=r"figure\.filters_first_conv\.draws=0 must be at least 1"):
        FiltersFirstConv(draws=0).obstacle(make_lab(net_of(waves(2, 0.1))))


def test_filters_at_the_start_of_a_known_training_are_measured_too(make_lab: MakeLab) -> None:
    lab = make_lab(net_of(waves(12, 0.05)))
    assert FIGURE.compute(lab).stats["start"] is None
    rough = torch.from_numpy(waves(12, 0.45)).float()
    known = trained(lab, [0.0, 1.0], lambda time: {} if time else {"0.weight": rough})
    stats = FIGURE.compute(known).stats
    assert stats["start"]["high_frequency"] > 0.8 > 0.2 > stats["high_frequency_here"]
    assert stats["start"]["orientation"] > 0.7
    late = trained(lab, [1.0, 2.0], lambda time: {})
    assert FIGURE.compute(late).stats["start"] is None
