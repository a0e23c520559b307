"""Images at the places that t-SNE gives to their codes, and how far the map can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Explorer, Figure, Picture, Result, Stats
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.montage import apart, corners, scattered, sheet_side, smaller, thumbnails
from cnnviz_core.methods.neighbours import chance_purity, label_purity, nearest, trustworthiness
from cnnviz_core.methods.tsne import Map, perplexity_problem, tsne, usual_perplexity

LEAST = 10  # images
COLOURED = 16  # classes that are told apart by color and sign, where there are no families
HEIGHT = 5.4  # of the panel of images with its title, in inches
PANEL = (1530, 1890)  # height and width of the panel of images, in pixels
SIDE = 64  # of the images on it, in pixels
LEAST_APART = 0.75  # of their side: what would hide more of another image is not on the panel
PIXELS = 32  # the side to which images are brought that are compared by their pixels
CHUNK = 32  # images read at once
SIGNS = "os^D"  # for more groups than colors
PERPLEXITY_ERROR = 1e-3


@dataclass(frozen=True)
class TsneScatter(Figure):
    """The map of codes, once with the images themselves and once with their families or classes as colors."""

    images: int
    components: int
    perplexity: float | None
    iterations: int
    neighbours: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "components", "neighbours")
        self.check_at_least(LEAST, "images")
        self.check_at_least(250, "iterations")
        count = min(self.images, len(lab.dataset))
        if count < LEAST:
            return f"a map needs at least {LEAST} images, and {lab.dataset.name} has {count}"
        if self.perplexity is not None and (problem := perplexity_problem(self.perplexity, count)):
            raise InputError(f"figure.{self.name()}.perplexity={self.perplexity} {problem}")
        return None

    def compute(self, lab: Lab) -> Result:
        rng, ids = lab.rng(self.name()), lab.spread(self.images)
        layer = lab.model.layer(lab.model.codes_layer)
        swept = lab.sweep()
        codes = np.asarray(swept.codes[layer.name][ids], dtype=np.float64)
        chosen = self.perplexity or usual_perplexity(len(ids))
        # the generator has one name for all figures of the map, so that equal settings give equal maps
        found = tsne(
            codes, perplexity=chosen, components=self.components, iterations=self.iterations, rng=lab.rng("tsne")
        )
        tiles = _thumbnails(lab, ids)
        groups, names, what = _groups(lab.dataset, ids)
        k = min(self.neighbours, (len(ids) - 1) // 2)
        on_panel = apart(corners(found.place, PANEL, SIDE), LEAST_APART * SIDE)
        return Result(
            {
                "place": found.place,
                "tiles": tiles,
                "on_panel": np.array(on_panel),
                "groups": groups,
                "near": nearest(codes, k),
                "names": np.array([lab.dataset.ids[i] for i in ids]),
                "labels": np.array([lab.dataset.class_names[label] for label in lab.dataset.labels[ids]]),
                "predicted": np.array([lab.model.classes[output] for output in swept.logits[ids].argmax(axis=1)]),
            },
            {
                "images": len(ids),
                "all_images": len(lab.dataset),
                "on_panel": len(on_panel),
                "layer": layer.name,
                "rectified": layer.rectified,
                "averaged": layer.spatial,
                "width": codes.shape[1],
                "lowest": float(codes.min()),
                "seed": lab.seed,
                **_parameters(found, self.iterations),
                "grouped_by": what,
                "groups": names,
                "neighbours": k,
                "purity": _purity(codes, found.place, tiles, groups, k, rng),
                "trust": _trust(codes, found.place, tiles, k, rng),
            },
        )

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        named = 1 < len(stats["groups"]) <= COLOURED
        picture = style.picture(height=HEIGHT + (2.9 if named else 0), dpi=300)
        upper, *lower = picture.subfigures(1 + named, 1, height_ratios=[HEIGHT, 2.9][: 1 + named], squeeze=False)[:, 0]
        on_panel = arrays["on_panel"]
        at = corners(arrays["place"], PANEL, SIDE)[on_panel]
        whole = scattered(smaller(arrays["tiles"][on_panel], SIDE), at, PANEL)
        style.show_image(
            upper.subplots(),
            whole,
            f"{stats['images']} images by their codes ({stats['layer']}), perplexity {stats['perplexity']:.3g}, "
            f"seed {stats['seed']}, KL {stats['divergence']:.3f}",
        )
        for part in lower:
            _dots(part.subplots(), arrays, stats)
        return picture

    def explorer(self, result: Result) -> Explorer:
        stats, arrays = result.stats, result.arrays
        named = 1 < len(stats["groups"]) <= COLOURED
        return Explorer(
            place=arrays["place"],
            tiles=arrays["tiles"],
            near=arrays["near"],
            near_by=f"codes ({stats['layer']})",
            names=arrays["names"].tolist(),
            labels=arrays["labels"].tolist(),
            predicted=arrays["predicted"].tolist(),
            groups=arrays["groups"],
            group_names=stats["groups"],
            colours=[style.COLOURS[k % 7] for k in range(len(stats["groups"]))] if named else [],
        )

    def alt(self, stats: Stats) -> str:
        purity = stats["purity"]
        told = (
            f" Of the {stats['neighbours']} nearest images on the map {purity['map']:.0%} are of the same "
            f"{stats['grouped_by']}, against {purity['chance']:.0%} by chance."
            if purity["pairs"]
            else ""
        )
        return (
            f"{stats['on_panel']} of {stats['images']} images as small pictures at their places in a map made by t-SNE "
            f"from the codes of {stats['layer']}, with perplexity {stats['perplexity']:.3g} and a final divergence of "
            f"{stats['divergence']:.3f}.{told}"
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name = self.name()
        return [
            _rectified(f"{name}.rectified", stats),
            identity(
                f"{name}.perplexity",
                f"Each row of $P$ has the perplexity {stats['perplexity']:.4g}, within {PERPLEXITY_ERROR:g}, except "
                "where more images than that have equal codes.",
                stats["perplexity_error"] <= PERPLEXITY_ERROR,
                {"largest_error": stats["perplexity_error"], "rows_of_equal_codes": stats["tied"]},
            ),
            identity(
                f"{name}.descent",
                "The divergence of $P$ from $Q$ is not larger than where the descent began.",
                stats["divergence"] <= stats["divergence_at_start"] + 1e-6,
                {"at_the_start": stats["divergence_at_start"], "at_the_end": stats["divergence"]},
            ),
            _purity_claim(f"{name}.purity", stats),
            tendency(
                f"{name}.trust",
                "Images that are near on the map are near by their codes, more than by their pixels.",
                {key: stats["trust"][key] for key in ("codes", "pixels", "chance")},
                stats["trust"]["interval"],
                source="",
            ),
        ]


def _thumbnails(lab: Lab, ids: list[int]) -> np.ndarray:
    """As large as their explorer can show them, which is larger than the picture does."""
    side = sheet_side(len(ids), min(lab.model.size))
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    return np.concatenate([thumbnails(lab.pixels(chunk), side) for chunk in lab.track(chunks, "small pictures")])


def _parameters(found: Map, iterations: int) -> dict[str, Any]:
    """How the map was made, and how well that went."""
    near = found.near
    tied = near.twins > found.perplexity
    error = np.abs(near.perplexities - found.perplexity)[~tied]
    return {
        "components": near.points.shape[1],
        "kept": found.kept,
        "perplexity": float(found.perplexity),
        "iterations": iterations,
        "perplexity_error": float(error.max(initial=0)),
        "tied": int(tied.sum()),
        "divergence": found.divergence,
        "divergence_at_start": found.divergence_at_start,
    }


def _groups(data: Dataset, ids: list[int]) -> tuple[np.ndarray, list[str], str]:
    """The group of each image, the names of the groups that are there, and what they are: families or else classes."""
    of_class, what = (data.class_names, "class") if data.families is None else (data.families, "family")
    if len(set(of_class)) < 2:
        of_class, what = data.class_names, "class"
    labels = data.labels[ids]
    every = list(dict.fromkeys(of_class))
    indices = [every.index(name) for name in of_class] if what == "family" else list(range(len(data.class_names)))
    present, groups = np.unique(np.array(indices)[labels], return_inverse=True)
    return groups, [every[k] if what == "family" else data.class_names[k] for k in present], what


def _purity(
    codes: np.ndarray, place: np.ndarray, tiles: np.ndarray, groups: np.ndarray, k: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Mean share of the k nearest images that are of an image's own group, by map, codes, pixels and chance."""
    chance = chance_purity(groups)
    by_map, by_codes, by_pixels = (label_purity(nearest(points, k), groups) for points in (place, codes, _flat(tiles)))
    return {
        "pairs": bool(chance.any()),
        "map": float(by_map.mean()),
        "codes": float(by_codes.mean()),
        "pixels": float(by_pixels.mean()),
        "chance": float(chance.mean()),
        "interval": list(mean_interval(by_map - by_pixels, rng)),
        "pixels_above_chance": list(mean_interval(by_pixels - chance, rng)),
    }


