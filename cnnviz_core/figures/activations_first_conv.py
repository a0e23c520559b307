"""The maps of the first convolution, after its non-linearity, for one image."""

from dataclasses import dataclass

import numpy as np
import torch

from cnnviz_core import style
from cnnviz_core.claim import identity
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.grid import square_columns, tiled
from cnnviz_core.methods.sparsity import silent, zero_share


@dataclass(frozen=True)
class ActivationsFirstConv(Figure):
    """The first maps of the network in one grid of one scale, as in the CS231n notes."""

    image: int | None
    search: int
    maps: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("image", lab)
        self.check_at_least(1, "search", "maps")
        if lab.model.first_conv is None:
            return f"the first layer of {lab.model.name} is no convolution, so that its outputs are no maps"
        return None

    def compute(self, lab: Lab) -> Result:
        conv = lab.model.first_conv
        assert conv is not None
        layer = lab.model.rectified(conv)
        index = self.image if self.image is not None else lab.examples(1, self.search)[0]
        pixels = lab.pixels([index])
        with torch.no_grad():
            (maps,) = (found.float().cpu() for found in lab.model.activations(pixels, layer.name))
        rest = maps.flatten(1)
        return Result(
            {"image": _eight_bit(pixels[0]), "maps": maps[0, : self.maps].numpy()},
            {
                "layer": layer.name,
                "kind": layer.kind,
                "rectified": layer.rectified,
                "channels": layer.shape[0],
                "shown": min(self.maps, layer.shape[0]),
                "height": layer.shape[1],
                "width": layer.shape[2],
                "image": lab.dataset.ids[index],
                "class": lab.dataset.class_names[lab.dataset.labels[index]],
                "lowest": rest.min().item(),
                "highest": rest.max().item(),
                "zeros": zero_share(maps).item(),
                "silent": int(silent(maps).sum()),
            },
        )

    def draw(self, result: Result) -> Picture:
        maps, stats = result.arrays["maps"], result.stats
        low, high, colours = style.span(maps)
        picture = style.picture(height=4.1)
        left, right = picture.subplots(1, 2, width_ratios=[1, 2.1])
        style.show_image(left, result.arrays["image"], style.short(f"input: {stats['class']}", 30))
        whole = tiled(
            style.coloured(maps, low=low, high=high, map=colours),
            columns=square_columns(len(maps)),
            pad=max(1, maps.shape[2] // 50),
        )
        count = "all" if stats["shown"] == stats["channels"] else f"{stats['shown']} of"
        style.show_image(right, whole, f"{stats['layer']}: {count} {stats['channels']} maps")
        style.colour_bar(style.scale(low, high, colours), right, "activation")
        return picture

    def alt(self, stats: Stats) -> str:
        signs = "black where they are zero" if stats["rectified"] else "white at zero, red above it and blue below it"
        return (
            f"On the left an image of class {stats['class']}. On the right a grid of {stats['shown']} of the "
            f"{stats['channels']} maps of layer {stats['layer']}, each {stats['height']} by {stats['width']}, {signs}. "
            f"{stats['zeros']:.0%} of all values are zero; {stats['silent']} maps are zero everywhere."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name = self.name()
        sparse = Claim(
            name=f"{name}.sparse",
            text=f"Most values of the maps of the first convolution (`{stats['layer']}`) are exactly zero.",
            kind="tendency",
            holds=stats["zeros"] > 0.5 if stats["rectified"] else None,
            measured={"share_of_zeros": stats["zeros"]},
            source="cs231n",
            undecided="" if stats["rectified"] else f"the maps of {stats['layer']} do not come from a ReLU",
        )
        if not stats["rectified"]:
            return [sparse]
        lowest = {"lowest_value": stats["lowest"]}
        nonnegative = identity(
            f"{name}.nonnegative", "No value after a ReLU is below zero.", stats["lowest"] >= 0, lowest
        )
        return [nonnegative, sparse]


def _eight_bit(pixels: torch.Tensor) -> np.ndarray:
    return (pixels.float().cpu() * 255).round().byte().numpy()
