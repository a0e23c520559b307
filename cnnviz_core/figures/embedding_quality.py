"""Whether images that are near each other by their features, or on a map of the codes, are of one class; by layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval, mean_told
from cnnviz_core.methods.groups import groups_of
from cnnviz_core.methods.neighbours import chance_purity, label_purity, nearest, trustworthiness
from cnnviz_core.methods.sampling import spread
from cnnviz_core.methods.tsne import tsne, usual_perplexity
from cnnviz_core.small_images import small_images

LEAST = 10  # images
ENOUGH = 20  # images from which on a tendency is judged
EXACT = 1e-12


@dataclass(frozen=True)
class EmbeddingQuality(Figure):
    """Purity of neighbors by pixels, by each layer and on the map; and how far the map keeps the neighbors of each."""

    images: int
    layers: int
    neighbours: int
    side: int
    components: int
    iterations: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "layers", "neighbours", "side", "components", "batch")
        self.check_at_least(LEAST, "images")
        self.check_at_least(250, "iterations")
        if (count := min(self.images, len(lab.dataset))) < LEAST:
            return f"neighbors need at least {LEAST} images, and {lab.dataset.name} has {count}"
        return None

    def compute(self, lab: Lab) -> Result:
        rng, ids = lab.rng(self.name()), lab.spread(self.images)
        spaces = {"pixels": small_images(lab, ids, self.side, self.batch), **self._layers(lab, ids)}
        codes = spaces[lab.model.codes_layer]
        chosen = usual_perplexity(len(ids))
        found = tsne(
            codes, perplexity=chosen, components=self.components, iterations=self.iterations, rng=lab.rng("tsne")
        )
        k = min(self.neighbours, (len(ids) - 1) // 2)
        grouped = groups_of(lab.dataset.labels[ids], lab.dataset.class_names, lab.dataset.families, 2)
        trust = {name: trustworthiness(points, found.place, k) for name, points in spaces.items()}
        purity = {} if grouped is None else _purities({**spaces, "map": found.place}, grouped[0], k)
        arrays = {f"trust {name}": values for name, values in trust.items()}
        return Result(
            arrays | {f"purity {name}": values for name, values in purity.items()},
            {
                "images": len(ids),
                "neighbours": k,
                "spaces": list(spaces),
                "codes": lab.model.codes_layer,
                "perplexity": chosen,
                "enough": len(ids) >= ENOUGH,
                "grouped_by": None if grouped is None else grouped[2],
                "groups": 0 if grouped is None else len(grouped[1]),
                "trust": {name: mean_told(values, rng) for name, values in trust.items()},
                "purity": {name: mean_told(values, rng) for name, values in purity.items()},
                "trust_by_chance": float(trustworthiness(codes, rng.permutation(found.place), k).mean()),
                "trust_in_itself": float(trustworthiness(found.place, found.place, k).min()),
                **_differences(trust, purity, lab.model.codes_layer, list(spaces), rng),
            },
        )

    def _layers(self, lab: Lab, ids: Sequence[int]) -> dict[str, np.ndarray]:
        """The features of some layers in order, those of the codes last; maps are averaged over their places."""
        codes = lab.sweep().codes
        every = list(lab.model.layers)
        names = [name for name in every[: every.index(lab.model.codes_layer)] if name in codes]
        places = spread(range(len(names)), min(self.layers - 1, len(names)))
        chosen = [*(names[k] for k in places), lab.model.codes_layer]
        return {name: np.asarray(codes[name][ids], dtype=float) for name in chosen}

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=3.0)
        panels = picture.subplots(1, 2 if stats["purity"] else 1, squeeze=False)[0]
        if stats["purity"]:
            what = "families" if stats["grouped_by"] == "family" else "classes"
            _by_space(panels[0], stats, "purity", f"neighbors of the same of {stats['groups']} {what}")
            panels[0].axhline(stats["purity"]["map"]["mean"], color=style.COLOURS[1], linewidth=0.9, label="on the map")
            chance = stats["purity"]["chance"]["mean"]
            panels[0].axhline(chance, color=style.COLOURS[6], linestyle="dashed", linewidth=0.9, label="chance")
            panels[0].set_ylim(0, 1.02)
            panels[0].legend()
        _by_space(panels[-1], stats, "trust", "trustworthiness of the map of codes")
        chance = stats["trust_by_chance"]
        panels[-1].axhline(chance, color=style.COLOURS[6], linestyle="dashed", linewidth=0.9, label="images shuffled")
        panels[-1].legend()
        return picture

    def alt(self, stats: Stats) -> str:
        parts = []
        if stats["purity"]:
            told = ", ".join(f"{name} {stats['purity'][name]['mean']:.0%}" for name in [*stats["spaces"], "map"])
            chance = stats["purity"]["chance"]["mean"]
            parts.append(f"The share of the nearest images of the same {stats['grouped_by']}: {told}; {chance:.0%} by "
                         "chance.")  # fmt: skip
        told = ", ".join(f"{name} {stats['trust'][name]['mean']:.2f}" for name in stats["spaces"])
        parts.append(
            f"How far the map of codes can be trusted, judged by the neighbors in pixels and in each layer: {told}; "
            f"{stats['trust_by_chance']:.2f} where the images have changed places."
        )
        return f"Dots with intervals over {stats['images']} images. {' '.join(parts)}"

    def claims(self, stats: Stats) -> list[Claim]:
        name, codes = self.name(), stats["codes"]
        few = "" if stats["enough"] else f"{stats['images']} images are too few to tell"
        claims = [
            identity(
                f"{name}.trust_in_itself",
                "Judged by its own neighbors the map can be trusted without exception: 1.",
                abs(stats["trust_in_itself"] - 1) <= EXACT,
                {"smallest": stats["trust_in_itself"]},
            ),
            tendency(
                f"{name}.trust",
                f"The map keeps the neighbors of the codes (`{codes}`), from which it was made, better than those of "
                "the pixels.",
                {"codes": stats["trust"][codes]["mean"], "pixels": stats["trust"]["pixels"]["mean"],
                 "images_shuffled": stats["trust_by_chance"]},
                stats["trust_above_pixels"],
                source="",
                undecided=few,
            ),
        ]  # fmt: skip
        texts = {
            "codes_above_pixels": "Neighbors by codes are more often of one {what} than neighbors by pixels.",
            "pixels_above_chance": "Neighbors by pixels are more often of one {what} than any two images.",
            "deeper_is_purer": "Neighbors by codes are more often of one {what} than those of the first layer.",
        }
        for key, text in texts.items():
            claims.append(self._pure(f"{name}.{key}", text, key, stats, few))
        return claims

    def _pure(self, name: str, text: str, key: str, stats: Stats, few: str) -> Claim:
        text = text.format(what=stats["grouped_by"] or "class")
        if not stats["purity"]:
            reason = "no two classes or families have two of the images"
            return Claim(name, text, "tendency", None, {}, undecided=reason)
        shown = {"codes": stats["codes"], "first_layer": stats["spaces"][1], "pixels": "pixels", "chance": "chance"}
        measured = {each: stats["purity"][space]["mean"] for each, space in shown.items()}
        return tendency(name, text, measured, stats[key], source="cs231n" if "codes" in key else "", undecided=few)


def _purities(spaces: dict[str, np.ndarray], groups: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Of each image in a group the share of its neighbors in the same one, by space, and what chance gives."""
    told = groups >= 0
    found = {name: label_purity(nearest(points, k), groups)[told] for name, points in spaces.items()}
    alone = np.where(told, groups, groups.max() + 1 + np.arange(len(groups)))
    return {**found, "chance": chance_purity(alone)[told]}


