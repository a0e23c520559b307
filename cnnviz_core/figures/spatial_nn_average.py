"""An image put together from the centers of other places with similar features (as in Long, Zhang and Darrell)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.center_patches import Patches, assembled, averaged, cut_patches, patches_of
from cnnviz_core.methods.place_neighbors import NOBODY, Search, columns
from cnnviz_core.methods.sampling import spread
from cnnviz_core.methods.window_errors import offsets, relative_errors, squared_errors
from cnnviz_core.network import Layer, Model

TWIN = 1e-5  # a cosine that is smaller than another by less than this is equal to it, in single precision
RANDOM = 4  # places drawn at random for each place that is measured


class _Plan(NamedTuple):
    """What is looked for, and where."""

    shown: list[int]
    measured: list[int]
    database: list[int]
    places: dict[str, np.ndarray]  # of each layer, (measured, places): those whose neighbors are measured

    def rows(self, images: Tensor) -> np.ndarray:
        """Where images stand in the database."""
        at = np.full(max(self.database) + 1, NOBODY)
        at[self.database] = np.arange(len(self.database))
        found: np.ndarray = at[images.cpu().numpy()]
        return found


@dataclass(frozen=True)
class SpatialNnAverage(Figure):
    """Exact nearest neighbors, by cosine, of the places of some images among all places of many others."""

    images: list[int] | None
    count: int
    search: int
    layers: list[str] | None
    layers_chosen: int
    most_places: int
    neighbors: list[int]
    database: int
    images_measured: int
    places_measured: int
    cells: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("images", lab)
        self.check_at_least(1, "count", "search", "layers_chosen", "most_places", "places_measured", "batch")
        self.check_at_least(2, "database", "images_measured")
        self.check_at_least(3, "cells")
        if not self.neighbors or min(self.neighbors) < 1:
            raise InputError(f"figure.{self.name()}.neighbors={self.neighbors} must be numbers of at least 1")
        if self.cells % 2 == 0:
            raise InputError(f"figure.{self.name()}.cells={self.cells} must be odd, so that one is in the middle")
        model = lab.model
        flat = [name for name in self.layers or [] if not model.layer(name).spatial]
        if flat:
            return f"layer {flat[0]} of {model.name} has no maps"
        if not (layers := self._layers(model)):
            return f"{model.name} has no layer of maps before its classifier"
        others = min(self.database, len(lab.dataset)) - 1
        fewest = min(layers, key=lambda layer: layer.shape[1] * layer.shape[2])
        if (there := others * fewest.shape[1] * fewest.shape[2]) < max(self.neighbors):
            needed = max(self.neighbors)
            return f"{fewest.name} of {model.name} has {there} places in other images, and {needed} are needed"
        return None

    def _layers(self, model: Model) -> list[Layer]:
        if self.layers:
            return [model.layer(name) for name in self.layers]
        if model.last_maps is None:
            return []
        order = list(model.layers)
        before = [
            layer for layer in model.ranked_layers if order.index(layer.name) <= order.index(model.last_maps.name)
        ]
        able = [layer for layer in before if layer.shape[1] * layer.shape[2] <= self.most_places] or [model.last_maps]
        return [able[k] for k in spread(range(len(able)), min(self.layers_chosen, len(able)))]

    def compute(self, lab: Lab) -> Result:
        rng, layers = lab.rng(self.name()), self._layers(lab.model)
        shown, measured = self.images or lab.examples(self.count, self.search), lab.spread(self.images_measured)
        sampled = {
            layer.name: np.stack([rng.permutation(layer.shape[1] * layer.shape[2])[: self.places_measured]
                                  for _ in measured])
            for layer in layers
        }  # fmt: skip
        plan = _Plan(shown, measured, lab.spread(self.database), sampled)
        pixels = {i: self._eight_bits(lab, [i])[0] for i in [*shown, *measured]}
        database = np.concatenate([self._eight_bits(lab, chunk) for chunk in self._chunks(plan.database)])
        untrained = lab.with_model(lab.model.randomised(rng))
        found = self._find(lab, layers, plan, [*shown, *measured])
        control = self._find(untrained, layers, plan, measured)
        arrays: dict[str, np.ndarray] = {f"image{k}": pixels[i] for k, i in enumerate(shown)}
        told = []
        for layer in layers:
            grid, search = _grid(lab, layer), found[layer.name]
            count = layer.shape[1] * layer.shape[2]
            for k in range(len(shown)):
                rows = slice(k * count, (k + 1) * count)
                for near in self.neighbors:
                    places = search.places[rows, :near].cpu().numpy()
                    average = averaged(database, plan.rows(search.images[rows, :near]), places, grid)
                    arrays[f"{layer.name} {k} {near}"] = assembled(average, grid, lab.model.size).astype(np.float32)
            seeds = rng.integers(2**63)
            trained, random = (
                self._errors(lab, layer, each, start, plan, pixels, database, np.random.default_rng(seeds))
                for each, start in ((search, len(shown) * count), (control[layer.name], 0))
            )
            arrays[f"{layer.name} window"] = trained["window"]
            told.append(_told(lab, layer, trained, random))
        return Result(
            arrays,
            {
                "images": [{"index": i, "class": lab.dataset.class_names[lab.dataset.labels[i]]} for i in shown],
                "layers": told,
                "neighbors": self.neighbors,
                "database": len(plan.database),
                "measured": len(measured),
                "places": min(len(places[0]) for places in sampled.values()),
                "itself": self._itself(lab, layers, plan, database),
                "chance": told[-1]["chance"],
                "intervals": _intervals(told, rng),
            },
        )

    def _chunks(self, ids: Sequence[int]) -> list[list[int]]:
        return [list(ids[start : start + self.batch]) for start in range(0, len(ids), self.batch)]

    def _eight_bits(self, lab: Lab, ids: Sequence[int]) -> np.ndarray:
        found: np.ndarray = (lab.pixels(ids) * 255).round().byte().cpu().numpy()
        return found

    def _features(self, lab: Lab, layers: Sequence[Layer], ids: Sequence[int]) -> list[Tensor]:
        """Of each layer, (n, places, channels), of length one."""
        with torch.no_grad():
            return [columns(maps) for maps in lab.model.activations(lab.pixels(ids), *(each.name for each in layers))]

    def _find(self, lab: Lab, layers: Sequence[Layer], plan: _Plan, ids: Sequence[int]) -> dict[str, Search]:
        """The nearest places in the database: of all places of the images shown, where they are among `ids`, and then
        of the chosen places of those measured."""
        first = len(ids) - len(plan.measured)
        queries: dict[str, list[Tensor]] = {layer.name: [] for layer in layers}
        for start, chunk in zip(range(0, len(ids), self.batch), self._chunks(ids), strict=True):
            for layer, features in zip(layers, self._features(lab, layers, chunk), strict=True):
                for k, each in enumerate(features, start):
                    chosen = slice(None) if k < first else torch.from_numpy(plan.places[layer.name][k - first])
                    queries[layer.name].append(each[chosen])
        searches = {
            name: Search(torch.cat(parts), np.repeat(ids, [len(part) for part in parts]).tolist(), max(self.neighbors))
            for name, parts in queries.items()
        }
        for chunk in lab.track(self._chunks(plan.database), "places of other images"):
            for layer, features in zip(layers, self._features(lab, layers, chunk), strict=True):
                searches[layer.name].add(chunk, features)
        return searches

    def _itself(self, lab: Lab, layers: Sequence[Layer], plan: _Plan, database: np.ndarray) -> dict[str, float]:
        """The largest difference of pixels to the first image shown, where it is searched too, and the share of its
        places that have a twin, of the layer with most."""
        i = plan.shown[0]
        others = [j for j in plan.database if j != i][: self.batch]
        images = np.concatenate([self._eight_bits(lab, [i]), database])
        found = [
            self._copied(lab, layer, features, [i, *others], plan, images)
            for layer, features in zip(layers, self._features(lab, layers, [i, *others]), strict=True)
        ]
        return {"difference": max(each for each, _ in found), "twins": max(twins for _, twins in found)}

    def _copied(
        self, lab: Lab, layer: Layer, features: Tensor, ids: list[int], plan: _Plan, images: np.ndarray
    ) -> tuple[float, float]:
        """The same for one layer; `images` are the first of `ids` and the database."""
        i, others = ids[0], ids[1:]
        search = Search(features[0], [NOBODY] * len(features[0]), 2)
        search.add(ids, features)
        best, second = search.similarities.cpu().numpy().T
        alone = (best - second > TWIN) & (best > TWIN)
        grid, every = _grid(lab, layer), np.arange(len(best))
        own = search.images[:, 0].cpu().numpy() == i
        which = np.where(own, 0, 1 + plan.rows(torch.where(search.images[:, 0] == i, others[0], search.images[:, 0])))
        copied = cut_patches(images, which, search.places[:, 0].cpu().numpy(), grid).astype(int)
        wrong = np.abs(copied - cut_patches(images[:1], 0 * every, every, grid)).max(axis=(1, 2, 3))
        return float(wrong[alone].max(initial=0)), float((~alone).mean())

    def _errors(
        self, lab: Lab, layer: Layer, search: Search, start: int, plan: _Plan, pixels: Mapping[int, np.ndarray],
        database: np.ndarray, rng: np.random.Generator,
    ) -> dict[str, np.ndarray]:  # fmt: skip
        """Errors around the places measured and their nearest ones, relative to those around places drawn at random.

        And by image the share of neighbors whose image is of the same class, `same`, and that expected, `chance`.
        """
        grid, labels = _grid(lab, layer), lab.dataset.labels
        seen = _seen(lab, layer)
        around = offsets(seen[0], self.cells), offsets(seen[1], self.cells)
        ids = np.array(plan.database)
        found, same, chance = [], [], []
        for i, places in zip(plan.measured, plan.places[layer.name], strict=True):
            rows = slice(start, start := start + len(places))
            near = search.images[rows].cpu().numpy()
            others = np.flatnonzero(ids != i)
            here, to = grid.centers(places), grid.centers(search.places[rows, 0].cpu().numpy())
            near_pairs = here, plan.rows(search.images[rows, 0]), to
            drawn = others[rng.integers(len(others), size=RANDOM * len(places))]
            somewhere = rng.integers(layer.shape[1] * layer.shape[2], size=len(drawn))
            random_pairs = np.tile(here, (RANDOM, 1)), drawn, grid.centers(somewhere)
            found.append(
                [
                    squared_errors(pixels[i], at, database, which, other, around)
                    for at, which, other in (near_pairs, random_pairs)
                ]
            )
            same.append((labels[near] == labels[i]).mean())
            chance.append((labels[ids[others]] == labels[i]).mean())
        sums = np.array(found)  # (images, nearest or random, sum or count, cells, cells)
        return {**relative_errors(sums), "same": np.array(same), "chance": np.array(chance)}

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        picture = style.picture(height=0.76 * len(self.neighbors) + 2.6)
        above, below = picture.subfigures(2, 1, squeeze=False, height_ratios=(0.76 * len(self.neighbors) + 0.35, 2.3))[
            :, 0
        ]
        parts = above.subfigures(1, len(stats["images"]), squeeze=False)[0]
        for k, part in enumerate(parts):
            self._averages(part.subplots(len(self.neighbors), 1 + len(stats["layers"]), squeeze=False), result, k)
        panels = below.subplots(
            1, 1 + len(stats["layers"]), squeeze=False, width_ratios=[*[1] * len(stats["layers"]), 1.3]
        )[0]
        windows = np.concatenate([result.arrays[f"{each['name']} window"] for each in stats["layers"]])
        high = float(np.nan_to_num(windows).max(initial=1))
        for axes, layer in zip(panels, stats["layers"], strict=False):
            _window(axes, result.arrays[f"{layer['name']} window"], layer, high, last=layer is stats["layers"][-1])
        _rings(panels[-1], stats["layers"])
        below.legend(*panels[-1].get_legend_handles_labels(), loc="outside lower right", ncols=1 + len(stats["layers"]))
        return picture

    def _averages(self, panels: np.ndarray, result: Result, k: int) -> None:
        """One image, and for each number of neighbors in a row what each layer makes of it."""
        stats = result.stats
        style.show_image(panels[0, 0], result.arrays[f"image{k}"], style.short(stats["images"][k]["class"], 14))
        for axes in panels[1:, 0]:
            style.show_image(axes, result.arrays[f"image{k}"])
        for row, near in zip(panels, stats["neighbors"], strict=True):
            for axes, layer in zip(row[1:], stats["layers"], strict=True):
                average = result.arrays[f"{layer['name']} {k} {near}"]
                style.show_image(axes, np.where(np.isnan(average), 1, average))
            if k == 0:
                row[0].set_ylabel(f"{near} nearest", fontsize=7)
        for axes, layer in zip(panels[0, 1:], stats["layers"], strict=True):
            axes.set_title(style.short(layer["name"], 12))

    def alt(self, stats: Stats) -> str:
        told = "; ".join(
            f"{layer['name']}: at the center {layer['center']:.2f} and at the border {layer['border']:.2f} of the "
            "error of places at random" for layer in stats["layers"]
        )  # fmt: skip
        shown = " and ".join(image["class"] for image in stats["images"])
        return (
            f"Images ({shown}), and for each layer the same image put together from the centers of its nearest places "
            f"in {stats['database']} images, of which {', '.join(map(str, stats['neighbors']))} are averaged. Below, "
            f"how much the surroundings of nearest places differ. {told}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, first, last = self.name(), stats["layers"][0], stats["layers"][-1]
        itself, intervals = stats["itself"], stats["intervals"]
        return [
            identity(
                f"{name}.itself",
                "Where the image itself is searched too, the nearest place of each place is the place itself, and what "
                "is put together is the image; only places whose features another place has as well can differ.",
                itself["difference"] == 0,
                {"largest_difference": itself["difference"], "share_of_places_with_twins": itself["twins"]},
            ),
            self._tendency(
                stats, "center_below_border",
                f"Places with similar features in {last['name']} are more alike at the center of what a unit sees than "
                "at its border: the feature tells more of the center.",
                {"center": last["center"], "border": last["border"]}, intervals["localized"],
            ),
            self._tendency(
                stats, "deeper_looser",
                f"The centers of similar places differ more in {last['name']} than in {first['name']}.",
                {"first": first["center"], "last": last["center"]}, intervals["deeper"],
                "" if len(stats["layers"]) > 1 else "there is only one layer",
            ),
            self._tendency(
                stats, "more_than_untrained",
                f"The center is better than the border by more in {last['name']} than with random weights.",
                {"network": last["border"] - last["center"],
                 "random_weights": last["border_untrained"] - last["center_untrained"]},
                intervals["untrained"],
            ),
            self._tendency(
                stats, "same_class",
                f"Places with similar features in {last['name']} are in images of one class more often than with "
                "random weights.",
                {"network": last["same"], "random_weights": last["same_untrained"], "chance": last["chance"]},
                intervals["same"], "" if stats["chance"] > 0 else "no two of the images are of one class",
            ),
        ]  # fmt: skip

    def _tendency(
        self, stats: Stats, name: str, text: str, numbers: Mapping[str, float], interval: list[float] | None,
        undecided: str = "",
    ) -> Claim:  # fmt: skip
        if interval is None and not undecided:
            undecided = "no two places are far enough from the borders of their images, or all pixels are equal"
        source = "long2014 abstract" if name == "center_below_border" else ""
        return tendency(f"{self.name()}.{name}", text, numbers, interval or [0, 0], source=source, undecided=undecided)


def _grid(lab: Lab, layer: Layer) -> Patches:
    return patches_of(layer.receptive_field, (layer.shape[1], layer.shape[2]), lab.model.size)


def _seen(lab: Lab, layer: Layer) -> tuple[int, int]:
    """Height and width of what a unit sees, at most the image."""
    field, size = layer.receptive_field, lab.model.size
    return size if field is None else (min(field.size[0], size[0]), min(field.size[1], size[1]))


def _told(
    lab: Lab, layer: Layer, trained: Mapping[str, np.ndarray], random: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """What is known about one layer; `by_image` has what intervals are made of."""
    grid = _grid(lab, layer)
    return {
        "name": layer.name,
        "seen": list(_seen(lab, layer)),
        "field": None if layer.receptive_field is None else list(layer.receptive_field.size),
        "patch": list(grid.size),
        "places": layer.shape[1] * layer.shape[2],
        "channels": layer.shape[0],
        **{name: _mean(trained[name]) for name in ("center", "border", "same", "chance")},
        **{f"{name}_untrained": _mean(random[name]) for name in ("center", "border", "same")},
        "rings": _listed(trained["rings"]),
        "rings_untrained": _listed(random["rings"]),
        "by_image": {
            **{name: _listed(trained[name]) for name in ("center", "border", "same")},
            **{f"{name}_untrained": _listed(random[name]) for name in ("center", "border", "same")},
        },
    }


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def _listed(values: np.ndarray) -> list[float | None]:
    """Numbers that JSON can hold: None for one that is not known."""
    return [None if np.isnan(value) else float(value) for value in values]


def _intervals(told: Sequence[Mapping[str, Any]], rng: np.random.Generator) -> dict[str, list[float] | None]:
    """Of differences over images, those of which both are known; None where there are fewer than two such images."""
    first, last = ({name: np.array(values, dtype=float) for name, values in each["by_image"].items()}
                   for each in (told[0], told[-1]))  # fmt: skip
    differences = {
        "localized": last["border"] - last["center"],
        "deeper": last["center"] - first["center"],
        "untrained": last["border"] - last["center"] - last["border_untrained"] + last["center_untrained"],
        "same": last["same"] - last["same_untrained"],
    }
    known = {name: values[~np.isnan(values)] for name, values in differences.items()}
    return {name: list(mean_interval(some, rng)) if len(some) > 1 else None for name, some in known.items()}


def _window(axes: Axes, window: np.ndarray, layer: Mapping[str, Any], high: float, *, last: bool) -> None:
    """The relative error over what a unit sees, and in red the patch at its center."""
    cells = len(window)
    title = f"{style.short(layer['name'], 14)}\nsees {layer['seen'][0]} px"
    style.heat(axes, window, low=0, high=high, title=title, label="error / random", bar=last)
    half = [cells * patch / seen / 2 for patch, seen in zip(layer["patch"], layer["seen"], strict=True)]
    middle = cells / 2
    style.box(axes, middle - half[0], middle - half[1], middle + half[0], middle + half[1])


def _rings(axes: Axes, layers: Sequence[Mapping[str, Any]]) -> None:
    """The relative error against the distance from the center, for each layer and for random weights."""
    for layer, color in zip(layers, style.by_depth(len(layers)), strict=True):
        away = np.arange(len(layer["rings"])) / (len(layer["rings"]) - 0.5)
        axes.plot(away, np.array(layer["rings"], dtype=float), "o-", color=color, markersize=2.5,
                  label=style.short(layer["name"], 14))  # fmt: skip
        axes.plot(away, np.array(layer["rings_untrained"], dtype=float), color=color, linestyle=":", linewidth=1)
    axes.plot([], [], color="black", linestyle=":", linewidth=1, label="random weights")
    axes.set(xlabel="distance from center\n(1: border)", ylabel="error / random", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
