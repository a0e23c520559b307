"""What a map by t-SNE does not mean: planted clouds and noise, and the same codes with other perplexities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval, mean_told
from cnnviz_core.methods.groups import groups_of
from cnnviz_core.methods.neighbours import nearest, trustworthiness
from cnnviz_core.methods.planted_clouds import clumping, distance_ratio, size_ratio, two_distances, two_sizes
from cnnviz_core.methods.tsne import Map, tsne

LEAST = 20  # images
COLOURED = 7  # groups that are told apart by color
USUAL, LOW = 30.0, 2.0  # perplexities of the planted sets
EXACT = 1e-3
SOURCE = "wattenberg2016"


@dataclass(frozen=True)
class TsneWarnings(Figure):
    """Planted points beside their maps, and maps of the same codes with one perplexity after another."""

    images: int
    perplexities: list[float]
    points: int
    dimensions: int
    sizes: float
    distances: float
    draws: int
    neighbours: int
    components: int
    iterations: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(LEAST, "images")
        self.check_at_least(100, "points")
        self.check_at_least(2, "dimensions", "draws", "components")
        self.check_at_least(1, "neighbours", "sizes", "distances")
        self.check_at_least(250, "iterations")
        if wrong := [value for value in self.perplexities if value <= 1] or not self.perplexities:
            raise InputError(f"figure.{self.name()}.perplexities={self.perplexities} must be above 1, and at least one"
                             f"{'' if wrong is True else f', not {wrong[0]:g}'}")  # fmt: skip
        if (count := min(self.images, len(lab.dataset))) < LEAST:
            return f"the maps need at least {LEAST} images, and {lab.dataset.name} has {count}"
        return None

    def compute(self, lab: Lab) -> Result:
        rng, ids = lab.rng(self.name()), lab.spread(self.images)
        drawn = [self._planted(rng) for _ in lab.track(range(self.draws), "planted points")]
        numbers = {key: np.array([each[key] for _, each in drawn]) for key in drawn[0][1]}
        codes = np.asarray(lab.sweep().codes[lab.model.codes_layer][ids], dtype=float)
        used = [float(value) for value in self.perplexities if value <= (len(ids) - 1) / 3]
        maps = [self._map(codes, value, lab.rng("tsne")) for value in lab.track(used, "perplexities")]
        groups, names = _colours(lab, ids)
        k = min(self.neighbours, (len(ids) - 1) // 2)
        return Result(
            {**drawn[0][0], "groups": groups, **{f"codes {i}": found.place for i, found in enumerate(maps)}},
            {
                "images": len(ids),
                "codes": lab.model.codes_layer,
                "points": self.points,
                "dimensions": self.dimensions,
                "draws": self.draws,
                "groups": names,
                "neighbours": k,
                "maps": [_told(found, codes, maps, k) for found in maps],
                "perplexity_error": max(_error(found) for found in maps) if maps else 0.0,
                **{key: mean_told(values, rng) for key, values in numbers.items()},
                "sizes_lost": list(mean_interval(np.log(numbers["sizes"] / numbers["sizes_map"]), rng)),
                "distances_lost": list(mean_interval(np.log(numbers["distances"] / numbers["distances_map"]), rng)),
                "clumps": list(mean_interval(np.log(numbers["noise_low"] / numbers["strewn"]), rng)),
            },
        )

    def _map(self, points: np.ndarray, perplexity: float, rng: np.random.Generator) -> Map:
        return tsne(points, perplexity=perplexity, components=self.components, iterations=self.iterations, rng=rng)

    def _planted(self, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """The points of one draw in their first two dimensions and on maps, and what is measured of both."""
        sizes, of_size = two_sizes(self.points, self.dimensions, self.sizes, rng)
        distances, of_distance = two_distances(self.points, self.dimensions, self.distances, rng)
        noise, strewn = rng.standard_normal((self.points, self.dimensions)), rng.random((self.points, 2))
        on_map = {
            "sizes map": self._map(sizes, USUAL, rng).place,
            "distances map": self._map(distances, USUAL, rng).place,
            "noise low": self._map(noise, LOW, rng).place,
            "noise usual": self._map(noise, USUAL, rng).place,
        }
        flat = {"sizes": sizes[:, :2], "distances": distances[:, :2], "noise": noise[:, :2], "strewn": strewn}
        return {**flat, **on_map, "of sizes": of_size, "of distances": of_distance}, {
            "sizes": size_ratio(sizes, of_size),
            "sizes_map": size_ratio(on_map["sizes map"], of_size),
            "distances": distance_ratio(distances, of_distance),
            "distances_map": distance_ratio(on_map["distances map"], of_distance),
            "noise_low": clumping(on_map["noise low"]),
            "noise_usual": clumping(on_map["noise usual"]),
            "strewn": clumping(strewn),
        }

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        rows = 2 + -(-len(stats["maps"]) // 4)
        picture = style.picture(height=1.85 * rows)
        panels = picture.subplots(rows, 4, squeeze=False)
        for axes, (key, colour, title) in zip(panels[:2].flat, _planted_panels(stats), strict=True):
            _dots(axes, arrays[key], None if colour is None else arrays[colour], title)
        for i, axes in enumerate(panels[2:].flat):
            if i >= len(stats["maps"]):
                axes.set_axis_off()
                continue
            told = stats["maps"][i]
            title = f"codes, perplexity {told['perplexity']:g}\ntrustworthiness {told['trust']:.2f}"
            _dots(axes, arrays[f"codes {i}"], arrays["groups"] if stats["groups"] else None, title)
        return picture

    def alt(self, stats: Stats) -> str:
        maps = "; ".join(f"{told['perplexity']:g}: {told['trust']:.2f}" for told in stats["maps"])
        return (
            f"Planted points in {stats['dimensions']} dimensions beside their maps: a cloud that is "
            f"{stats['sizes']['mean']:.1f} times as wide as another is {stats['sizes_map']['mean']:.1f} times as wide "
            f"on the map; a distance {stats['distances']['mean']:.1f} times as large as another is "
            f"{stats['distances_map']['mean']:.1f} times as large there; noise stands in small heaps with perplexity "
            f"{LOW:g} and in one round cloud with {USUAL:g}. Below, maps of the codes of {stats['images']} images, "
            f"with their trustworthiness by perplexity: {maps}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name = self.name()

        def ratio(key: str) -> dict[str, float]:
            return {"planted": stats[key]["mean"], "on_the_map": stats[f"{key}_map"]["mean"]}

        return [
            identity(
                f"{name}.perplexities",
                "Each map of codes has the perplexity that it is named for, in every row of $P$ in which it can be.",
                stats["perplexity_error"] <= EXACT,
                {"largest_error": stats["perplexity_error"]},
            ),
            tendency(
                f"{name}.sizes",
                "The map makes clouds of different width more alike than they are.",
                ratio("sizes"),
                stats["sizes_lost"],
                source=SOURCE,
            ),
            tendency(
                f"{name}.distances",
                "The map makes distances between clouds more alike than they are.",
                ratio("distances"),
                stats["distances_lost"],
                source=SOURCE,
            ),
            tendency(
                f"{name}.clumps",
                f"With perplexity {LOW:g} the map of noise stands in heaps: neighbor number ten is farther away, "
                "against the first, than among points strewn over a plane.",
                {"noise": stats["noise_low"]["mean"], "strewn": stats["strewn"]["mean"],
                 f"noise_with_perplexity_{USUAL:g}": stats["noise_usual"]["mean"]},
                stats["clumps"],
                source=SOURCE,
            ),
        ]  # fmt: skip


def _error(found: Map) -> float:
    """The largest error of a row's perplexity, of the rows in which fewer images than that are equally near."""
    possible = found.near.twins < found.perplexity
    return float(np.abs(found.near.perplexities - found.perplexity)[possible].max(initial=0))


