"""Every filter of the first convolution as a small picture, and how smooth they are beside random ones."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.filters import high_frequency_share, smoothness
from cnnviz_core.methods.grid import enlarged, untiled, vis_square
from cnnviz_core.network import Layer, Model


@dataclass(frozen=True)
class FiltersFirstConv(Figure):
    """The weights that look at pixels, in one grid of one scale, as in the CS231n notes, beside their control."""

    draws: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "draws")
        model = lab.model
        if model.first_conv is None:
            return f"the first layer of {model.name} is no convolution"
        _, channels, *size = model.weights_of(model.first_conv).shape
        if max(size) == 1:
            return f"the first convolution of {model.name} has kernels of one pixel: there is no pattern to see"
        if channels not in (1, 3):
            return f"the first convolution of {model.name} reads {channels} channels, which are no colors"
        return None

    def compute(self, lab: Lab) -> Result:
        conv = lab.model.first_conv
        assert conv is not None
        rng = lab.rng(self.name())
        colourless = _colourless(lab)
        weights, random = (
            _filters(model, conv, colourless=colourless) for model in (lab.model, lab.model.randomised(rng))
        )
        return Result(
            {"weights": weights, "random": random},
            {
                "layer": conv.name,
                "filters": weights.shape[0],
                "channels": weights.shape[1],
                "summed": colourless and lab.model.weights_of(conv).shape[1] == 3,
                "height": weights.shape[2],
                "width": weights.shape[3],
                "stride": conv.receptive_field.stride[0] if conv.receptive_field else None,
                "round_trip_error": _round_trip_error(weights),
                **smoothness(weights, random, rng, self.draws),
            },
        )

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=4.4)
        panels = picture.subplot_mosaic([["network", "random"], ["shares", "shares"]], height_ratios=[3.2, 1])
        for key, weights in (("network", result.arrays["weights"]), ("random", result.arrays["random"])):
            title = f"{stats['layer']}: all {stats['filters']} filters" if key == "network" else "random weights"
            style.show_image(panels[key], vis_square(enlarged(_pictures(weights)), pad_value=0), title)
        _histograms(panels["shares"], result)
        return picture

    def alt(self, stats: Stats) -> str:
        return (
            f"A grid of the {stats['filters']} filters of {stats['layer']}, {stats['height']} by {stats['width']} "
            f"pixels each, in {'color' if stats['channels'] == 3 else 'gray'}, and beside it the same grid with random "
            f"weights. Below, their shares of energy at high frequencies: {stats['high_frequency_here']:.0%} on "
            f"average in this network, {stats['high_frequency_random']:.0%} in random ones."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        return [
            identity(
                f"{self.name()}.round_trip",
                "The grid, scaled back, gives the weights of the network.",
                stats["round_trip_error"] < 1e-5,
                {"largest_relative_error": stats["round_trip_error"]},
            ),
            tendency(
                f"{self.name()}.smoother_than_random",
                f"The filters of `{stats['layer']}` have less of their energy at high frequencies than random "
                "filters of the same size.",
                {
                    "high_share_here": stats["high_frequency_here"],
                    "high_share_random": stats["high_frequency_random"],
                    "variation_here": stats["variation_here"],
                    "variation_random": stats["variation_random"],
                },
                stats["high_frequency_less"],
                source="cs231n",
            ),
        ]


def _pictures(weights: np.ndarray) -> np.ndarray:
    """(n, channels, h, w) as pictures (n, h, w, 3) in color, or (n, h, w) where there is one channel."""
    return weights[:, 0] if weights.shape[1] == 1 else weights.transpose(0, 2, 3, 1)


def _colourless(lab: Lab) -> bool:
    """Whether the images are gray: red, green and blue equal in all pixels of some of them."""
    pixels = lab.pixels(lab.spread(16))
    return bool((pixels == pixels[:, :1]).all())


def _filters(model: Model, conv: Layer, *, colourless: bool) -> np.ndarray:
    """The weights (n, channels, h, w), or, for gray images, the sums over colors (n, 1, h, w) that alone act on them.

    A gray image enters as three channels that differ only by the normalisation, (p - mean) / std.
    """
    weights = model.weights_of(conv).detach().float().cpu().numpy()
    if not colourless or weights.shape[1] != 3:
        return weights
    std = np.array(model.std, dtype=np.float32).reshape(1, 3, 1, 1)
    summed: np.ndarray = (weights / std).sum(axis=1, keepdims=True)
    return summed


def _round_trip_error(weights: np.ndarray) -> float:
    """Largest difference between the weights and what the grid gives back, over the range of the weights."""
    pictures = _pictures(weights)
    low, extent = float(weights.min()), float(np.ptp(weights))
    back = untiled(vis_square(pictures), count=len(pictures), size=weights.shape[2:]) * extent + low
    return float(np.abs(back - pictures).max()) / (extent or 1.0)


def _histograms(axes: Axes, result: Result) -> None:
    bins = np.linspace(0, 1, 41).tolist()
    for key, label, colour in (("random", "random", style.COLOURS[6]), ("weights", "this network", style.COLOURS[0])):
        values = high_frequency_share(result.arrays[key])
        axes.hist(values[~np.isnan(values)], bins, color=colour, alpha=0.75, label=label)
    axes.axvline(0.75, color="black", linewidth=0.8, linestyle=":")
    axes.set_xlabel("share of a filter's energy above half the Nyquist frequency (dotted: white noise)")
    axes.set_ylabel("filters")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=2)
    axes.set_xlim(0, 1)
