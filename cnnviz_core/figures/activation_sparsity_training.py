"""How maps become sparse and local while a network is trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from cnnviz_core import style
from cnnviz_core.claim import tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.grid import enlarged, square_columns, tiled
from cnnviz_core.methods.selection import spaced
from cnnviz_core.methods.sparsity import active_area, zero_share
from cnnviz_core.methods.spearman import spearman
from cnnviz_core.network import Layer, Model

NUMBERS = ("zeros", "area")


@dataclass(frozen=True)
class ActivationSparsityTraining(Figure):
    """Share of zeros and active area of every rectified layer of maps against the epoch, and some maps on the way."""

    image: int | None
    search: int
    snapshots: int
    shown: int
    maps: int
    images_measured: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("image", lab)
        self.check_at_least(1, "search", "maps", "images_measured", "batch")
        self.check_at_least(2, "shown")
        self.check_at_least(3, "snapshots")
        if (untold := self.untold(lab)) is not None:
            return untold
        if not _layers(lab.model):
            return f"no layer of {lab.model.name} is maps that end in a ReLU, which alone makes zeros"
        return None

    def compute(self, lab: Lab) -> Result:
        history = lab.model.history
        assert history is not None
        layers = _layers(lab.model)
        times = spaced(history.weights, self.snapshots)
        shown = spaced(times, self.shown)
        index = self.image if self.image is not None else lab.examples(1, self.search)[0]
        pixels = lab.pixels([index])
        rng = lab.rng(self.name())
        kept = [_some(layer.shape[0], self.maps, rng) for layer in (layers[0], layers[-1])]
        chunks = self._chunks(lab)
        found, maps = [], []
        for time in lab.track(times, "sparsity while training"):
            model = lab.model.after_epoch(time)
            found.append(_measured(model, chunks, layers))
            if time in shown:
                maps.append(_maps(model, pixels, (layers[0], layers[-1]), kept))
        numbers = np.stack(found)  # (times, layers, 2 numbers, images)
        curves = {f"curve_{name}": np.array(values) for name, values in history.curves.items()}
        return Result(
            {
                "image": (pixels[0].float().cpu() * 255).round().byte().numpy(),
                "times": np.array(times),
                "numbers": numbers.mean(axis=3),
                "first_maps": np.stack([first for first, _ in maps]),
                "last_maps": np.stack([last for _, last in maps]),
                **curves,
            },
            {
                "times": times,
                "shown": shown,
                "images": numbers.shape[3],
                "class": lab.dataset.class_names[lab.dataset.labels[index]],
                "first": layers[0].name,
                "last": layers[-1].name,
                "maps": [len(channels) for channels in kept],
                "channels": [layers[0].shape[0], layers[-1].shape[0]],
                "layers": [_ends(layer.name, numbers.mean(axis=3)[:, k]) for k, layer in enumerate(layers)],
                "curves": {name: float(values[-1]) for name, values in history.curves.items() if len(values)},
                **_trends(np.array(times), numbers[:, -1], rng),
            },
        )

    def _chunks(self, lab: Lab) -> list[torch.Tensor]:
        ids = lab.spread(self.images_measured)
        return [lab.pixels(ids[start : start + self.batch]) for start in range(0, len(ids), self.batch)]

    def draw(self, result: Result) -> Picture:
        picture = style.picture(height=4.7)
        above, below = np.asarray(picture.subfigures(2, 1, height_ratios=[1.9, 2.6]))
        curves = _curves(result)
        panels = above.subplots(1, 3 if curves else 2)
        for k, (axes, label) in enumerate(zip(panels, ("share of zeros", "active area"), strict=False)):
            _against_epochs(axes, result, k, label)
        if curves:
            _progress(panels[2], curves, result.stats["times"])
        handles, labels = panels[0].get_legend_handles_labels()
        above.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 8))
        _strip(below, result)
        return picture

    def alt(self, stats: Stats) -> str:
        last = stats["layers"][-1]
        return (
            f"Curves over {len(stats['times'])} moments of training, from epoch {stats['times'][0]:.3g} to "
            f"{stats['times'][-1]:.3g}, for {len(stats['layers'])} layers: in {last['name']} the share of zeros goes "
            f"from {last['zeros_start']:.0%} to {last['zeros_end']:.0%}, and the active area of a map from "
            f"{last['area_start']:.1%} to {last['area_end']:.1%}. Below, {stats['maps'][0]} maps of {stats['first']} "
            f"and {stats['maps'][1]} of {stats['last']} for an image of class {stats['class']}, after "
            f"{', '.join(format(time, '.3g') for time in stats['shown'])} epochs."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        layer, last = stats["last"], stats["layers"][-1]
        return [
            tendency(
                f"{self.name()}.sparser_with_training",
                f"The longer the network is trained, the more values are zero in its last maps (`{layer}`): the rank "
                "correlation of epoch and share of zeros is positive.",
                {
                    "rank_correlation": stats["zeros_trend"],
                    "zeros_at_start": last["zeros_start"],
                    "zeros_at_end": last["zeros_end"],
                },
                stats["zeros_interval"],
                source="cs231n",
                undecided=stats["zeros_undecided"],
            ),
            tendency(
                f"{self.name()}.more_local_with_training",
                f"The longer the network is trained, the smaller is the part of a map of `{layer}` that exceeds half "
                "of its maximum: the rank correlation of epoch and active area is negative.",
                {
                    "rank_correlation": stats["area_trend"],
                    "area_at_start": last["area_start"],
                    "area_at_end": last["area_end"],
                },
                (-stats["area_interval"][1], -stats["area_interval"][0]),
                source="cs231n",
                undecided=stats["area_undecided"],
            ),
        ]


def _layers(model: Model) -> list[Layer]:
    """The rectified layers of maps, up to the last maps before the classifier."""
    return [layer for layer in model.rectified_layers if layer.spatial]


def _some(channels: int, most: int, rng: np.random.Generator) -> list[int]:
    """At most so many channels, drawn at random, in order."""
    return sorted(rng.permutation(channels)[:most].tolist())


@torch.no_grad()
def _measured(model: Model, chunks: Sequence[torch.Tensor], layers: Sequence[Layer]) -> np.ndarray:
    """Share of zeros and active area, (layers, 2 numbers, images)."""
    found = []
    for pixels in chunks:
        maps = model.activations(pixels, *(layer.name for layer in layers))
        found.append(np.array([[zero_share(one).cpu(), active_area(one).cpu()] for one in maps]))
    return np.concatenate(found, axis=2)


@torch.no_grad()
def _maps(
    model: Model, pixels: torch.Tensor, layers: Sequence[Layer], kept: Sequence[Sequence[int]]
) -> list[np.ndarray]:
    """The kept channels of each layer for one image, (channels, h, w) each."""
    found = model.activations(pixels, *dict.fromkeys(layer.name for layer in layers))
    first, last = found[0], found[-1]
    return [maps[0].float().cpu().numpy()[list(some)] for maps, some in zip((first, last), kept, strict=True)]


def _ends(name: str, numbers: np.ndarray) -> dict[str, Any]:
    """Both numbers (times, 2) of a layer at the start and at the end."""
    return {"name": name} | {
        f"{number}_{end}": float(numbers[at, k])
        for k, number in enumerate(NUMBERS)
        for end, at in (("start", 0), ("end", -1))
    }


def _trends(times: np.ndarray, numbers: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """For each number of a layer (times, 2, images): its rank correlation with time, image by image, and an interval.

    Images whose number never changes have no rank correlation and are left out.
    """
    found: dict[str, Any] = {}
    for k, name in enumerate(NUMBERS):
        each = np.array([spearman(times, values) for values in numbers[:, k].T])
        known = each[~np.isnan(each)]
        found[f"{name}_trend"] = float(known.mean()) if len(known) else 0.0
        found[f"{name}_interval"] = list(mean_interval(known, rng)) if len(known) else [0.0, 0.0]
        found[f"{name}_undecided"] = "" if len(known) else "the number is the same at all times for every image"
    return found


def _against_epochs(axes: Axes, result: Result, number: int, label: str) -> None:
    """One line per layer."""
    times, names = result.arrays["times"].tolist(), [layer["name"] for layer in result.stats["layers"]]
    labelled = {0, len(names) - 1} if len(names) > 8 else set(range(len(names)))
    for k, (name, colour) in enumerate(zip(names, style.by_depth(len(names)), strict=True)):
        shown = style.short(name, 14) if k in labelled else None
        axes.plot(times, 100 * result.arrays["numbers"][:, k, number], "o-", color=colour, markersize=2.5, label=shown)
    style.training_scale(axes, times)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"{label} in %")
    axes.grid(axis="y")


def _curves(result: Result) -> dict[str, np.ndarray]:
    """The curves of progress that the history has, by name."""
    found = {name.removeprefix("curve_"): values for name, values in result.arrays.items() if name.startswith("curve_")}
    return {name: values for name, values in found.items() if len(values)}


def _progress(axes: Axes, curves: dict[str, np.ndarray], times: Sequence[float]) -> None:
    """Accuracies on the left scale; losses, dotted, on a scale of their own on the right."""
    losses = {name: values for name, values in curves.items() if "loss" in name}
    right = axes.twinx() if losses and len(losses) < len(curves) else axes
    colours = iter(style.COLOURS)
    for name, values in sorted(curves.items(), key=lambda curve: curve[0] in losses):
        epochs, words = np.arange(1, len(values) + 1), name.replace("_", " ")
        on, factor, line = (right, 1, ":") if name in losses else (axes, 100, "-")
        on.plot(epochs, factor * values, line, color=next(colours), label=words)
    style.training_scale(axes, times)
    axes.set_ylabel("loss" if right is axes and losses else "right answers in %")
    if right is not axes:
        right.spines.right.set_visible(True)
        right.set_ylim(bottom=0)
        right.set_ylabel("loss")
        axes.set_ylim(0, 100)
    lines = [*axes.get_lines(), *(right.get_lines() if right is not axes else [])]
    labels = [str(line.get_label()).removesuffix(" accuracy") for line in lines]
    axes.legend(lines, labels, loc="lower left", fontsize=6, handlelength=1.2)


def _strip(panel: SubFigure, result: Result) -> None:
    """The image, and the same maps of the first and of the last layer at some moments, with one scale for each grid."""
    stats = result.stats
    count = len(stats["shown"])
    names: list[Any] = [["image", *(f"first{k}" for k in range(count))], ["image", *(f"last{k}" for k in range(count))]]
    panels = panel.subplot_mosaic(names, width_ratios=[0.85, *[1] * count])
    style.show_image(panels["image"], result.arrays["image"], style.short(stats["class"], 18))
    for place in ("first", "last"):
        for k, (time, maps) in enumerate(zip(stats["shown"], result.arrays[f"{place}_maps"], strict=True)):
            grid = tiled(
                enlarged(style.coloured(maps, low=0, high=maps.max() or 1), 24),
                columns=square_columns(len(maps)), pad=2, pad_value=0.5,
            )  # fmt: skip
            axes = panels[f"{place}{k}"]
            style.show_image(axes, grid, _moment(time) if place == "first" else "")
            if k == 0:
                axes.set_ylabel(stats[place])


def _moment(time: float) -> str:
    return "untrained" if time == 0 else f"{time:.3g} epoch{'s' if time != 1 else ''}"
