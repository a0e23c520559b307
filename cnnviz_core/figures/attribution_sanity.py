"""Which maps change when the network forgets what it learned (Adebayo et al. 2018)."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.attributions import TITLES, Constants, attributions, magnitude, possible
from cnnviz_core.methods.blind_maps import edges
from cnnviz_core.methods.bootstrap import mean_told
from cnnviz_core.methods.map_agreement import agreement, empty, unit_ranks, with_others
from cnnviz_core.methods.relu_rules import undefined
from cnnviz_core.methods.sampling import spread
from cnnviz_core.network import Layer, Model

BRIGHTEST = 0.99  # quantile of a map's own pixels that is white
ENOUGH = 6  # maps that are not empty, from which on a method is judged
TINY, HUGE = 1e-30, 1e30  # magnitudes between which single precision can be trusted


@dataclass(frozen=True)
class AttributionSanity(Figure):
    """Maps of one image by nets of which more and more is random, and how alike they are to those of the net."""

    image: int | None
    search: int
    images: int
    stages: int
    noise: float
    samples: int
    integration: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("image", lab)
        self.check_at_least(1, "search", "images", "samples", "integration", "batch")
        self.check_at_least(2, "stages")
        self.check_share("noise")
        return None

    def compute(self, lab: Lab) -> Result:
        rng, model = lab.rng(self.name()), lab.model
        shown = lab.examples(1, self.search)[0] if self.image is None else self.image
        ids = [shown, *(i for i in lab.spread(self.images) if i != shown)]
        why = undefined(model, lab.pixels([shown]), "guided")
        names = possible(list(TITLES), ruled=why is None, maps=model.last_maps is not None)
        layers = [layer for layer in model.layers.values() if layer.weighted]
        lowest = spread(range(len(layers)), min(self.stages, len(layers)))[::-1]
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        parts = [
            self._stages(lab, chunk, names, layers, lowest, rng) for chunk in lab.track(chunks, "forgetting by layers")
        ]
        edge = np.concatenate([edges(lab.pixels(chunk).double().cpu().numpy()) for chunk in chunks])
        maps = np.concatenate(parts, axis=2)  # (stages, methods, n, h, w)
        stats, outputs = _compared(maps, edge, names, rng), lab.logits(ids[:1]).argmax(axis=1)
        return Result(
            {
                "image": (lab.pixels([shown])[0] * 255).round().byte().cpu().numpy(),
                "edges": edge[0].astype(np.float32),
                "maps": maps[:, :, 0].astype(np.float32),
            },
            {
                "image": int(shown),
                "class": model.classes[int(outputs[0])],
                "images": len(ids),
                "layers": [layers[k].name for k in lowest],
                "weighted": len(layers),
                "methods": list(names),
                "undefined": why,
                "layer": None if model.last_maps is None else model.last_maps.name,
                **stats,
            },
        )

    def _stages(
        self, lab: Lab, ids: Sequence[int], names: Sequence[str], layers: Sequence[Layer], lowest: Sequence[int],
        rng: np.random.Generator,
    ) -> np.ndarray:  # fmt: skip
        """The maps (stages, methods, n, h, w) of some images by the net and by nets of which more and more is random.

        Other images meet other random weights, so that an interval over images covers these too.
        """
        pixels, noise = lab.pixels(ids), int(rng.integers(2**63))
        outputs = torch.from_numpy(lab.logits(list(ids)).argmax(axis=1)).to(pixels.device)
        weights = int(rng.integers(2**63))
        found = [self._maps(lab.model, pixels, outputs, names, noise)]
        for k in lowest:
            found.append(self._maps(forgotten(lab.model, layers, k, weights), pixels, outputs, names, noise))
        return np.stack(found)

    def _maps(self, model: Model, pixels: Tensor, outputs: Tensor, names: Sequence[str], noise: int) -> np.ndarray:
        """The maps (methods, n, h, w), each with 1 as its largest value; the same noise for every network.

        A signal that goes back through many random layers may leave the range of single precision; then it is sent
        again in double.
        """
        found = self._magnitudes(model, pixels, outputs, names, noise)
        largest = {name: maps.max(axis=(1, 2)) for name, maps in found.items()}
        doubtful = [name for name, most in largest.items() if not ((most > TINY) & (most < HUGE)).all()]
        if doubtful:
            double = replace(model, net=copy.deepcopy(model.net).double())
            found |= self._magnitudes(double, pixels.double(), outputs, doubtful, noise)
        maps = np.stack([found[name] for name in names])
        most = maps.max(axis=(2, 3), keepdims=True)
        scaled = np.divide(maps, most, out=np.zeros_like(maps), where=most > 0)
        return np.asarray(scaled.astype(np.float32))

    def _magnitudes(
        self, model: Model, pixels: Tensor, outputs: Tensor, names: Sequence[str], noise: int
    ) -> dict[str, np.ndarray]:
        constants = Constants(
            baseline=torch.tensor(model.mean), layer=None if model.last_maps is None else model.last_maps.name,
            averaged=None if model.averaged is None else model.averaged.name,
            samples=self.samples, noise=self.noise, steps=self.integration,
        )  # fmt: skip
        wanted = [*names, *(["gradient"] if "gradient_x_input" in names and "gradient" not in names else [])]
        found = attributions(model, pixels, outputs, wanted, constants, np.random.default_rng(noise))
        return {name: magnitude(name, found[name]).double().cpu().numpy() for name in names}

    def draw(self, result: Result) -> Picture:
        stats, maps = result.stats, result.arrays["maps"]
        rows, columns = len(stats["methods"]), len(maps)
        cell = min((style.WIDTH - 0.9) / columns, 0.8)
        heights = 1.75, cell * rows + 0.45
        picture = style.picture(height=sum(heights))
        above, below = np.asarray(picture.subfigures(2, 1, height_ratios=heights))
        image, edge, curves = above.subplots(1, 3, width_ratios=[1, 1, 2.6])
        style.show_image(image, result.arrays["image"], style.short(stats["class"], 18))
        _map(edge, result.arrays["edges"], "its edges (Sobel)")
        _curves(curves, stats)
        panels = below.subplots(rows, columns, squeeze=False, gridspec_kw={"wspace": 0.02, "hspace": 0.02})
        titles = ["trained", *(f"{k}{style.short(name, 12)}" for k, name in _stage_titles(stats["layers"]))]
        for row, name in enumerate(stats["methods"]):
            for column, axes in enumerate(panels[row]):
                _map(axes, maps[column, row], titles[column] if row == 0 else "")
            panels[row, 0].set_ylabel(
                TITLES[name].replace(" ", "\n", 1), fontsize=6.5, rotation=0, ha="right", va="center"
            )
        return picture

    def alt(self, stats: Stats) -> str:
        kept = "; ".join(
            f"{row['title']} {row['curve'][-1]['mean']:.2f}" for row in stats["rows"].values() if "curve" in row
        )
        return (
            f"An image ({stats['class']}), its edges, and a row of its maps for each of {len(stats['methods'])} "
            f"methods: by the trained network and by networks whose weights are random down to "
            f"{', '.join(stats['layers'])}. Curves show how the rank correlation with the map of the trained network "
            f"falls, mean of {stats['images']} images. With all weights random it is: {kept}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        rows = stats["rows"]
        same = max((abs(row["curve"][0]["mean"] - 1) for row in rows.values() if "curve" in row), default=0.0)
        text = "Before anything is drawn anew, each map is as much like itself as can be."
        return [
            identity(f"{self.name()}.nothing_forgotten", text, same <= 1e-9, {"largest_difference": same}),
            *(self._verdict(name, rows[name], stats) for name in stats["methods"]),
        ]

    def _verdict(self, name: str, row: Stats, stats: Stats) -> Claim:
        """For methods that are said to change with the model that they do, and for others that they do less."""
        title = row["title"][0].upper() + row["title"][1:]
        source = "adebayo2018" if name in ("gradient", "gradcam", "guided", "guided_gradcam") else ""
        least = name in ("gradient", "gradcam")
        text = (
            f"{title}: it changes with the network. Less than half of its map is kept, on average over the stages."
            if least
            else f"{title}: it depends less on what was learned than the gradient does. More of its map is kept."
        )
        difference = row.get("above_half" if least else "above_gradient")
        if row["maps"] < ENOUGH or difference is None:
            why = f"{row['maps']} maps are too few to tell"
            if row["empty"]:
                why = f"{row['empty']} of the {stats['images']} maps are empty: nothing comes back to the pixels"
            return tendency(f"{self.name()}.{name}", text, {}, [0, 0], source=source, undecided=why)
        low, high = difference["interval"]
        numbers = {"kept": row["kept"]["mean"], "kept_of_gradient": stats["rows"]["gradient"]["kept"]["mean"]}
        if least:
            numbers, low, high = {"kept": row["kept"]["mean"]}, -high, -low
        return tendency(f"{self.name()}.{name}", text, numbers, [low, high], source=source)


def forgotten(model: Model, layers: Sequence[Layer], lowest: int, seed: int) -> Model:
    """The model with random weights from the layer number `lowest` up to the logits.

    The same seed draws the same weights for a layer, however far down they are drawn.
    """
    above = layers[lowest - 1] if lowest else None
    return model.randomised(np.random.default_rng(seed), above=above)


def _compared(maps: np.ndarray, edge: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> dict[str, Any]:
    """Of each method how alike its maps are, stage by stage, to those of the trained network."""
    edge_ranks = unit_ranks(edge)
    flat = [[unit_ranks(stage[m]) for stage in maps] for m in range(len(names))]  # by method, by stage
    full = [~empty(stages[0]) for stages in flat]
    kept = [_kept(stages, told) for stages, told in zip(flat, full, strict=True)]
    rows: dict[str, Any] = {}
    for m, name in enumerate(names):
        stages, told = flat[m], full[m]
        if told.sum() < 2:
            rows[name] = {"title": TITLES[name], "maps": int(told.sum()), "empty": int((~told).sum())}
            continue
        both = told & full[0]
        rows[name] = {
            "title": TITLES[name],
            "maps": int(told.sum()),
            "empty": int((~told).sum()),
            "curve": [mean_told(agreement(stages[0], stage)[told], rng) for stage in stages],
            "others": [float(with_others(stages[0][told], stage[told]).mean()) for stage in stages],
            "edges": mean_told(agreement(stages[0], edge_ranks)[told], rng),
            "edges_random": mean_told(agreement(stages[-1], edge_ranks)[told], rng),
            "kept": mean_told(kept[m][told], rng),
            "above_half": mean_told(kept[m][told] - 0.5, rng),
            "above_gradient": mean_told((kept[m] - kept[0])[both], rng) if both.sum() > 1 else None,
        }
    return {"rows": rows, "against_gradient": {name: _against_gradient(row) for name, row in rows.items()}}


def _against_gradient(row: Stats) -> str:
    """Whether more is kept of a method's maps than of the gradient's: more, not more, unclear, or untested."""
    if row["maps"] < ENOUGH or row.get("above_gradient") is None:
        return "untested"
    low, high = row["above_gradient"]["interval"]
    return "more" if low > 0 else "not more" if high < 0 else "unclear"


def _kept(stages: Sequence[np.ndarray], told: np.ndarray) -> np.ndarray:
    """The share of each map that outlives the forgetting, mean over the stages: 1 all of it, and about 0 where maps of
    other images by the same half random networks are as much alike; NaN where the trained map is empty."""
    found = np.full(len(told), np.nan)
    if told.sum() > 1:
        first = stages[0][told]
        pairs = [(agreement(first, stage[told]), with_others(first, stage[told])) for stage in stages[1:]]
        found[told] = np.mean([(own - other) / (1 - other) for own, other in pairs], axis=0)
    return found


def _stage_titles(layers: Sequence[str]) -> list[tuple[str, str]]:
    return [("random:\n", layers[0]), *(("down to\n", name) for name in layers[1:])]


def _map(axes: Axes, values: np.ndarray, title: str) -> None:
    high = max(float(np.quantile(values, BRIGHTEST)), 1e-30)
    style.heat(axes, values, low=0, high=high, map=style.GREY, bar=False)
    if not values.any():
        axes.text(0.5, 0.5, "empty", color="white", fontsize=6.5, ha="center", transform=axes.transAxes)
    if title:
        axes.set_title(title, fontsize=6.5)


def _curves(axes: Axes, stats: Stats) -> None:
    for k, name in enumerate(stats["methods"]):
        row = stats["rows"][name]
        middle = [number["mean"] for number in row.get("curve", [])]
        axes.plot(range(len(middle)), middle, ":" if row["empty"] else "-", color=style.COLOURS[k], label=row["title"])
    axes.set_xticks(
        range(len(stats["layers"]) + 1), ["trained", *(style.short(n, 9) for n in stats["layers"])], rotation=30
    )
    axes.set(ylabel="rank correlation\nwith the trained map", ylim=(None, 1.02))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=6, handlelength=1.2)
