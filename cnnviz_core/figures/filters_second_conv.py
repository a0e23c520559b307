"""The filters of the second convolution, one row for each, one gray picture for each channel that it reads."""

from dataclasses import dataclass

import numpy as np

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.filters import smoothness
from cnnviz_core.methods.grid import enlarged, scaled, tiled, untiled


@dataclass(frozen=True)
class FiltersSecondConv(Figure):
    """Slices of weights that read features, not pixels, as in the CS231n notes."""

    filters: int
    inputs: int
    draws: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "filters", "inputs", "draws")
        model = lab.model
        if model.second_conv is None:
            return f"{model.name} has no second convolution with kernels larger than one pixel"
        if model.weights_of(model.second_conv).shape[1] == 1:
            return f"the second convolution of {model.name} is depthwise: each of its filters reads one channel only"
        return None

    def compute(self, lab: Lab) -> Result:
        conv = lab.model.second_conv
        assert conv is not None
        rng = lab.rng(self.name())
        weights = lab.model.weights_of(conv).detach().float().cpu().numpy()
        random = lab.model.randomised(rng).weights_of(conv).detach().float().cpu().numpy()
        rows, columns = min(self.filters, 2 * weights.shape[1]), self.inputs
        shown = weights[:rows, :columns]
        return Result(
            {"slices": shown, "random": random[:rows, :columns]},
            {
                "layer": conv.name,
                "filters": weights.shape[0],
                "inputs": weights.shape[1],
                "height": weights.shape[2],
                "width": weights.shape[3],
                "filters_shown": shown.shape[0],
                "inputs_shown": shown.shape[1],
                "misplaced": _misplaced(shown),
                **smoothness(weights, random, rng, self.draws),
            },
        )

    def draw(self, result: Result) -> Picture:
        stats, rows, columns = result.stats, *result.arrays["slices"].shape[:2]
        picture = style.picture(height=min(3.1 * max(rows / columns, 0.3), 4.6) + 0.5)
        for axes, key, title in zip(
            picture.subplots(1, 2),
            ("slices", "random"),
            (f"{stats['layer']}: {_count(rows, stats['filters'])} filters", "random weights"),
            strict=True,
        ):
            style.show_image(axes, _grid(_enlarged(result.arrays[key])), title)
            axes.set_xlabel(f"columns: {_count(columns, stats['inputs'])} input channels")
            axes.set_ylabel("rows: filters")
        return picture

    def alt(self, stats: Stats) -> str:
        return (
            f"A grid of {stats['filters_shown']} rows and {stats['inputs_shown']} columns: each row is a filter of "
            f"{stats['layer']}, each column one of its input channels, each tile its {stats['height']} by "
            f"{stats['width']} weights in gray; beside it the same with random weights. At high frequencies lies "
            f"{stats['high_frequency_here']:.0%} of the energy, {stats['high_frequency_random']:.0%} with random "
            "weights."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        return [
            identity(
                f"{self.name()}.indexing",
                "The tile in row $f$ and column $c$ holds the weights of filter $f$ for input channel $c$.",
                stats["misplaced"] == 0,
                {"misplaced_tiles": stats["misplaced"]},
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


def _count(some: int, every: int) -> str:
    return f"all {every}" if some == every else f"{some} of {every}"


def _enlarged(slices: np.ndarray) -> np.ndarray:
    return np.stack([enlarged(row, 9) for row in slices])


def _grid(slices: np.ndarray) -> np.ndarray:
    """(filters, inputs, h, w) as one picture, with one scale, a row of tiles for each filter."""
    return tiled(scaled(slices).reshape(-1, *slices.shape[2:]), columns=slices.shape[1], pad_value=0)


def _misplaced(slices: np.ndarray) -> int:
    """Number of tiles of the grid that differ from the weights of their row's filter and column's channel."""
    filters, inputs, height, width = slices.shape
    tiles = untiled(_grid(slices), count=filters * inputs, size=(height, width)).reshape(slices.shape)
    expected = scaled(slices)
    return sum(not np.array_equal(tiles[f, c], expected[f, c]) for f in range(filters) for c in range(inputs))
