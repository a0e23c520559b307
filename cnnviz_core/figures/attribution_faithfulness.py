"""Whether the pixels that a map calls important are: deletion, insertion, and whether they are on the object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.attributions import TITLES, Constants, attributions, magnitude, possible
from cnnviz_core.methods.blind_maps import RANDOM, blind_maps
from cnnviz_core.methods.blind_maps import TITLES as BLIND
from cnnviz_core.methods.blur import blurred
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.faithfulness import by_map, on_object
from cnnviz_core.methods.occlusion import probabilities
from cnnviz_core.methods.pointing import hits, inside_ratio, near
from cnnviz_core.methods.relu_rules import undefined
from cnnviz_core.methods.removal import ranked, replacement_logits

ROUNDING = 1e-5  # single precision, and another order of sums for another batch
ENOUGH = 8  # images from which on a method is compared with chance
AT_ONCE = 8  # images whose maps are made together
ACROSS = 4  # panels of curves side by side
FACES = (style.COLOURS[0], "white")  # of the dots of P and of the score
GAMES = ("deletion", "insertion")
DASHES = dict(zip(RANDOM, ((0, (4, 1.5)), (0, (1, 1))), strict=True))


@dataclass(frozen=True)
class AttributionFaithfulness(Figure):
    """Curves for every method beside those of random maps, and a row of four numbers for each."""

    images: int
    steps: int
    blur: float
    patches: float
    tolerance: float
    noise: float
    samples: int
    integration: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "samples", "integration", "batch")
        self.check_at_least(2, "steps")
        self.check_at_least(0, "tolerance")
        self.check_share("blur", "patches", "noise")
        return None

    def compute(self, lab: Lab) -> Result:
        rng, ids = lab.rng(self.name()), lab.spread(self.images)
        why = undefined(lab.model, lab.pixels(ids[:1]), "guided")
        layer = lab.model.last_maps
        names = possible(list(TITLES), ruled=why is None, maps=layer is not None)
        shares = np.linspace(0, 1, self.steps + 1) ** 2
        curves, located, ends = [], [], []
        chunks = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
        for chunk in lab.track(chunks, "deletion and insertion"):
            pixels = lab.pixels(chunk)
            with torch.no_grad():
                outputs = lab.model(pixels).argmax(dim=1)
            for k, maps in enumerate(self._maps(lab, pixels, outputs, names, rng)):
                ranks = ranked(maps, rng)
                found, error = self._curves(lab, pixels[k], int(outputs[k]), ranks, shares)
                curves.append(found)
                ends.append(error)
                located += self._on_object(lab, chunk[k], maps, ranks)
        stacked = {key: np.stack([each[key] for each in curves]) for key in curves[0]}
        runs = len([*names, *BLIND]) * (self.steps - 1) + 2  # of one game and one image: the ends are run once
        pairs = [(stacked[game], stacked[f"{game}_score"]) for game in GAMES]
        keys, arrays = [*names, *BLIND], {game: stacked[game] for game in GAMES}
        return Result(
            {"shares": shares, **arrays},
            {
                "images": len(ids),
                "steps": self.steps,
                "enough": len(ids) >= ENOUGH,
                "runs": 2 * runs,
                "passes": 2 * -(-runs // self.batch),
                "blur": self.blur * min(lab.model.size),
                "tolerance": self.tolerance * min(lab.model.size),
                "methods": list(names),
                "titles": {**TITLES, **BLIND},
                "undefined": why,
                "layer": None if layer is None else layer.name,
                "clean": float(arrays["deletion"][:, 0, 0].mean()),
                "covered": float(arrays["deletion"][:, 0, -1].mean()),
                "blurred": float(arrays["insertion"][:, 0, 0].mean()),
                "ends": max(ends),
                "rows": by_map(keys, shares, pairs[0], pairs[1], rng),
                "located": _located(keys, located, rng),
            },
        )

    def _maps(
        self, lab: Lab, pixels: Tensor, outputs: Tensor, names: Sequence[str], rng: np.random.Generator
    ) -> np.ndarray:
        """The maps (n, maps, h, w) of the methods and then the blind ones, from 0 up."""
        layer = lab.model.last_maps
        constants = Constants(
            baseline=torch.tensor(lab.model.mean), layer=None if layer is None else layer.name,
            averaged=None if lab.model.averaged is None else lab.model.averaged.name,
            samples=self.samples, noise=self.noise, steps=self.integration,
        )  # fmt: skip
        found = attributions(lab.model, pixels, outputs.to(pixels.device), names, constants, rng)
        told = [magnitude(name, found[name]).double().cpu().numpy() for name in names]
        blind = blind_maps(pixels.cpu().numpy(), rng, patches=self.patches * min(lab.model.size))
        return np.stack([*told, *blind.values()], axis=1)

    def _curves(
        self, lab: Lab, image: Tensor, output: int, ranks: np.ndarray, shares: np.ndarray
    ) -> tuple[dict[str, np.ndarray], float]:
        """P and raw score (maps, steps) of both games, and how far their ends are from the images without any map."""
        grey = torch.tensor(lab.model.mean).to(image)[:, None, None].expand_as(image)
        soft = blurred(image[None], self.blur * min(lab.model.size))[0]
        curves, error = {}, 0.0
        for game, first, second in (("deletion", image, grey), ("insertion", soft, image)):
            logits = replacement_logits(lab.model, first, second, ranks, shares, batch=self.batch)
            curves[game], curves[f"{game}_score"] = probabilities(logits)[..., output], _numbers(logits[..., output])
            with torch.no_grad():
                alone = probabilities(lab.model(torch.stack([first, second])))[:, output]
            error = max(error, float(np.abs(curves[game][:, [0, -1]] - alone).max()))
        return curves, error

    def _on_object(
        self, lab: Lab, i: int, maps: np.ndarray, ranks: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray, float, float]]:
        """Hits and ratios of the maps, the share of pixels that are hits, and the ratio of a map that says nothing.

        None of it where it is not known where the object is, or the object is nowhere or everywhere.
        """
        masks = lab.masks([i])
        if masks is None or not 0 < masks[0].mean() < 1:
            return []
        target = near(masks[0], self.tolerance * min(lab.model.size))
        even = inside_ratio(np.ones((1, *target.shape)), masks[0])[0]
        return [(hits(ranks, target), inside_ratio(maps, masks[0]), float(target.mean()), float(even))]

    def draw(self, result: Result) -> Picture:
        stats, rows = result.stats, -(-len(result.stats["methods"]) // ACROSS)
        heights = 1.25 * rows + 0.45, 0.15 * len(stats["rows"]) + 0.75
        picture = style.picture(height=sum(heights))
        above, below = np.asarray(picture.subfigures(2, 1, height_ratios=heights))
        panels = above.subplots(rows, ACROSS, sharex=True, sharey=True, squeeze=False)
        for axes, name in zip(panels.flat, stats["methods"], strict=False):
            _curves(axes, result, name)
        for axes in panels.flat[len(stats["methods"]) :]:
            axes.set_axis_off()
        lines = panels[0, 0].get_legend_handles_labels()[0]
        lines += [Line2D([], [], color=style.COLOURS[6], linestyle=dashes, linewidth=0.8) for dashes in DASHES.values()]
        titles = [*GAMES, *(f"in the order of {BLIND[blind]}" for blind in RANDOM)]
        above.legend(lines, titles, loc="outside upper center", ncols=4)
        above.supxlabel("share of the pixels deleted or inserted, those first that the map calls important", fontsize=8)
        above.supylabel("P(predicted class)", fontsize=8)
        _dots(below, stats)
        return picture

    def alt(self, stats: Stats) -> str:
        shown = "; ".join(
            f"{stats['titles'][name]} {row['deletion']['mean']:.2f} and {row['insertion']['mean']:.2f}"
            for name, row in stats["rows"].items()
        )
        located = stats["located"].get("rows", {})
        places = "; ".join(
            f"{stats['titles'][name]} {row['pointing']['mean']:.0%} and {row['ratio']['mean']:.1f}"
            for name, row in located.items()
        )
        on_objects = f" Maxima on the object, and how many times as large the map is there: {places}." if places else ""
        return (
            f"For each of {len(stats['methods'])} methods the probability of the predicted class, mean of "
            f"{stats['images']} images, while the pixels are deleted or inserted in the order of its map, with bands, "
            f"beside random orders; below, dots with intervals for every method and for maps that know nothing of the "
            f"network. Areas under the curves of deletion and insertion: {shown}.{on_objects}"
        )

    def claims(self, stats: Stats) -> list[Claim]:
        claims = [
            identity(
                f"{self.name()}.same_ends",
                "Whatever the order, deletion leads from the image to one color, and insertion from the blurred "
                "image to the image: there the curves of all methods meet, at the probabilities of these images.",
                stats["ends"] <= ROUNDING,
                {"largest_difference": stats["ends"]},
            )
        ]
        if stats["located"]:
            even = stats["located"]["even"]
            text = "A map that is the same all over is as large on the object as elsewhere."
            claims.append(identity(f"{self.name()}.even_map", text, abs(even - 1) <= 1e-9, {"ratio": even}))
        return claims + [self._beats_chance(name, stats) for name in stats["methods"]]

    def _beats_chance(self, name: str, stats: Stats) -> Claim:
        row, title = stats["rows"][name], stats["titles"][name]
        chance = min(RANDOM, key=lambda blind: float(row["above"][blind]["mean"]))
        return tendency(
            f"{self.name()}.{name}",
            f"{title[0].upper() + title[1:]}: its order of the pixels tells more than chance. The area under insertion "
            "exceeds that under deletion by more than in a random order, of pixels as of patches.",
            {
                "insertion_minus_deletion": row["gap"],
                f"the_same_for_{BLIND[chance].replace(' ', '_')}": stats["rows"][chance]["gap"],
            },
            row["above"][chance]["interval"],
            source="petsiuk2018",
            undecided=f"{stats['images']} images are too few to tell" if not stats["enough"] else "",
        )


def _numbers(values: Tensor) -> np.ndarray:
    found: np.ndarray = values.double().cpu().numpy()
    return found


def _located(
    names: Sequence[str], found: Sequence[tuple[np.ndarray, np.ndarray, float, float]], rng: np.random.Generator
) -> dict[str, Any]:
    """What `_on_object` found, over all images; empty where nothing is known."""
    if not found:
        return {}
    hit, ratio, chance, even = (np.stack(each) for each in zip(*found, strict=True))
    return {
        "images": len(found),
        "chance": float(chance.mean()),
        "even": float(even.mean()),
        "rows": on_object(names, hit, ratio, rng),
    }


def _curves(axes: Axes, result: Result, name: str) -> None:
    """The mean curves of one method with bands, over those of the random maps."""
    rng, names = np.random.default_rng(0), list(result.stats["rows"])
    shares = result.arrays["shares"]
    for game, colour in zip(GAMES, style.COLOURS, strict=False):
        for blind, dashes in DASHES.items():
            mean = result.arrays[game][:, names.index(blind)].mean(axis=0)
            axes.plot(shares, mean, color=colour, linestyle=dashes, linewidth=0.8)
        found = result.arrays[game][:, names.index(name)]
        axes.plot(shares, found.mean(axis=0), color=colour, label=game)
        low, high = np.array([mean_interval(column, rng) for column in found.T]).T
        axes.fill_between(shares, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_title(TITLES[name], fontsize=7)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])


def _lines(key: str, rows: Mapping[str, Any], located: Stats) -> list[tuple[float, Any]]:
    """What chance gives, and how it is dashed."""
    if key in GAMES:
        return [(rows[blind][key]["mean"], dashes) for blind, dashes in DASHES.items()]
    return [(located["chance" if key == "pointing" else "even"], "solid")]


def _dots(part: Any, stats: Stats) -> None:
    """A row for each map, a column for each number, with lines at the random maps."""
    titles = {
        "deletion": "deletion: area\n(less is better)", "insertion": "insertion: area\n(more is better)",
        "pointing": "points at the object", "ratio": "times as large\non the object",
    }  # fmt: skip
    shown = list(titles)[: 4 if stats["located"] else 2]
    panels = part.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    heights = np.arange(len(stats["rows"])) + 0.6 * (np.arange(len(stats["rows"])) >= len(stats["methods"]))
    for axes, key in zip(panels, shown, strict=True):
        rows = stats["rows"] if key in GAMES else stats["located"]["rows"]
        for place, dashes in _lines(key, rows, stats["located"]):
            axes.axvline(place, color=style.COLOURS[6], linestyle=dashes, linewidth=0.8)
        for height, (name, row) in zip(heights, rows.items(), strict=True):
            colour = style.COLOURS[6] if name in BLIND else style.COLOURS[0]
            score = row.get(f"{key}_score")
            for number, face, down in ((row[key], colour, 0.0), *([(score, "white", 0.3)] if score else [])):
                axes.plot(number["interval"], [height + down] * 2, color=colour, linewidth=1)
                axes.plot(number["mean"], height + down, "o", color=colour, markerfacecolor=face, markersize=3)
        axes.set_title(titles[key], fontsize=7)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(heights, [stats["titles"][name] for name in stats["rows"]])
    panels[0].set_ylim(heights[-1] + 0.7, -0.7)
    marks = [Line2D([], [], color=style.COLOURS[0], marker="o", markersize=3, markerfacecolor=face) for face in FACES]
    part.legend(marks, ["of P", "of the score's share"], loc="outside lower left", ncols=2)
