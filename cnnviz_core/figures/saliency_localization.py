"""From a saliency map to a box: seeds, a graph cut by colors, the largest component (Simonyan et al., section 3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab, resized
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.boxes import overlap, tight_box
from cnnviz_core.methods.color_mixture import color_cost
from cnnviz_core.methods.components import largest_component
from cnnviz_core.methods.graph_cut import RESOLUTION, energy, graph_cut
from cnnviz_core.methods.saliency import saliency
from cnnviz_core.methods.seeds import quantile_seeds, tied

FOUND = 0.5  # overlap with a box from which on the object counts as found
REPORTED = 0.464  # top-5 localisation error on ILSVRC-2013, as reported of the paper
WAYS = {"graph_cut": "graph cut", "seeds": "seeds alone", "center": "center", "whole": "whole image"}
BASELINES = ("seeds", "center", "whole")


@dataclass(frozen=True)
class SaliencyLocalization(Figure):
    """Images, their saliency maps, seeds, segmentations and boxes; and how often such boxes find the object."""

    images: list[int] | None
    count: int
    search: int
    above: float
    below: float
    parts: int
    smoothness: float
    center: float
    images_measured: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("images", lab)
        self.check_at_least(1, "count", "search", "parts", "images_measured")
        self.check_at_least(0, "smoothness")
        self.check_share("above", "below", "center")
        if self.above < self.below:
            raise InputError(f"figure.{self.name()}.above={self.above} must be at least below={self.below}")
        return None

    def compute(self, lab: Lab) -> Result:
        seed = int(lab.rng(self.name()).integers(2**31))
        ids = self.images or lab.examples(self.count, self.search)
        shown = [self._steps(lab, i, seed) for i in lab.track(ids, "boxes from saliency maps")]
        names = ("image", "saliency", "object", "background", "segment")
        return Result(
            {name: np.stack([arrays[name] for arrays, _ in shown]) for name in names},
            {
                "images": [told for _, told in shown],
                "label": "right" if lab.targets is not None else "predicted",
                "measured": self._measured(lab, seed),
            },
        )

    def _steps(self, lab: Lab, i: int, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """All that leads from one image to its box, and how well that fits where the truth is known."""
        logits = lab.logits([i])[0]
        output = int(logits.argmax() if lab.targets is None else lab.targets[i])
        pixels = lab.pixels([i])
        values = saliency(lab.model, pixels, torch.tensor([output]))[0].double().cpu().numpy()
        image = pixels[0].double().cpu().numpy()
        front, back = quantile_seeds(values, above=self.above, below=self.below)
        cut, saved = self._cut(image, front, back, seed)
        part = largest_component(cut)
        boxes = {"graph_cut": tight_box(part), "seeds": tight_box(front), **_constant(lab.model.size, self.center)}
        truth = _truth(lab, i)
        told = {
            "index": int(i), "class": lab.model.classes[output], "box": _listed(boxes["graph_cut"]),
            "truth": [_listed(box) for box in truth],
            "front": float(front.mean()), "back": float(back.mean()),
            "front_off": _excess(front, 1 - self.above, tied(values, self.above)),
            "back_off": _excess(back, self.below, tied(values, self.below)),
            "tight": _is_tight(part, boxes["graph_cut"]), "saved": saved, "covered": float(part.mean()),
            "rank": int((logits > logits[output]).sum()),
            "overlaps": {way: _best(box, truth) for way, box in boxes.items()} if truth else None,
            "mask_overlap": _mask_overlap(lab, i, part), "front_overlap": _mask_overlap(lab, i, front),
        }  # fmt: skip
        arrays = {"saliency": values, "object": front, "background": back, "segment": part}
        return {"image": (image * 255).round().astype(np.uint8), **arrays}, told

    def _cut(self, image: np.ndarray, front: np.ndarray, back: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
        """What is cut out, and the energy by which it is better than the seeds alone, at least that of rounding."""
        if front.sum() < 2 or back.sum() < 2:
            return np.zeros_like(front), 0.0
        object_cost, background_cost = (
            color_cost(image, seeds, parts=self.parts, seed=seed) for seeds in (front, back)
        )
        cut = graph_cut(object_cost, background_cost, image, smoothness=self.smoothness)
        spent, otherwise = (
            energy(labels, object_cost, background_cost, image, smoothness=self.smoothness) for labels in (cut, front)
        )
        return cut, otherwise - spent + 5 * cut.size / RESOLUTION

    def _measured(self, lab: Lab, seed: int) -> dict[str, Any]:
        """How often each way finds an object of the class, over images of which the data set has boxes."""
        known = [i for i in lab.spread(self.images_measured) if _truth(lab, i)]
        if not known:
            return {"images": 0}
        told = [self._steps(lab, i, seed)[1] for i in lab.track(known, "measuring boxes")]
        overlaps = {way: np.array([each["overlaps"][way] for each in told]) for way in WAYS}
        first = 1 if lab.targets is None or len(lab.model.classes) <= 5 else 5
        right = np.array([lab.targets is None or each["rank"] < first for each in told])
        right1 = np.array([lab.targets is None or each["rank"] == 0 for each in told])
        errors = {way: 1.0 - (right & (found >= FOUND)) for way, found in overlaps.items()}
        best = min(BASELINES, key=lambda way: float(errors[way].mean()))
        rng = lab.rng(f"{self.name()} intervals")
        masks = [(each["mask_overlap"], each["front_overlap"]) for each in told if each["mask_overlap"] is not None]
        return {
            "images": len(known), "first": first, "best": WAYS[best],
            "found": {way: float((found >= FOUND).mean()) for way, found in overlaps.items()},
            "overlap": {way: float(found.mean()) for way, found in overlaps.items()},
            "errors": {way: float(error.mean()) for way, error in errors.items()},
            "error1": float(1 - (right1 & (overlaps["graph_cut"] >= FOUND)).mean()),
            "interval": list(mean_interval(errors["graph_cut"], rng)),
            "better": list(mean_interval(errors[best] - errors["graph_cut"], rng)),
            "masks": len(masks),
            "mask_overlap": float(np.mean([mask for mask, _ in masks])) if masks else None,
            "front_overlap": float(np.mean([front for _, front in masks])) if masks else None,
            "worst": _worst(told),
        }  # fmt: skip

    def draw(self, result: Result) -> Picture:
        arrays, stats = result.arrays, result.stats
        rows, side = len(stats["images"]), style.WIDTH / 4
        measured = bool(stats["measured"]["images"])
        heights = [rows * (side + 0.05) + 0.25, *([1.35] if measured else [])]
        picture = style.picture(height=sum(heights))
        upper, *lower = picture.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        panels = upper.subplots(rows, 4, squeeze=False)
        for k, (row, told) in enumerate(zip(panels, stats["images"], strict=True)):
            _row(row, {name: array[k] for name, array in arrays.items()}, told)
        for axes, title in zip(panels[0], ("image and boxes", "saliency", "seeds", "segmentation"), strict=True):
            axes.set_title(title)
        for part in lower:
            _bars(part.subplots(), stats["measured"])
        return picture

    def alt(self, stats: Stats) -> str:
        measured = stats["measured"]
        told = "; ".join(
            f"{each['class']}: " + (f"a box around {each['covered']:.0%} of the pixels" if each["box"] else "no box")
            for each in stats["images"]
        )
        errors = "" if not measured["images"] else (
            f" Bars of the localization error over {measured['images']} images: "
            + ", ".join(f"{WAYS[way]} {error:.0%}" for way, error in measured["errors"].items()) + "."
        )  # fmt: skip
        return (
            f"{len(stats['images'])} images, each with its saliency map, its seeds of object and background, and what "
            f"a graph cut makes of them. {told}.{errors}"
        )

    def claims(self, stats: Stats) -> list[Claim]:
        name, measured = self.name(), stats["measured"]
        worst = _worst(stats["images"])
        worst = {key: max(worst[key], measured.get("worst", worst)[key]) for key in worst}
        return [
            identity(
                f"{name}.seeds",
                f"The seeds of the object are {1 - self.above:.0%} of the pixels and those of the background "
                f"{self.below:.0%}, but for pixels that share the value at the quantile.",
                worst["off"] <= 0,
                {"largest_excess": worst["off"]},
            ),
            identity(
                f"{name}.tight",
                "The box is the smallest one around the largest component.",
                worst["loose"] == 0,
                {"not_tight": worst["loose"]},
            ),
            identity(
                f"{name}.cheapest",
                "No segmentation costs more than that by the seeds alone.",
                worst["costlier"] <= 0,
                {"costlier_by": worst["costlier"]},
            ),
            _finds(f"{name}.finds_objects", measured),
        ]


def _finds(name: str, measured: Stats) -> Claim:
    text = "The boxes miss the object less often than the best of three boxes that need no graph cut."
    reference, source = {"reported_error": REPORTED}, "simonyan2014 sec. 3.2"
    if not measured["images"]:
        reason = "the data set has no boxes of its objects"
        return Claim(name, text, "tendency", None, {}, reference, source, reason)
    numbers = {
        "error": measured["errors"]["graph_cut"],
        "best_other": min(measured["errors"][way] for way in BASELINES),
    }
    return tendency(name, text, numbers, measured["better"], source=source, reference=reference)


def _constant(size: tuple[int, int], share: float) -> dict[str, np.ndarray]:
    """Boxes that do not look at the image: the middle of it, and all of it."""
    whole = np.array([0, 0, *size], dtype=float)
    margin = np.array(size) * (1 - share) / 2
    return {"center": np.array([*margin, *(np.array(size) - margin)]), "whole": whole}


def _truth(lab: Lab, i: int) -> list[np.ndarray]:
    """The boxes of an image in the model's frame, cut to it, of objects that are still there."""
    if lab.dataset.boxes is None:
        return []
    found = []
    for top, left, bottom, right in np.round(lab.dataset.boxes[i]).astype(int):
        inside = torch.zeros(1, *lab.dataset.images[i].shape[-2:])
        inside[:, top:bottom, left:right] = 1
        box = tight_box(resized(inside, lab.model.resize, lab.model.size)[0].numpy() > 0.5)
        if box is not None:
            found.append(box)
    return found


