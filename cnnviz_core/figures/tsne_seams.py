"""The grid of images with seams: red between neighbors whose codes are far apart, black where they are close."""

from dataclasses import dataclass

import numpy as np

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.assignment import filled, grid_size, on_grid
from cnnviz_core.methods.bootstrap import difference_interval
from cnnviz_core.methods.montage import seamed, thumbnails
from cnnviz_core.methods.seams import random_pairs, seams
from cnnviz_core.methods.tsne import perplexity_problem, tsne, usual_perplexity

LEAST = 10  # images
RATIO = 1.25  # width of the grid to its height, as in tsne_grid
CHUNK = 32  # images read at once
SEAM = 0.15  # width of a seam, as a share of the side of a tile
ENDS = (1, 99)  # percentiles of the distances that are black and bright red


@dataclass(frozen=True)
class TsneSeams(Figure):
    """Distances of the full codes between adjacent tiles of the grid that `tsne_grid` makes with the same settings."""

    images: int
    components: int
    perplexity: float | None
    iterations: int
    exact: int
    pairs: int
    width: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "components")
        self.check_at_least(100, "width")
        self.check_at_least(2, "pairs")
        self.check_at_least(0, "exact")
        self.check_at_least(LEAST, "images")
        self.check_at_least(250, "iterations")
        count = min(self.images, len(lab.dataset))
        if count < LEAST:
            return f"a map needs at least {LEAST} images, and {lab.dataset.name} has {count}"
        if self.perplexity is not None and (problem := perplexity_problem(self.perplexity, count)):
            raise InputError(f"figure.{self.name()}.perplexity={self.perplexity} {problem}")
        return None

    def compute(self, lab: Lab) -> Result:
        rng, ids = lab.rng(self.name()), np.array(lab.spread(self.images))
        codes = np.asarray(lab.sweep().codes[lab.model.codes_layer][ids])
        # the generator has one name for all figures of the map, so that equal settings give equal maps
        found = tsne(
            codes, perplexity=self.perplexity or usual_perplexity(len(ids)), components=self.components,
            iterations=self.iterations, rng=lab.rng("tsne"),
        )  # fmt: skip
        size = grid_size(len(ids), RATIO)
        cells = filled(on_grid(found.place, size), size, exact=self.exact).cells
        on_cells = codes[cells].reshape(*size, -1)
        right, below = seams(on_cells)
        back = [found[::-1, ::-1] for found in seams(on_cells[::-1, ::-1])]
        every, pairs = np.concatenate([right.ravel(), below.ravel()]), random_pairs(codes, self.pairs, rng)
        shown = ids[cells].tolist()
        side = min(max(self.width // size[1], 8), *lab.model.size)
        chunks = [shown[start : start + CHUNK] for start in range(0, len(shown), CHUNK)]
        tiles = [thumbnails(lab.pixels(chunk), side) for chunk in lab.track(chunks, "small pictures")]
        return Result(
            {"tiles": np.concatenate(tiles), "right": right, "below": below},
            {
                "layer": lab.model.codes_layer,
                "width": codes.shape[1],
                "rows": size[0],
                "columns": size[1],
                "seams": len(every),
                "asymmetry": max(
                    float(np.abs(a - b).max(initial=0)) for a, b in zip((right, below), back, strict=True)
                ),
                "seam": float(every.mean()),
                "pair": float(pairs.mean()),
                "ratio": float(every.mean() / pairs.mean()) if pairs.any() else None,
                "wider_than_pairs": float((every > np.median(pairs)).mean()),
                "low": float(np.percentile(every, ENDS[0])),
                "high": float(np.percentile(every, ENDS[1])),
                "interval": list(difference_interval(pairs, every, rng)),
            },
        )

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        rows, columns, side = stats["rows"], stats["columns"], arrays["tiles"].shape[1]
        low, high = stats["low"], max(stats["high"], stats["low"] + 1e-12)
        colours = [
            (255 * style.coloured(arrays[name], low=low, high=high, map=style.BLACK_TO_RED)).round().astype(np.uint8)
            for name in ("right", "below")
        ]
        tiles = arrays["tiles"].reshape(rows, columns, side, side, 3)
        whole = seamed(tiles, *colours, width=max(round(SEAM * side), 1))
        picture = style.picture(height=(style.WIDTH - 0.6) * rows / columns + 0.1, dpi=300)
        axes = picture.subplots()
        style.show_image(axes, whole)
        scale = style.scale(low, high, style.BLACK_TO_RED)
        style.colour_bar(scale, axes, f"distance of neighbors' codes ({stats['layer']})")
        return picture

    def alt(self, stats: Stats) -> str:
        return (
            f"The grid of {stats['rows']} x {stats['columns']} images with seams between them, from black where the "
            f"codes of neighbors differ by {stats['low']:.3g} or less to bright red for {stats['high']:.3g} or more. "
            f"The mean over all seams is {stats['seam']:.3g}, that of random pairs {stats['pair']:.3g}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name = self.name()
        return [
            identity(
                f"{name}.symmetric",
                "Computed from the last tile to the first, every seam is as wide as from the first to the last.",
                stats["asymmetry"] <= 1e-9 * max(stats["high"], 1),
                {"seams": stats["seams"], "largest_difference": stats["asymmetry"]},
            ),
            tendency(
                f"{name}.close",
                "The codes of neighbors in the grid are closer to each other than those of random pairs of images.",
                {"mean_seam": stats["seam"], "mean_of_pairs": stats["pair"]},
                stats["interval"],
                source="",
            ),
        ]
