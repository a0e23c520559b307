"""The map of codes pulled into a grid in which every cell has an image and no image comes twice."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnviz_core import style
from cnnviz_core.claim import identity
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.assignment import cost, filled, greedy, grid_size, on_grid
from cnnviz_core.methods.grid import tiled
from cnnviz_core.methods.montage import thumbnails
from cnnviz_core.methods.tsne import perplexity_problem, tsne, usual_perplexity

LEAST = 10  # images
RATIO = 1.25  # width of the grid to its height
CHUNK = 32  # images read at once


@dataclass(frozen=True)
class TsneGrid(Figure):
    """The images in a grid, each as near to its place on the map as all others allow."""

    images: int
    components: int
    perplexity: float | None
    iterations: int
    exact: int
    width: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "components")
        self.check_at_least(100, "width")
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
        ids = np.array(lab.spread(self.images))
        codes = np.asarray(lab.sweep().codes[lab.model.codes_layer][ids])
        # the generator has one name for all figures of the map, so that equal settings give equal maps
        found = tsne(
            codes, perplexity=self.perplexity or usual_perplexity(len(ids)), components=self.components,
            iterations=self.iterations, rng=lab.rng("tsne"),
        )  # fmt: skip
        size = grid_size(len(ids), RATIO)
        points = on_grid(found.place, size)
        grid = filled(points, size, exact=self.exact)
        moves = np.sqrt(((points[grid.cells] - np.argwhere(np.ones(size))) ** 2).sum(axis=1))
        shown = ids[grid.cells].tolist()
        side = min(max(self.width // size[1], 8), *lab.model.size)
        chunks = [shown[start : start + CHUNK] for start in range(0, len(shown), CHUNK)]
        tiles = [thumbnails(lab.pixels(chunk), side) for chunk in lab.track(chunks, "small pictures")]
        return Result(
            {"tiles": np.concatenate(tiles), "cells": np.array(shown)},
            {
                "images": len(ids),
                "layer": lab.model.codes_layer,
                "rows": size[0],
                "columns": size[1],
                "cells": len(shown),
                "left_out": len(ids) - len(shown),
                "seed": lab.seed,
                "perplexity": float(found.perplexity),
                "divergence": found.divergence,
                **_quality(points, size, grid.cells, moves),
                "optimal": grid.optimal,
                "excess": grid.cost / grid.bound - 1 if grid.bound > 0 else None,
            },
        )

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=style.WIDTH * stats["rows"] / stats["columns"] + 0.3, dpi=300)
        whole = tiled(result.arrays["tiles"] / 255, columns=stats["columns"], pad=0)
        style.show_image(
            picture.subplots(),
            whole,
            f"{stats['rows']} × {stats['columns']} images by their codes ({stats['layer']}), moved by "
            f"{stats['move']:.1f} cells on average",
        )
        return picture

    def alt(self, stats: Stats) -> str:
        return (
            f"A grid of {stats['rows']} rows and {stats['columns']} columns of small pictures without gaps, in which "
            f"images with similar codes ({stats['layer']}) stand near each other. They were moved from their places on "
            f"the map by {stats['move']:.1f} cells on average."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name = self.name()
        return [
            identity(
                f"{name}.one_to_one",
                "Every cell of the grid has an image, and no image is in two cells.",
                stats["filled"] == stats["cells"] == stats["different"],
                {"cells": stats["cells"], "filled": stats["filled"], "different_images": stats["different"]},
            ),
            identity(
                f"{name}.not_worse",
                "The images are not farther from their places, by the sum of squares, than when cell after cell takes "
                "the nearest image that is left.",
                stats["cost"] <= stats["greedy_cost"] * (1 + 1e-9),
                {"sum_of_squares": stats["cost"], "cell_after_cell": stats["greedy_cost"]},
            ),
        ]


def _quality(points: np.ndarray, size: tuple[int, int], cells: np.ndarray, moves: np.ndarray) -> dict[str, Any]:
    """How far images had to move, in cells, and how far they would have if cell after cell took the nearest."""
    scan = greedy(points, size)
    scan_moves = np.sqrt(((points[scan] - np.argwhere(np.ones(size))) ** 2).sum(axis=1))
    return {
        "filled": len(cells),
        "different": len(np.unique(cells)),
        "cost": cost(points, size, cells),
        "greedy_cost": cost(points, size, scan),
        "move": float(moves.mean()),
        "longest_move": float(moves.max()),
        "greedy_move": float(scan_moves.mean()),
        "greedy_longest_move": float(scan_moves.max()),
    }