def _mask_overlap(lab: Lab, i: int, part: np.ndarray) -> float | None:
    """Area shared with the objects of an image as a share of the area of both together, where masks are known."""
    masks = None if lab.dataset.masks is None else lab.masks([i])
    if masks is None or not masks[0].any():
        return None
    return float((masks[0] & part).sum() / (masks[0] | part).sum())


def _best(box: np.ndarray | None, truth: Sequence[np.ndarray]) -> float:
    return 0.0 if box is None else max(overlap(box, other) for other in truth)


def _listed(box: np.ndarray | None) -> list[float] | None:
    return None if box is None else [float(value) for value in box]


def _excess(seeds: np.ndarray, share: float, ties: float) -> float:
    """By how much the share of the seeds is further off than ties and whole pixels explain; 0 for no seeds at all."""
    return float(abs(seeds.mean() - share) - ties - 1 / seeds.size) if seeds.any() else 0.0


def _is_tight(part: np.ndarray, box: np.ndarray | None) -> bool:
    """Whether each side of the box is touched, and nothing lies outside; for an empty part, whether there is no box."""
    if box is None or not part.any():
        return box is None and not part.any()
    top, left, bottom, right = box.astype(int)
    inside = part[top:bottom, left:right]
    touched = inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()
    return bool(touched and inside.sum() == part.sum())