def _differences(
    trust: dict[str, np.ndarray], purity: dict[str, np.ndarray], codes: str, spaces: list[str], rng: np.random.Generator
) -> dict[str, Any]:
    found = {"trust_above_pixels": list(mean_interval(trust[codes] - trust["pixels"], rng))}
    if purity:
        pairs = {"codes_above_pixels": (codes, "pixels"), "pixels_above_chance": ("pixels", "chance"),
                 "deeper_is_purer": (codes, spaces[1])}  # fmt: skip
        for key, (more, less) in pairs.items():
            found[key] = list(mean_interval(purity[more] - purity[less], rng))
    return found


def _by_space(axes: Axes, stats: Stats, key: str, title: str) -> None:
    """A dot with its interval for the pixels and for each layer."""
    for place, name in enumerate(stats["spaces"]):
        number = stats[key][name]
        colour = style.COLOURS[6] if name == "pixels" else style.COLOURS[0]
        axes.plot([place] * 2, number["interval"], color=colour)
        axes.plot(place, number["mean"], "o", color=colour, markersize=4)
    layers = range(1, len(stats["spaces"]))
    means = [stats[key][stats["spaces"][place]]["mean"] for place in layers]
    axes.plot(layers, means, color=style.COLOURS[0], linewidth=0.7)
    names = [style.short(name, 16) for name in stats["spaces"]]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_title(title)
    axes.grid(axis="y")
