"""Every filter of the first convolution as a small picture, and how smooth, oriented and colored they are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import difference_interval
from cnnviz_core.methods.filters import (
    color_share,
    high_frequency_share,
    known,
    mixtures,
    orientation_selectivity,
    smoothness,
)
from cnnviz_core.methods.grid import enlarged, untiled, vis_square
from cnnviz_core.network import Layer, Model

GRAY, OPPONENT = 1 / 3, 5 / 6
"""A filter is gray below the first share of color, half of what chance gives, and opponent above the second, where its
gray share is half of what chance gives."""

SETS = {"network": "this network", "random": "random", "mixed": "mixtures"}


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
        sets = {"network": weights, "random": random, "mixed": mixtures(weights, rng)}
        oriented = {name: orientation_selectivity(filters) for name, filters in sets.items()}
        std = np.array(lab.model.std).reshape(1, 3, 1, 1)
        colored = {} if weights.shape[1] == 1 else {name: color_share(each / std) for name, each in sets.items()}
        return Result(
            {"weights": weights, "random": random}
            | {f"oriented_{name}": values for name, values in oriented.items()}
            | {f"colored_{name}": values for name, values in colored.items()},
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
                "orientation": _compared(oriented, rng, self.draws),
                "color": _color(colored, rng, self.draws) if colored else None,
                "start": _at_the_start(lab.model, conv, colourless=colourless),
            },
        )

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=4.8)
        panels = picture.subplot_mosaic([["network", "random"], ["shares", "kinds"]], height_ratios=[3.2, 1.5])
        for key, weights in (("network", result.arrays["weights"]), ("random", result.arrays["random"])):
            title = f"{stats['layer']}: all {stats['filters']} filters" if key == "network" else "random weights"
            style.show_image(panels[key], vis_square(enlarged(_pictures(weights)), pad_value=0), title)
        _histograms(panels["shares"], result)
        _kinds(panels["kinds"], result)
        return picture

    def alt(self, stats: Stats) -> str:
        return (
            f"A grid of the {stats['filters']} filters of {stats['layer']}, {stats['height']} by {stats['width']} "
            f"pixels each, in {'color' if stats['channels'] == 3 else 'gray'}, and beside it the same grid with random "
            f"weights. Below, their shares of energy at high frequencies: {stats['high_frequency_here']:.0%} on "
            f"average in this network, {stats['high_frequency_random']:.0%} in random ones; and their orientation "
            f"selectivity, {stats['orientation']['network']:.2f} and {stats['orientation']['random']:.2f}"
            f"{_color_words(stats)}."
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
            *_orientation_claims(self.name(), stats),
            _color_claim(self.name(), stats),
        ]


def _at_the_start(model: Model, conv: Layer, *, colourless: bool) -> dict[str, float] | None:
    """Means of the filters with which training began; None where they are not known."""
    if model.history is None or 0 not in model.history.weights:
        return None
    weights = _filters(model.after_epoch(0), conv, colourless=colourless)
    return {
        "high_frequency": float(known(high_frequency_share(weights)).mean()),
        "orientation": float(known(orientation_selectivity(weights)).mean()),
    }


def _compared(values: dict[str, np.ndarray], rng: np.random.Generator, draws: int) -> dict[str, Any]:
    """Means of a number of filters in each set, and intervals of how much more the network has than the controls."""
    sets = {name: known(found) for name, found in values.items()}
    means = {name: float(found.mean()) for name, found in sets.items()}
    return means | {
        f"more_than_{control}": list(difference_interval(sets["network"], sets[control], rng, draws=draws))
        for control in ("random", "mixed")
    }


def _color(shares: dict[str, np.ndarray], rng: np.random.Generator, draws: int) -> dict[str, Any]:
    """How many filters are gray and how many opponent, and how far apart their shares of color are."""
    apart = {name: np.abs(values - known(values).mean()).round(9) for name, values in shares.items()}
    return {
        "share": {name: float(known(values).mean()) for name, values in shares.items()},
        "gray": {name: int((known(values) < GRAY).sum()) for name, values in shares.items()},
        "opponent": {name: int((known(values) > OPPONENT).sum()) for name, values in shares.items()},
        "apart": _compared(apart, rng, draws),
    }


def _orientation_claims(name: str, stats: Stats) -> list[Claim]:
    """Whether filters prefer one direction more than random ones do, and more than smoothness alone brings about."""
    found, layer = stats["orientation"], stats["layer"]
    small = min(stats["height"], stats["width"]) < 3
    undecided = "the filters have fewer than three pixels in one direction" if small else ""
    return [
        tendency(
            f"{name}.oriented",
            f"The filters of `{layer}` prefer gratings of one direction more than random filters of the same size.",
            {"selectivity_here": found["network"], "selectivity_random": found["random"]},
            found["more_than_random"],
            source="krizhevsky2012",
            undecided=undecided,
        ),
        tendency(
            f"{name}.oriented_beyond_smoothness",
            f"The filters of `{layer}` prefer gratings of one direction more than random mixtures of them, which are "
            "as smooth.",
            {"selectivity_here": found["network"], "selectivity_of_mixtures": found["mixed"]},
            found["more_than_mixed"],
            source="krizhevsky2012",
            undecided=undecided,
        ),
    ]


def _color_claim(name: str, stats: Stats) -> Claim:
    """Whether single filters are gray or colored, rather than all a bit of both."""
    found, full = stats["color"], f"{name}.gray_or_colored"
    text = (
        f"The filters of `{stats['layer']}` divide into gray and colored ones: their shares of color lie farther apart "
        "than those of random mixtures of them."
    )
    if found is None:
        reason = "these filters see one channel, which has no color"
        return Claim(full, text, "tendency", None, {}, source="krizhevsky2012", undecided=reason)
    apart = found["apart"]
    numbers = {"mean_distance_here": apart["network"], "mean_distance_of_mixtures": apart["mixed"]}
    return tendency(full, text, numbers, apart["more_than_mixed"], source="krizhevsky2012")


def _color_words(stats: Stats) -> str:
    if stats["color"] is None:
        return ""
    gray, opponent = (stats["color"][kind]["network"] for kind in ("gray", "opponent"))
    return f", against their share of color: {gray} are gray and {opponent} color-opponent"


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
        axes.hist(known(high_frequency_share(result.arrays[key])), bins, color=colour, alpha=0.75, label=label)
    axes.axvline(0.75, color="black", linewidth=0.8, linestyle=":")
    axes.set_xlabel("energy above half the Nyquist frequency\n(dotted: white noise)")
    axes.set_ylabel("filters")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=2)
    axes.set_xlim(0, 1)


def _kinds(axes: Axes, result: Result) -> None:
    """Every filter by its orientation selectivity and, where there are colors, its share of color."""
    looks = {"mixed": (".", style.COLOURS[4]), "random": ("o", style.COLOURS[6]), "network": ("o", style.COLOURS[0])}
    rows = {"network": 2, "random": 1, "mixed": 0}
    colored = "colored_network" in result.arrays
    for name, (marker, colour) in looks.items():
        oriented = result.arrays[f"oriented_{name}"]
        spread = rows[name] + np.linspace(-0.3, 0.3, len(oriented))
        heights = result.arrays[f"colored_{name}"] if colored else spread
        (points,) = axes.plot(oriented, heights, marker, color=colour, label=SETS[name], markersize=3)
        points.set(markeredgewidth=0.6, markerfacecolor=colour if name == "network" else "none")
    axes.set_xlabel("orientation selectivity")
    axes.set_xlim(0, 1)
    if colored:
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel("share of color")
        for share in (GRAY, OPPONENT):
            axes.axhline(share, color="black", linewidth=0.6, linestyle=":")
    else:
        axes.set_yticks([])
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=3, columnspacing=1, handletextpad=0.2)
