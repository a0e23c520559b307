"""How features come about while a network is trained (Zeiler and Fergus, figure 4), and in which layers first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import difference_interval
from cnnviz_core.methods.convergence import changes, settling, varying
from cnnviz_core.methods.deconvnet import keep_units, project, visible
from cnnviz_core.methods.grid import magnified, tiled
from cnnviz_core.methods.relu_rules import UndefinedRule
from cnnviz_core.methods.selection import spaced
from cnnviz_core.methods.survey import Seen, survey
from cnnviz_core.methods.windows import cut, mostly_inside, window
from cnnviz_core.network import History, Layer, Model

SIDE, PAD = 112, 8  # of a drawn patch and between two, in pixels
STEP = SIDE + PAD
SILENT = -1  # in the place of an image


@dataclass(frozen=True)
class FeatureEvolution(Figure):
    """The strongest activations of some features at moments of training, sent back to pixels; and when all settle."""

    layers: list[str] | None
    layers_chosen: int
    features: int
    snapshots: int
    images: int
    control_images: int
    positions: int
    level: float
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "features", "positions", "batch")
        self.check_at_least(2, "layers_chosen", "images", "control_images")
        self.check_at_least(3, "snapshots")
        self.check_share("level")
        if (untold := self.untold(lab)) is not None:
            return untold
        for name in self.layers or ():
            if not lab.model.layer(name).spatial:
                return f"layer {name} of {lab.model.name} has no maps"
        if len(self._layers(lab.model)) < 2:
            return f"{lab.model.name} has fewer than two layers of maps that end in a ReLU: none is above another"
        return None

    def _layers(self, model: Model) -> list[Layer]:
        """The layers of the setting, or else rectified layers of maps, evenly from the first to the last."""
        if self.layers:
            return [model.layer(name) for name in self.layers]
        maps = [layer for layer in model.rectified_layers if layer.spatial]
        places = np.linspace(0, len(maps) - 1, min(self.layers_chosen, len(maps))).round().astype(int)
        return [maps[place] for place in places]

    def compute(self, lab: Lab) -> Result:
        history, layers, rng = lab.model.history, self._layers(lab.model), lab.rng(self.name())
        assert history is not None
        times = spaced(history.weights, self.snapshots)
        seen = self._surveys(lab, lab.model, layers, times, self.images)
        control, path = _straight(lab.model, times)
        straight = self._surveys(lab, control, layers, path, self.control_images)
        order = settling(_samples(seen), times, self.level, rng)
        rule = self._rule(lab, layers[-1])
        crops, strongest, drawn = self._pictures(lab, layers, times, seen, rule, rng)
        pictures = {f"patches{k}": _eight_bit(each) for k, each in enumerate(crops)}
        pictures |= {f"images{k}": each for k, each in enumerate(strongest)}
        names = [
            {"name": layer.name, "drawn": channels, **each}
            for layer, channels, each in zip(layers, drawn, order.pop("layers"), strict=True)
        ]
        return Result(
            {"times": np.array(times), "similarity": order.pop("similarity"), "settled": order.pop("settled")}
            | pictures,
            {
                "times": times,
                "images": len(lab.spread(self.images)),
                "first": layers[0].name,
                "last": layers[-1].name,
                "layers": names,
                "rule": rule,
                **order,
                "order_straight": settling(_samples(straight), path, self.level, rng)["order"],
                **_jumps(crops, strongest, rng),
            },
        )

    def _surveys(
        self, lab: Lab, model: Model, layers: Sequence[Layer], times: Sequence[float], images: int
    ) -> list[list[Seen]]:
        """What the layers did on the images, by time and by layer."""
        ids, names = lab.spread(images), [layer.name for layer in layers]
        inside = [mostly_inside(layer.receptive_field, _places(layer), model.size) for layer in layers]
        batches = [lab.pixels(ids[start : start + self.batch]) for start in range(0, len(ids), self.batch)]
        return [
            survey(model.after_epoch(time), batches, names, inside=inside, positions=self.positions)
            for time in lab.track(times, f"features of {model.name}")
        ]

    def _pictures(
        self,
        lab: Lab,
        layers: Sequence[Layer],
        times: Sequence[float],
        seen: list[list[Seen]],
        rule: str,
        rng: np.random.Generator,
    ) -> tuple[list[np.ndarray], list[np.ndarray], list[list[int]]]:
        """By layer: projections (features, times, 3, h, w), strongest images (features, times), and the features.

        The image is SILENT where a feature responds to none.
        """
        drawn = [sorted(rng.permutation(varying(last.samples))[: self.features].tolist()) for last in seen[-1]]
        ids = np.array(lab.spread(self.images))
        crops: list[list[np.ndarray]] = [[] for _ in layers]
        strongest: list[list[np.ndarray]] = [[] for _ in layers]
        for time, found in zip(lab.track(times, "projections"), seen, strict=True):
            model = lab.model.after_epoch(time)
            for k, layer in enumerate(layers):
                best = found[k].peaks[:, drawn[k]].argmax(axis=0)
                units = drawn[k], found[k].rows[best, drawn[k]].tolist(), found[k].columns[best, drawn[k]].tolist()
                crops[k].append(_crops(model, lab.pixels(ids[best]), layer, units, rule))
                strongest[k].append(np.where(crops[k][-1].any(axis=(1, 2, 3)), ids[best], SILENT))
        return [np.stack(each, axis=1) for each in crops], [np.stack(each, axis=1) for each in strongest], drawn

    def _rule(self, lab: Lab, layer: Layer) -> str:
        """The deconvnet's rule, or the gradient's where it is not defined for the network."""
        try:
            project(lab.model, lab.pixels([0]), layer.name, seed=keep_units([0], [0], [0]))
        except UndefinedRule:
            return "gradient"
        return "deconvnet"

    def draw(self, result: Result) -> Picture:
        layers = result.stats["layers"]
        heights = 0.63 * sum(len(layer["drawn"]) for layer in layers) + 0.1 * len(layers) + 0.2, 1.5
        picture = style.picture(height=sum(heights))
        above, below = np.asarray(picture.subfigures(2, 1, height_ratios=heights))
        _patches(above.subplots(), result)
        labels = {"similarity": "likeness to the end", "settled": "share settled"}
        for axes, (key, label) in zip(below.subplots(1, 2), labels.items(), strict=True):
            _against_epochs(axes, result, key, label)
        below.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=min(len(layers), 8))
        return picture

    def alt(self, stats: Stats) -> str:
        layers = "; ".join(
            f"{layer['name']}: half of {layer['features']} features are settled after {layer['epoch']:.3g} epochs"
            for layer in stats["layers"]
        )
        return (
            f"Rows of patches, {sum(len(layer['drawn']) for layer in stats['layers'])} features of "
            f"{len(stats['layers'])} layers from {stats['first']} to {stats['last']}, and a column for each of "
            f"{len(stats['times'])} moments of training up to epoch {stats['times'][-1]:.3g}: the strongest activation "
            f"over {stats['images']} images, sent back to pixels. A red line marks each of {stats['jumps']} changes of "
            f"the strongest image. Below, curves of how like their last state features are. {layers}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        first, last = stats["layers"][0], stats["layers"][-1]
        return [
            tendency(
                f"{self.name()}.upper_layers_later",
                f"Features of upper layers settle later than those of lower ones (`{stats['first']}` to "
                f"`{stats['last']}`): the rank correlation of depth and epoch is positive.",
                {
                    "rank_correlation": stats["order"],
                    "on_the_straight_path": stats["order_straight"],
                    "median_epoch_first": first["epoch"],
                    "median_epoch_last": last["epoch"],
                    "epochs": stats["times"][-1],
                },
                stats["order_interval"],
                source="zeiler2014 sec. 4",
                reference={"upper_layers_from_epoch": 40, "to_epoch": 50, "epochs": 64},
                undecided=stats["order_undecided"],
            ),
            tendency(
                f"{self.name()}.jumps_are_new_images",
                "From one moment to the next a projection changes more where its strongest image is another one.",
                {"change_with_new_image": stats["change_new"], "change_with_same_image": stats["change_same"]},
                stats["change_interval"],
                source="zeiler2014 sec. 4",
                undecided=stats["change_undecided"],
            ),
        ]


def _straight(model: Model, times: Sequence[float]) -> tuple[Model, list[float]]:
    """A control that learns nothing in any order: all weights go straight from the first to the last of the times.

    Returns the model with that path as its history, and the places on it, from 0 to 1.
    """
    assert model.history is not None
    start, end = (model.history.weights[time] for time in (times[0], times[-1]))
    path = np.linspace(0, 1, len(times)).tolist()
    weights = {share: {name: _between(start[name], end[name], share) for name in end} for share in path}
    return replace(model, name=f"{model.name}, straight", history=History(weights, {})), path


def _between(start: Tensor, end: Tensor, share: float) -> Tensor:
    return start.float().lerp(end.float(), share) if end.is_floating_point() else end


def _samples(seen: Sequence[Sequence[Seen]]) -> list[list[np.ndarray]]:
    return [[layer.samples for layer in found] for found in seen]


def _places(layer: Layer) -> tuple[int, int]:
    return layer.shape[1], layer.shape[2]


def _crops(
    model: Model, pixels: Tensor, layer: Layer, units: tuple[list[int], list[int], list[int]], rule: str
) -> np.ndarray:
    """The projection of one unit (channel, row, column) for each image, cut to what it sees, (n, 3, h, w)."""
    found = project(model, pixels, layer.name, seed=keep_units(*units), rule=rule).float().cpu().numpy()
    _, rows, columns = units
    windows = [window(layer.receptive_field, *place, model.size) for place in zip(rows, columns, strict=True)]
    return np.stack([cut(projection, *each) for projection, each in zip(found, windows, strict=True)])


def _eight_bit(crops: np.ndarray) -> np.ndarray:
    """Patches (features, times, h, w, 3) of projections (features, times, 3, h, w), each with a contrast of its own."""
    found = np.stack([visible(moments) for moments in crops])
    return (255 * found).round().astype(np.uint8)


def _new(images: np.ndarray) -> np.ndarray:
    """Whether the strongest image (features, times) is another one than a moment before, (features, times - 1)."""
    found: np.ndarray = (images[:, 1:] != images[:, :-1]) & (images[:, 1:] != SILENT) & (images[:, :-1] != SILENT)
    return found


def _jumps(crops: Sequence[np.ndarray], images: Sequence[np.ndarray], rng: np.random.Generator) -> dict[str, Any]:
    """How much a projection changes from one moment to the next, with the same and with another strongest image."""
    change = np.concatenate([changes(patches).ravel() for patches in crops])
    is_new = np.concatenate([_new(chosen).ravel() for chosen in images])
    change, is_new = change[~np.isnan(change)], is_new[~np.isnan(change)]
    decided = 2 <= is_new.sum() <= len(is_new) - 2
    return {
        "steps": len(is_new),
        "jumps": int(is_new.sum()),
        "change_new": float(change[is_new].mean()) if is_new.any() else 0.0,
        "change_same": float(change[~is_new].mean()) if not is_new.all() else 0.0,
        "change_interval": list(difference_interval(change[is_new], change[~is_new], rng)) if decided else [0.0, 0.0],
        "change_undecided": "" if decided else f"{is_new.sum()} of {len(is_new)} steps bring another image",
    }


def _patches(axes: Axes, result: Result) -> None:
    """A row for each feature, a column for each moment, and a line where the strongest image changes."""
    times, blocks, top = result.stats["times"], [], 0
    ticks: dict[float, str] = {}
    for k, layer in enumerate(result.stats["layers"]):
        patches, images = result.arrays[f"patches{k}"], result.arrays[f"images{k}"]
        tiles = magnified(patches.reshape(-1, *patches.shape[2:]) / 255, SIDE)
        tiles[images.ravel() == SILENT] = 1
        for row, column in np.argwhere(images == SILENT):
            place = column * STEP + SIDE / 2, top + row * STEP + SIDE / 2
            axes.text(*place, "silent", fontsize=5, color=style.COLOURS[6], ha="center", va="center")
        blocks.append(
            np.pad(tiled(tiles, columns=len(times), pad=PAD), ((0, 2 * PAD), (0, 0), (0, 0)), constant_values=1)
        )
        for row, column in np.argwhere(_new(images)):
            x, y = (column + 1) * STEP - PAD / 2 - 0.5, top + row * STEP
            axes.plot([x, x], [y, y + SIDE], color=style.MARK, linewidth=0.9)
        ticks |= {top + row * STEP + SIDE / 2: str(channel) for row, channel in enumerate(layer["drawn"])}
        middle, name = top + (len(images) * STEP - PAD) / 2, style.short(layer["name"], 14)
        axes.text(-0.45 * SIDE, middle, name, rotation=90, ha="right", va="center")
        top += len(blocks[-1])
    style.show_image(axes, np.concatenate(blocks)[: -2 * PAD])
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.set_xticks(np.arange(len(times)) * STEP + SIDE / 2, [_moment(time) for time in times])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)


def _against_epochs(axes: Axes, result: Result, key: str, label: str) -> None:
    """One line per layer, over the moments."""
    times, layers = result.stats["times"], result.stats["layers"]
    colours = style.by_depth(len(layers))
    for layer, values, colour in zip(layers, result.arrays[key].T, colours, strict=True):
        name = style.short(layer["name"], 14)
        axes.plot(times, values, "o-", color=colour, markersize=2.5, label=name)
    style.training_scale(axes, times)
    axes.set_ylim(min(0, axes.get_ylim()[0]), 1.03)
    axes.set_ylabel(label)
    axes.grid(axis="y")


def _moment(time: float) -> str:
    return "untrained" if time == 0 else f"{time:.3g}"
