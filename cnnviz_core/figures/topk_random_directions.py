"""The images farthest along single units of the codes and along random directions (Szegedy et al.)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import difference_interval
from cnnviz_core.methods.canvas import Row, Sheet, sheet
from cnnviz_core.methods.directions import farthest, mirrored, positive_directions, rotated_axes
from cnnviz_core.methods.grid import magnified
from cnnviz_core.methods.label_entropy import label_entropy
from cnnviz_core.methods.label_sets import random_sets, silent_labels

KINDS = {"units": "single units", "signed": "directions of either sign", "positive": "directions of positive weights"}
PAD, GAP = 4, 16  # between tiles, and beside it between kinds, in pixels
ROUNDING = 1e-6  # relative, of distances in double precision


@dataclass(frozen=True)
class TopkRandomDirections(Figure):
    """Rows of images for some units and directions, and the label entropy of the same for many."""

    layer: str | None
    rows: int
    crops: int
    directions: int
    tile: int
    draws: int
    distances: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "rows", "tile")
        self.check_at_least(2, "crops", "directions", "draws", "distances")
        codes = self.layer or lab.model.codes_layer
        known = [*(layer.name for layer in lab.model.ranked_layers), lab.model.codes_layer]
        if codes not in known:
            raise InputError(
                f"figure.{self.name()}.layer={codes} must be the codes layer, or an activation, block or pooling "
                f"layer that gives maps; {lab.model.name} has: {', '.join(dict.fromkeys(known))}"
            )
        return None

    def compute(self, lab: Lab) -> Result:
        rng, name = lab.rng(self.name()), self.layer or lab.model.codes_layer
        codes = np.asarray(lab.sweep().codes[name], dtype=np.float64)
        count = min(self.crops, len(codes))
        live = np.flatnonzero(np.ptp(codes, axis=0) > 0)
        units = np.sort(rng.permutation(live)[: self.directions])
        axes = rotated_axes(codes.shape[1], self.directions, rng)
        ways = {
            "units": np.eye(codes.shape[1])[units],
            "signed": axes,
            "positive": positive_directions(codes.shape[1], self.directions, rng),
        }
        found = {kind: farthest(codes, way, count) for kind, way in ways.items() if len(way)}
        shown = {kind: np.sort(rng.permutation(len(images))[: self.rows]) for kind, (images, _) in found.items()}
        entropies = {
            f"entropy_{kind}": label_entropy(lab.dataset.labels[images]) for kind, (images, _) in found.items()
        }
        arrays = {f"images_{kind}": self._tiles(lab, images[shown[kind]]) for kind, (images, _) in found.items()}
        return Result(
            arrays | entropies,
            {
                "layer": name,
                "size": codes.shape[1],
                "live": len(live),
                "images": len(codes),
                "top": count,
                "shown": {
                    kind: (units[places] if kind == "units" else places).tolist() for kind, places in shown.items()
                },
                "measured": {kind: len(images) for kind, (images, _) in found.items()},
                "nonnegative": bool((codes >= 0).all()),
                "rise": max(float(np.diff(along, axis=1).max()) for _, along in found.values()),
                **_axes(codes[lab.spread(self.distances)], axes),
                **_alike(codes, ways),
                **self._entropies(lab, entropies, count, rng),
            },
        )  # fmt: skip

    def _tiles(self, lab: Lab, images: np.ndarray) -> np.ndarray:
        """Images (rows, crops) as pictures (rows, crops, tile, tile, 3) in 8 bit."""
        pixels = [lab.pixels(row.tolist()).cpu().numpy().transpose(0, 2, 3, 1) for row in images]
        return np.stack([(255 * magnified(each, self.tile)).round().astype(np.uint8) for each in pixels])

    def _entropies(
        self, lab: Lab, found: Mapping[str, np.ndarray], count: int, rng: np.random.Generator
    ) -> dict[str, Any]:
        """Mean label entropies in bits, and intervals of their differences."""
        labels = lab.dataset.labels
        reason = silent_labels(labels, count)
        if len(found.get("entropy_units", ())) < 2 and not reason:
            reason = "fewer than two units vary over the images"
        if reason:
            return {"undecided": reason}
        units, signed, positive = (found[f"entropy_{kind}"] for kind in KINDS)
        chance = label_entropy(labels[random_sets(len(labels), count, self.draws, rng)])
        return {
            "undecided": "",
            "bits": {
                "chance": float(chance.mean()),
                **{kind: float(found[f"entropy_{kind}"].mean()) for kind in KINDS},
            },
            "signed_above_units": list(difference_interval(signed, units, rng)),
            "positive_above_units": list(difference_interval(positive, units, rng)),
            "chance_above_signed": list(difference_interval(chance, signed, rng)),
        }

    def draw(self, result: Result) -> Picture:
        stats, arrays = result.stats, result.arrays
        kinds = [kind for kind in KINDS if f"images_{kind}" in arrays]
        rows = [Row(tiles / 255, above=GAP * (k == 0 and kind != kinds[0]))
                for kind in kinds for k, tiles in enumerate(arrays[f"images_{kind}"])]  # fmt: skip
        drawn = sheet(rows, PAD)
        height, width = drawn.pixels.shape[:2]
        heights = [0.1 + (style.WIDTH - 0.6) * height / width, *([] if stats["undecided"] else [1.5])]
        picture = style.picture(height=sum(heights))
        above, *below = picture.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        axes = above.subplots()
        style.show_image(axes, drawn.pixels)
        _names(axes, drawn, stats, self.tile)
        for part in below:
            _distribution(part.subplots(), result, kinds)
        return picture

    def alt(self, stats: Stats) -> str:
        text = (
            f"Rows of the {stats['top']} images that lie farthest along {len(stats['shown'].get('units', []))} units "
            f"of {stats['layer']} and along as many random directions of either sign and of positive weights."
        )
        if stats["undecided"]:
            return f"{text} Label entropies mean nothing here: {stats['undecided']}."
        bits = stats["bits"]
        return (
            f"{text} Below, curves of the share of units and directions whose images have at most so many bits of "
            f"label entropy. Mean: units {bits['units']:.2f}, directions of either sign {bits['signed']:.2f}, of "
            f"positive weights {bits['positive']:.2f}, random images {bits['chance']:.2f} bits."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name = self.name()
        top = f"the {stats['top']} images farthest along it"
        return [
            identity(
                f"{name}.in_order",
                "Images lie ever less far along the direction from left to right.",
                stats["rise"] <= 0,
                {"directions": sum(stats["measured"].values()), "largest_rise": stats["rise"]},
            ),
            identity(
                f"{name}.axes_are_arbitrary",
                "New axes leave every distance between codes as it is: of the space rotated at random, with half of "
                "them mirrored.",
                stats["distance_change"] <= ROUNDING and stats["axes_error"] <= ROUNDING,
                {"images": stats["distances"], "largest_relative_change": stats["distance_change"]},
            ),
            self._tendency(
                stats, "units_purer", f"A single unit is purer than a random direction of either sign: {top} are of "
                "fewer classes.", "signed_above_units", ("units", "signed")),
            self._tendency(
                stats, "units_purer_than_positive", "A single unit is purer than a random direction of positive "
                f"weights: {top} are of fewer classes.", "positive_above_units", ("units", "positive")),
            self._tendency(
                stats, "directions_mean_something", f"A random direction of either sign is purer than chance: {top} "
                "are of fewer classes than random images.", "chance_above_signed", ("signed", "chance")),
        ]  # fmt: skip

    def _tendency(self, stats: Stats, name: str, text: str, interval: str, bits: tuple[str, str]) -> Claim:
        name, source = f"{self.name()}.{name}", "szegedy2014 sec. 3"
        if stats["undecided"]:
            return Claim(name, text, "tendency", None, {}, source=source, undecided=stats["undecided"])
        numbers = {f"bits_{kind}": stats["bits"][kind] for kind in bits}
        return tendency(name, text, numbers, stats[interval], source=source)


def _axes(codes: np.ndarray, axes: np.ndarray) -> dict[str, Any]:
    """How much distances between codes change when half of a rotated space's axes are mirrored."""
    half = axes[: max(len(axes) // 2, 1)]
    before, after = (_distances(each) for each in (codes, mirrored(codes, half)))
    return {
        "distances": len(codes),
        "distance_change": float(np.abs(after - before).max() / max(before.max(), 1e-30)),
        "axes_error": float(np.abs(axes @ axes.T - np.eye(len(axes))).max()),
    }


def _distances(codes: np.ndarray) -> np.ndarray:
    return np.stack([np.linalg.norm(codes - code, axis=1) for code in codes])


def _alike(codes: np.ndarray, ways: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Mean cosine of each kind of direction with the mean code: how much of the size of codes it measures."""
    mean = codes.mean(axis=0)
    length = max(float(np.linalg.norm(mean)), 1e-30)
    return {"with_mean": {kind: float((way @ mean).mean() / length) for kind, way in ways.items() if len(way)}}


def _names(axes: Axes, drawn: Sheet, stats: Stats, tile: int) -> None:
    """Numbers at the left, and what each group of rows is."""
    tops, start, ticks = [corners[0][0] for corners in drawn.corners], 0, list[str]()
    for kind, numbers in stats["shown"].items():
        ticks += [str(number) if kind == "units" else "" for number in numbers]
        middle = (tops[start] + tops[start + len(numbers) - 1] + tile) / 2
        label = {"units": "units", "signed": "either sign", "positive": "positive"}[kind]
        axes.text(-0.75 * tile, middle, label, rotation=90, ha="right", va="center", fontsize=7)
        start += len(numbers)
    axes.set_yticks([top + tile / 2 for top in tops], ticks, fontsize=6)
    axes.tick_params(length=0, pad=1)


def _distribution(axes: Axes, result: Result, kinds: list[str]) -> None:
    """Which share of units and directions has at most so much label entropy."""
    for kind, colour in zip(kinds, style.COLOURS, strict=False):
        values = np.sort(result.arrays[f"entropy_{kind}"])
        shares = np.arange(len(values) + 1) / len(values)
        axes.step(np.concatenate([[0], values]), shares, where="post", color=colour, label=KINDS[kind])
    if not result.stats["undecided"]:
        chance = result.stats["bits"]["chance"]
        axes.axvline(chance, color=style.COLOURS[6], linestyle=":", label="random images, mean")
    axes.set_xlabel(f"label entropy of the {result.stats['top']} images, bits")
    axes.set_ylabel("share of them")
    axes.set_xlim(0, max(np.log2(result.stats["top"]), 1) * 1.02)
    axes.grid(axis="y")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
