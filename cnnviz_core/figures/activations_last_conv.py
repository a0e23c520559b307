"""All maps of the last convolution for one image, and how sparse and local they are beside those of the first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import above_controls, mean_interval
from cnnviz_core.methods.grid import enlarged, square_columns, tiled
from cnnviz_core.methods.sparsity import active_area, silent, zero_share


@dataclass(frozen=True)
class ActivationsLastConv(Figure):
    """The whole last layer of maps in one grid, and its sparsity against the first layer and a random network."""

    image: int | None
    search: int
    images_measured: int
    controls: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("image", lab)
        self.check_at_least(1, "search", "images_measured", "batch")
        self.check_at_least(2, "controls")
        if lab.model.first_conv is None:
            return f"the first layer of {lab.model.name} is no convolution, so that its outputs are no maps"
        if lab.model.last_maps is None:
            return f"{lab.model.name} has no maps after its first convolution: its layers give one vector or tokens"
        if lab.model.rectified(lab.model.first_conv) == lab.model.last_maps:
            return f"{lab.model.name} has maps in one layer only, which is also its first"
        return None

    def compute(self, lab: Lab) -> Result:
        conv, last = lab.model.first_conv, lab.model.last_maps
        assert conv is not None
        assert last is not None
        first = lab.model.rectified(conv)
        index = self.image if self.image is not None else lab.examples(1, self.search)[0]
        pixels = lab.pixels([index])
        with torch.no_grad():
            (maps,) = (found.float().cpu() for found in lab.model.activations(pixels, last.name))
        rng = lab.rng(self.name())
        ids = lab.spread(self.images_measured)
        ours = self._measured(lab, ids, first.name, last.name)
        random = [
            self._measured(lab.with_model(lab.model.randomised(rng)), ids, first.name, last.name).mean(axis=2)
            for _ in range(self.controls)
        ]
        return Result(
            {"image": (pixels[0].float().cpu() * 255).round().byte().numpy(), "maps": maps[0].numpy()},
            {
                "layer": last.name,
                "kind": last.kind,
                "first_layer": first.name,
                "first_kind": first.kind,
                "rectified": first.rectified and last.rectified,
                "channels": last.shape[0],
                "height": last.shape[1],
                "width": last.shape[2],
                "class": lab.dataset.class_names[lab.dataset.labels[index]],
                "zeros": zero_share(maps).item(),
                "silent": int(silent(maps).sum()),
                "images": len(ids),
                "controls": self.controls,
                **_compared(ours, np.stack(random), rng),
            },
        )

    def _measured(self, lab: Lab, ids: Sequence[int], *names: str) -> np.ndarray:
        """Share of zeros and active area of each layer, (2 layers, 2 numbers, images)."""
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        found = []
        for chunk in lab.track(chunks, f"sparsity of {lab.model.name}"):
            with torch.no_grad():
                layers = lab.model.activations(lab.pixels(chunk), *names)
            found.append(np.array([[zero_share(maps).cpu(), active_area(maps).cpu()] for maps in layers]))
        return np.concatenate(found, axis=2)

    def draw(self, result: Result) -> Picture:
        maps, stats = result.arrays["maps"], result.stats
        low, high, colours = style.span(maps)
        picture = style.picture(height=4.6)
        panels = picture.subplot_mosaic([["image", "maps"], ["bars", "maps"]], width_ratios=[1, 2.2])
        style.show_image(panels["image"], result.arrays["image"], style.short(f"input: {stats['class']}", 30))
        tiles = enlarged(style.coloured(maps, low=low, high=high, map=colours), 12)
        whole = tiled(tiles, columns=square_columns(len(maps)), pad_value=0.5)
        silent = f", {stats['silent']} of them zero everywhere" if stats["rectified"] else ""
        title = f"{stats['layer']}: all {stats['channels']} maps{silent}"
        style.show_image(panels["maps"], whole, title)
        style.colour_bar(style.scale(low, high, colours), panels["maps"], "activation")
        _bars(panels["bars"], stats)
        return picture

    def alt(self, stats: Stats) -> str:
        return (
            f"An image of class {stats['class']}, and all {stats['channels']} maps of layer {stats['layer']} in a "
            f"grid, each {stats['height']} by {stats['width']}: {stats['silent']} of them are zero everywhere, "
            f"{stats['zeros']:.0%} of all values are zero. Bars compare the share of zeros over {stats['images']} "
            f"images: {stats['network']['first']['zeros']:.0%} in {stats['first_layer']} and "
            f"{stats['network']['last']['zeros']:.0%} in {stats['layer']}; with random weights "
            f"{stats['random']['first']['zeros']:.0%} and {stats['random']['last']['zeros']:.0%}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        exact = "" if stats["rectified"] else f"the maps of {stats['layer']} do not come from a ReLU"
        ours, random = stats["network"], stats["random"]
        first, last = f"`{stats['first_layer']}`", f"`{stats['layer']}`"
        name = self.name()
        return [
            tendency(
                f"{name}.sparser_than_first",
                f"More values are zero in the last maps ({last}) than in the first ({first}).",
                {"zeros_first": ours["first"]["zeros"], "zeros_last": ours["last"]["zeros"]},
                stats["sparser_than_first"],
                source="cs231n",
                undecided=exact,
            ),
            tendency(
                f"{name}.sparser_than_random",
                f"More values are zero in {last} than with random weights.",
                {"zeros_here": ours["last"]["zeros"], "zeros_random": random["last"]["zeros"]},
                stats["sparser_than_random"],
                source="cs231n",
                undecided=exact,
            ),
            tendency(
                f"{name}.more_local_than_random",
                f"A map of {last} that responds exceeds half of its maximum on a smaller part of its area "
                "than with random weights.",
                {"area_here": ours["last"]["area"], "area_random": random["last"]["area"]},
                stats["more_local_than_random"],
                source="cs231n",
            ),
        ]


def _compared(ours: np.ndarray, random: np.ndarray, rng: np.random.Generator) -> dict[str, object]:
    """Means by network and layer, and the intervals of three differences.

    `ours` (2 layers, 2 numbers, images) against the first layer image by image; its means against those of `random`
    (controls, 2 layers, 2 numbers), on the same images.
    """
    means = ours.mean(axis=2)
    (zeros, area), (random_zeros, random_area) = means[1], random[:, 1].T
    return {
        "network": _by_layer(means),
        "random": _by_layer(random.mean(axis=0)),
        "sparser_than_first": list(mean_interval(ours[1, 0] - ours[0, 0], rng)),
        "sparser_than_random": list(above_controls(zeros, random_zeros, rng)),
        "more_local_than_random": list(above_controls(-area, -random_area, rng)),
    }


def _by_layer(means: np.ndarray) -> dict[str, dict[str, float]]:
    return {
        place: {"zeros": float(zeros), "area": float(area)}
        for place, (zeros, area) in zip(("first", "last"), means, strict=True)
    }


def _bars(axes: Axes, stats: Stats) -> None:
    places = [stats["first_layer"], stats["layer"]]
    for k, (net, label) in enumerate((("network", "this network"), ("random", "random weights"))):
        shares = [stats[net][place]["zeros"] for place in ("first", "last")]
        axes.bar(np.arange(2) + 0.4 * (k - 0.5), shares, width=0.36, label=label, color=style.COLOURS[(0, 6)[k]])
    axes.set_xticks(range(2), [style.short(place, 14) for place in places])
    axes.set_ylim(0, 1)
    axes.set_ylabel("share of zeros")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1))