def _told(found: Map, codes: np.ndarray, maps: Sequence[Map], k: int) -> dict[str, float]:
    """Of one map: how far it can be trusted, and how many neighbors it shares with the others on average."""
    own = nearest(found.place, k)
    shared = [_shared(own, nearest(other.place, k)) for other in maps if other is not found]
    return {
        "perplexity": found.perplexity,
        "divergence": found.divergence,
        "trust": float(trustworthiness(codes, found.place, k).mean()),
        "shared": float(np.mean(shared)) if shared else 1.0,
    }


def _shared(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in zip(first, second, strict=True)]))


def _colours(lab: Lab, ids: Sequence[int]) -> tuple[np.ndarray, list[str]]:
    """The family or class of each image and their names, where they are few enough for a color each."""
    data, labels = lab.dataset, lab.dataset.labels[ids]
    for names in (data.families, data.class_names):
        found = None if names is None else groups_of(labels, data.class_names, None, 1)
        if names is data.families and data.families is not None:
            every = list(dict.fromkeys(data.families))
            found = groups_of(np.array([every.index(name) for name in data.families])[labels], every, None, 1)
        if found is not None and len(found[1]) <= COLOURED:
            return found[0], found[1]
    return np.zeros(len(ids), dtype=int), []


def _planted_panels(stats: Stats) -> list[tuple[str, str | None, str]]:
    ratio = {key: (stats[key]["mean"], stats[f"{key}_map"]["mean"]) for key in ("sizes", "distances")}
    return [
        ("sizes", "of sizes", f"planted: one cloud\n{ratio['sizes'][0]:.1f} × as wide"),
        ("sizes map", "of sizes", f"its map:\n{ratio['sizes'][1]:.1f} × as wide"),
        ("distances", "of distances", f"planted: one distance\n{ratio['distances'][0]:.1f} × as large"),
        ("distances map", "of distances", f"its map:\n{ratio['distances'][1]:.1f} × as large"),
        ("noise", None, f"planted: noise\n(2 of {stats['dimensions']} dimensions)"),
        ("noise low", None, f"its map,\nperplexity {LOW:g}"),
        ("noise usual", None, f"its map,\nperplexity {USUAL:g}"),
        ("strewn", None, "points strewn\nat random"),
    ]


def _dots(axes: Axes, place: np.ndarray, groups: np.ndarray | None, title: str) -> None:
    colours = np.array(style.COLOURS)[np.zeros(len(place), dtype=int) if groups is None else groups]
    axes.scatter(place[:, 0], place[:, 1], s=4, c=colours, linewidths=0)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=7)
