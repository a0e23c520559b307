"""What a gray square does to one feature map, to the right class and to the answer (Zeiler and Fergus, figure 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.deconvnet import closeups, keep_strongest_unit, project, visible
from cnnviz_core.methods.grid import tiled
from cnnviz_core.methods.occlusion import (
    at_pixels,
    covered,
    occlusion_sweep,
    probabilities,
    square_and_stride,
    starts,
)
from cnnviz_core.methods.relu_rules import UndefinedRule
from cnnviz_core.methods.selection import of_confidence
from cnnviz_core.methods.total_activation import logits_and_total
from cnnviz_core.network import Layer, Model

_Arrays = dict[str, np.ndarray]

NAMED = 4  # labels of panel (e) that have a color of their own; all others share one
ROUNDING = 1e-4  # relative, of a sum over a map in single precision


@dataclass(frozen=True)
class OcclusionZfPanels(Figure):
    """Panels (a) to (e) for each image, of which (b), (d) and (e) come from the same forward passes."""

    images: list[int] | None
    count: int
    search: int
    confidence: float
    layer: str | None
    patch: float
    stride: int | None
    places: int
    others: int
    images_measured: int
    places_measured: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("images", lab)
        self.check_at_least(1, "count", "search", "stride", "places", "images_measured", "places_measured", "batch")
        self.check_share("patch", "confidence")
        if self.layer is not None and not lab.model.layer(self.layer).spatial:
            return f"layer {self.layer} of {lab.model.name} has no maps"
        if self.layer is None and lab.model.last_maps is None:
            return f"{lab.model.name} has no layer of maps before its classifier"
        return None

    def compute(self, lab: Lab) -> Result:
        model, layer = lab.model, self._layer(lab.model)
        pool = lab.spread(self.search)
        found, excited, _ = self._survey(lab, pool, layer)
        targets = None if lab.targets is None else lab.targets[pool]
        ids = self.images or [pool[k] for k in of_confidence(found, targets, level=self.confidence, count=self.count)]
        patch, stride = square_and_stride(min(model.size), share=self.patch, places=self.places)
        stride = self.stride or stride
        panels = [self._panels(lab, i, layer, patch, stride) for i in lab.track(ids, "panels of the square")]
        arrays = {name: np.stack([each[name] for each, _ in panels]) for name in ("image", "total", "p", "answer")}
        undefined = self._undefined(lab, ids[0], layer)
        if undefined is None:
            for k, (_, shown) in enumerate(panels):
                order = [pool[j] for j in np.argsort(-excited[:, shown["map"]], kind="stable") if pool[j] != ids[k]]
                chosen = [ids[k], *order[: self.others]]
                arrays[f"projections{k}"] = self._projections(lab, chosen, layer, shown["map"])
        return Result(
            arrays,
            {
                "images": [shown for _, shown in panels],
                "answers": {str(label): model.classes[label] for label in np.unique(arrays["answer"])},
                "label": "right" if lab.targets is not None else "predicted",
                "layer": layer.name,
                "maps": layer.shape[0],
                "patch": patch,
                "stride": stride,
                "places": panels[0][0]["p"].size,
                "mean": [float(value) for value in model.mean],
                "undefined": undefined,
                "correlation": None if undefined else self._correlation(lab, layer),
            },
        )

    def _layer(self, model: Model) -> Layer:
        layer = model.last_maps if self.layer is None else model.layer(self.layer)
        assert layer is not None
        return layer

    def _survey(self, lab: Lab, ids: Sequence[int], layer: Layer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probabilities (n, classes), and of every map the strongest and the total activation, (n, channels) each."""
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        found = []
        for chunk in lab.track(chunks, "strongest maps"):
            with torch.no_grad():
                (maps,), logits = lab.model.activations_and_logits(lab.pixels(chunk), layer.name)
            numbers = (logits.softmax(dim=1), maps.amax(dim=(2, 3)), maps.sum(dim=(2, 3)))
            found.append([number.double().cpu().numpy() for number in numbers])
        p, strongest, total = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return p, strongest, total

    def _sweep(
        self, lab: Lab, i: int, layer: Layer, channel: int, patch: int, stride: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (rows, columns, classes), and the total of one map (rows, columns), of the same passes."""
        found = occlusion_sweep(
            logits_and_total(lab.model, layer.name, channel),
            lab.pixels([i])[0], patch=patch, stride=stride, fill=torch.tensor(lab.model.mean), batch=self.batch,
        )  # fmt: skip
        return probabilities(found[..., :-1]), found[..., -1].double().cpu().numpy()

    def _panels(self, lab: Lab, i: int, layer: Layer, patch: int, stride: int) -> tuple[_Arrays, dict[str, Any]]:
        """The arrays and the stats of one image."""
        clean, excited, totals = self._survey(lab, [i], layer)
        label = int(clean[0].argmax() if lab.targets is None else lab.targets[i])
        strongest = int(excited[0].argmax())
        whole = float(totals[0, strongest])
        p, total = self._sweep(lab, i, layer, strongest, patch, stride)
        _, unhidden = self._sweep(lab, i, layer, strongest, 0, max(lab.model.size))
        answer, image = p.argmax(axis=2), (lab.pixels([i])[0] * 255).round().byte().cpu().numpy()
        row, column = np.unravel_index(p[..., label].argmin(), answer.shape)
        top, left = (
            int(starts(length, patch, stride)[k]) for length, k in zip(lab.model.size, (row, column), strict=True)
        )
        scale = max(abs(whole), 1e-30)
        return {"image": image, "total": total, "p": p[..., label], "answer": answer}, {
            "class": lab.model.classes[label],
            "output": label,
            "clean": float(clean[0, label]),
            "lowest": float(p[..., label].min()),
            "corner": [top, left],
            "map": strongest,
            "map_lost": float((whole - total.min()) / scale),
            "answers": len(np.unique(answer)),
            "kept": float((answer == label).mean()),
            "map_error": float(np.abs(unhidden - whole).max() / scale),
            "conflicts": int(((answer != label) & (p[..., label] > 0.5)).sum())
            + int(((answer == label) & (p[..., label] < 1 / p.shape[2])).sum()),
        }

    def _undefined(self, lab: Lab, i: int, layer: Layer) -> str | None:
        """Why there are no projections for this network, or None."""
        try:
            self._projections(lab, [i], layer, 0)
        except UndefinedRule as error:
            return str(error)
        return None

    def _projections(self, lab: Lab, ids: Sequence[int], layer: Layer, channel: int) -> np.ndarray:
        found = project(lab.model, lab.pixels(ids), layer.name, seed=keep_strongest_unit(channel))
        return np.asarray(found.float().cpu().numpy())

    def _correlation(self, lab: Lab, layer: Layer) -> dict[str, Any]:
        """Over many images: of what is left of the strongest map with how much of its projection is hidden."""
        patch, stride = square_and_stride(min(lab.model.size), share=self.patch, places=self.places_measured)
        found = []
        for i in lab.track(lab.spread(self.images_measured), "map against projection"):
            strongest = int(self._survey(lab, [i], layer)[1].argmax())
            _, left = self._sweep(lab, i, layer, strongest, patch, stride)
            energy = np.abs(self._projections(lab, [i], layer, strongest)[0]).sum(axis=0).astype(float)
            hidden = covered(energy, patch=patch, stride=stride)
            if hidden.std() > 0 and left.std() > 0:
                found.append(np.corrcoef(hidden.ravel(), left.ravel())[0, 1])
        if not found:
            return {"images": 0}
        interval = mean_interval(np.array(found), lab.rng(self.name()))
        return {"images": len(found), "mean": float(np.mean(found)), "interval": list(interval)}

    def draw(self, result: Result) -> Picture:
        stats, count = result.stats, len(result.arrays["image"])
        letters = "abcde" if stats["undefined"] is None else "abde"
        picture = style.picture(height=1.75 * count + 0.25)
        panels = picture.subplots(count, len(letters), squeeze=False)
        for k, shown in enumerate(stats["images"]):
            _row(dict(zip(letters, panels[k], strict=True)), result, k, shown)
        for letter, axes in zip(letters, panels[0], strict=True):
            axes.set_title(_titles(stats)[letter], fontsize=7)
        return picture

    def alt(self, stats: Stats) -> str:
        shown = "; ".join(
            f"{image['class']}: the strongest map is number {image['map']}, of which the square takes up to "
            f"{image['map_lost']:.0%}; the probability falls from {image['clean']:.2f} to {image['lowest']:.2f}; "
            f"the answer stays right at {image['kept']:.0%} of the places"
            for image in stats["images"]
        )
        projections = "" if stats["undefined"] else " (with projections of its strongest unit by the deconvnet)"
        return (
            f"A row for each of {len(stats['images'])} images: the image with a gray square, and maps over the place "
            f"of the square of the total activation of the strongest map of {stats['layer']}{projections}, of the "
            f"probability of the {stats['label']} class, and of the most probable label. {shown}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        images = stats["images"]
        error = max(image["map_error"] for image in images)
        return [
            identity(
                f"{self.name()}.strongest_map",
                "The map followed in (b) has the strongest activation of all in the image without the square.",
                error <= ROUNDING,
                {"largest_relative_difference": error},
            ),
            identity(
                f"{self.name()}.same_run",
                "Panels (d) and (e) agree, as numbers of the same forward passes must: where the probability is "
                "above one half the label is that class, and it is nowhere that class where it is below chance.",
                all(image["conflicts"] == 0 for image in images),
                {"places_in_conflict": sum(image["conflicts"] for image in images)},
            ),
            self._projection_tells(stats),
        ]

    def _projection_tells(self, stats: Stats) -> Claim:
        name = f"{self.name()}.projection_tells"
        text = (
            "The more of the projection the square hides, the less remains of the map: their correlation is negative."
        )
        found = stats["correlation"]
        if found is None or not found["images"]:
            reason = stats["undefined"] or "the maps or their projections do not vary"
            return Claim(name, text, "tendency", None, {}, source="zeiler2014 fig. 7", undecided=reason)
        low, high = found["interval"]
        numbers = {"correlation": found["mean"], "images": found["images"]}
        return tendency(name, text, numbers, (-high, -low), source="zeiler2014 fig. 7")


def _titles(stats: Stats) -> dict[str, str]:
    return {
        "a": "(a) image and square",
        "b": f"(b) total of one map\nof {stats['layer']}",
        "c": "(c) its strongest unit,\nhere and in others",
        "d": f"(d) P({stats['label']} class)",
        "e": "(e) most probable\nlabel",
    }


def _row(panels: dict[str, Axes], result: Result, k: int, shown: dict[str, Any]) -> None:
    """Draws the panels of one image."""
    stats, image, total = result.stats, result.arrays["image"][k].copy(), result.arrays["total"][k]
    patch, (top, left), square = stats["patch"], shown["corner"], {"patch": stats["patch"], "stride": stats["stride"]}
    for letter in "bde":
        style.show_image(panels[letter], 0.7 + 0.3 * style.shown(image).mean(axis=2))
    low, high = float(total.min()), float(total.max())
    style.heat(panels["b"], at_pixels(total, image.shape[1:], **square), low=low, high=high)
    style.heat(panels["d"], at_pixels(result.arrays["p"][k], image.shape[1:], **square), low=0, high=1)
    index, names = _named(result.arrays["answer"][k], shown["output"], stats["answers"])
    style.categories(panels["e"], at_pixels(index, image.shape[1:], **square), names)
    image[:, top : top + patch, left : left + patch] = np.round(255 * np.array(stats["mean"]))[:, None, None]
    style.show_image(panels["a"], image)
    if "c" in panels:
        pictures = visible(closeups(result.arrays[f"projections{k}"]))
        style.show_image(panels["c"], tiled(pictures, columns=2, pad=max(pictures.shape[1] // 16, 1)))
        style.box(panels["c"], 0, 0, *pictures.shape[1:3], colour="black")
    panels["a"].set_xlabel(f"{style.short(shown['class'], 20)}\nP = {shown['clean']:.2f}", fontsize=7)
    panels["b"].set_xlabel(f"map {shown['map']}", fontsize=7)
    panels["d"].set_xlabel(f"lowest {shown['lowest']:.2f}", fontsize=7)


def _named(answer: np.ndarray, right: int, names: Mapping[str, str]) -> tuple[np.ndarray, list[str]]:
    """Answers as indices into a short list of names: the most frequent ones, the right one first, and others."""
    labels, counts = np.unique(answer, return_counts=True)
    frequent = [int(label) for label in labels[np.argsort(-counts, kind="stable")][:NAMED]]
    frequent.sort(key=lambda label: label != right)
    index = np.full(answer.shape, float(len(frequent)))
    for place, label in enumerate(frequent):
        index[answer == label] = place
    others = ["other"] if len(labels) > len(frequent) else []
    return index, [style.short(names[str(label)], 18) for label in frequent] + others