def _worst(told: Sequence[Stats]) -> dict[str, float]:
    return {
        "off": max(max(each["front_off"], each["back_off"]) for each in told),
        "loose": sum(not each["tight"] for each in told),
        "costlier": max(-each["saved"] for each in told),
    }


def _row(panels: Sequence[Axes], arrays: dict[str, np.ndarray], told: Stats) -> None:
    image = style.shown(arrays["image"])
    style.show_image(panels[0], image)
    panels[0].set_ylabel(style.short(told["class"], 20))
    for box in told["truth"]:
        style.box(panels[0], *box, colour="white")
    if told["box"]:
        style.box(panels[0], *told["box"])
    most = float(np.quantile(arrays["saliency"], 0.99)) or 1.0
    style.heat(panels[1], arrays["saliency"], low=0, high=most, map=style.GREY, bar=False)
    seeds = np.repeat(image.mean(axis=2, keepdims=True) * 0.4 + 0.55, 3, axis=2)
    for name, color in (("background", style.COLOURS[0]), ("object", style.MARK)):
        seeds[arrays[name]] = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    style.show_image(panels[2], seeds)
    style.show_image(panels[3], np.where(arrays["segment"][..., None], image, 0.25 * image + 0.75))


def _bars(axes: Axes, measured: Stats) -> None:
    ways = list(WAYS)
    errors = [100 * measured["errors"][way] for way in ways]
    axes.barh(range(len(ways)), errors, 0.7, color=[style.COLOURS[0], *[style.COLOURS[5]] * 3])
    for k, error in enumerate(errors):
        axes.text(error + 0.8, k, f"{error:.0f}", va="center", fontsize=7)
    axes.set_yticks(range(len(ways)), list(WAYS.values()))
    axes.set(xlim=(0, 105), ylim=(len(ways) - 0.4, -0.6))
    axes.set_xlabel(f"localization error (top {measured['first']}), % of {measured['images']} images")