def _trust(codes: np.ndarray, place: np.ndarray, tiles: np.ndarray, k: int, rng: np.random.Generator) -> dict[str, Any]:
    """Trustworthiness of the map by codes and by pixels, and of a map on which all images have changed places."""
    by_codes, by_pixels = (trustworthiness(points, place, k) for points in (codes, _flat(tiles)))
    return {
        "codes": float(by_codes.mean()),
        "pixels": float(by_pixels.mean()),
        "chance": float(trustworthiness(codes, rng.permutation(place), k).mean()),
        "interval": list(mean_interval(by_codes - by_pixels, rng)),
    }


def _flat(tiles: np.ndarray) -> np.ndarray:
    return np.asarray(smaller(tiles, min(PIXELS, tiles.shape[1])).reshape(len(tiles), -1) / 255)


def _rectified(name: str, stats: Stats) -> Claim:
    text = f"No code is negative, as they are what the ReLUs of {stats['layer']} gave."
    if not stats["rectified"]:
        reason = f"{stats['layer']} does not end in a ReLU"
        return Claim(name, "No code is negative.", "identity", None, {"lowest": stats["lowest"]}, undecided=reason)
    return identity(name, text, stats["lowest"] >= 0, {"lowest": stats["lowest"]})


def _purity_claim(name: str, stats: Stats) -> Claim:
    what, purity = stats["grouped_by"], stats["purity"]
    text = (
        f"Of the {stats['neighbours']} images nearest to an image, more are of its {what} on the map of codes than "
        "by pixels."
    )
    measured = {key: purity[key] for key in ("map", "codes", "pixels", "chance")}
    undecided = "" if purity["pairs"] else f"no two images are of one {what}"
    return tendency(name, text, measured, purity["interval"], source="", undecided=undecided)


def _dots(axes: Axes, arrays: Mapping[str, np.ndarray], stats: Stats) -> None:
    """One dot for each image, with the color and sign of its group, and a legend."""
    place, groups = arrays["place"], arrays["groups"]
    for k, name in enumerate(stats["groups"]):
        where = groups == k
        colour, sign = style.COLOURS[k % 7], SIGNS[k // 7 % len(SIGNS)]
        axes.plot(
            place[where, 0], place[where, 1], sign, color=colour, markersize=3, markeredgewidth=0, alpha=0.75,
            label=style.short(name, 22),
        )  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.margins(0.02)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=1.6)
    axes.set_title(f"the same map by {stats['grouped_by']}")
