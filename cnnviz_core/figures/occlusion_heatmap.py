"""The probability of the right class while a gray square hides one part of the image after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.occlusion import (
    at_pixels,
    centered_on,
    occlusion_map,
    probabilities,
    square_and_stride,
    starts,
)
from cnnviz_core.methods.selection import of_confidence
from cnnviz_core.network import Model

ROUNDING = 1e-5  # single precision, and another order of sums for another batch


@dataclass(frozen=True)
class OcclusionHeatmap(Figure):
    """Images with the square where it hurts most, over maps of P(right class) for every place of the square."""

    images: list[int] | None
    count: int
    search: int
    confidence: float
    patch: float
    stride: int | None
    places: int
    images_measured: int
    places_measured: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("images", lab)
        self.check_at_least(1, "count", "search", "stride", "places", "images_measured", "places_measured", "batch")
        self.check_share("patch", "confidence")
        return None

    def compute(self, lab: Lab) -> Result:
        ids = self.images or self._chosen(lab)
        pixels, labels = lab.pixels(ids), _labels(lab, ids)
        patch, stride = square_and_stride(min(lab.model.size), share=self.patch, places=self.places)
        stride = self.stride or stride
        maps = [
            occlusion_map(lab.model, image, label=label, patch=patch, stride=stride, batch=self.batch)
            for image, label in zip(lab.track(list(pixels), "occlusion maps"), labels, strict=True)
        ]
        clean = _clean(lab.model, pixels, labels)
        shown = [
            {
                "index": int(i),
                "class": lab.model.classes[label],
                "clean": float(p),
                **_lowest(found, p, lab.model.size, patch, stride),
            }
            for i, label, p, found in zip(ids, labels, clean, maps, strict=True)
        ]
        return Result(
            {"images": (pixels * 255).round().byte().cpu().numpy(), "maps": np.stack(maps)},
            {
                "images": shown,
                "label": "right" if lab.targets is not None else "predicted",
                "patch": patch,
                "stride": stride,
                "places": maps[0].size,
                "mean": [float(value) for value in lab.model.mean],
                "identities": _identities(lab.model, pixels[0], labels[0]),
                "measured": self._measured(lab),
            },
        )

    def _chosen(self, lab: Lab) -> list[int]:
        """Images that are rightly classified, but not so surely that no square could change it."""
        ids = lab.spread(self.search)
        targets = None if lab.targets is None else lab.targets[ids]
        found = probabilities(torch.from_numpy(lab.logits(ids, self.batch)))
        return [ids[k] for k in of_confidence(found, targets, level=self.confidence, count=self.count)]

    def _measured(self, lab: Lab) -> dict[str, Any]:
        """Drops of P over many images: on and off the object, and at the worst place, also for random weights."""
        rng = lab.rng(self.name())
        ids = lab.spread(self.images_measured)
        patch, stride = square_and_stride(min(lab.model.size), share=self.patch, places=self.places_measured)
        control = lab.with_model(lab.model.randomised(rng))
        trained = self._drops(lab, ids, _labels(lab, ids), patch, stride)
        random = self._drops(control, ids, _predicted(control, ids), patch, stride)
        worst, worst_random = (drops.max(axis=(1, 2)) - np.median(drops, axis=(1, 2)) for drops in (trained, random))
        return {
            "images": len(ids),
            "places": trained[0].size,
            "worst": float(worst.mean()),
            "worst_random": float(worst_random.mean()),
            "worst_difference": list(mean_interval(worst - worst_random, rng)),
            **_on_and_off(lab, ids, trained, rng, patch, stride),
        }

    def _drops(self, lab: Lab, ids: Sequence[int], labels: Sequence[int], patch: int, stride: int) -> np.ndarray:
        """How much of P(label) each place of the square takes away, (images, rows, columns)."""
        found = []
        for i, label in zip(lab.track(ids, f"occlusion of {lab.model.name}"), labels, strict=True):
            pixels = lab.pixels([i])
            clean = _clean(lab.model, pixels, [label])[0]
            found.append(clean - occlusion_map(lab.model, pixels[0], label=label, patch=patch, stride=stride,
                                               batch=self.batch))  # fmt: skip
        return np.stack(found)

    def draw(self, result: Result) -> Picture:
        stats, count = result.stats, len(result.arrays["maps"])
        square = {"patch": stats["patch"], "stride": stats["stride"]}
        width = style.WIDTH / max(count, 3)
        picture = style.picture(width=max(width * count, 3.0), height=2 * width + 0.35)
        panels = picture.subplots(2, count, squeeze=False)
        for k, shown in enumerate(stats["images"]):
            image, (top, left) = result.arrays["images"][k].copy(), shown["corner"]
            spread = at_pixels(result.arrays["maps"][k], image.shape[1:], **square)
            faint = style.shown(image).mean(axis=2) * 0.3 + 0.7
            hidden = np.round(255 * np.array(stats["mean"])).astype(np.uint8)[:, None, None]
            image[:, top : top + stats["patch"], left : left + stats["patch"]] = hidden
            style.show_image(panels[0, k], image, f"{style.short(shown['class'], 22)}: P = {shown['clean']:.2f}")
            style.show_image(panels[1, k], faint, f"P from {shown['lowest']:.2f} to {shown['highest']:.2f}")
            drawn = style.heat(panels[1, k], spread, low=0, high=1, bar=False)
            style.box(panels[1, k], top, left, top + stats["patch"], left + stats["patch"])
        style.colour_bar(drawn, panels[1, -1], f"P({stats['label']} class)")
        return picture

    def alt(self, stats: Stats) -> str:
        shown = "; ".join(
            f"{image['class']}: {image['clean']:.2f} without the square, {image['lowest']:.2f} with it "
            f"{image['where']}, less than half at {image['halved']:.0%} of the places"
            for image in stats["images"]
        )
        return (
            f"{len(stats['images'])} images with a gray square of {stats['patch']} pixels where it lowers the "
            f"probability of the {stats['label']} class most, and below each the map of that probability for "
            f"{stats['places']} places of the square. {shown}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        identities, measured = stats["identities"], stats["measured"]
        return [
            identity(
                f"{self.name()}.nothing_hidden",
                "A square of no size leaves the probability as it is.",
                identities["nothing_hidden"] <= ROUNDING,
                {"largest_difference": identities["nothing_hidden"]},
            ),
            identity(
                f"{self.name()}.everything_hidden",
                "A square as large as the image has one place, and the probability there is that of a gray image.",
                identities["everything_places"] == 1 and identities["everything_hidden"] <= ROUNDING,
                {"places": identities["everything_places"], "difference": identities["everything_hidden"]},
            ),
            _object_matters(f"{self.name()}.object_matters", measured),
            tendency(
                f"{self.name()}.localised",
                "Where the square is matters more than in the same network with random weights: its worst place lowers "
                "the probability further below the median over all places.",
                {"worst": measured["worst"], "worst_random": measured["worst_random"]},
                measured["worst_difference"],
                source="zeiler2014 sec. 4.2",
            ),
        ]


def _labels(lab: Lab, ids: Sequence[int]) -> list[int]:
    """The outputs of interest: the right ones, or the predicted ones where the model does not have the right ones."""
    return _predicted(lab, ids) if lab.targets is None else [int(label) for label in lab.targets[list(ids)]]


def _predicted(lab: Lab, ids: Sequence[int]) -> list[int]:
    return [int(label) for label in lab.logits(ids).argmax(axis=1)]


def _clean(model: Model, pixels: torch.Tensor, labels: Sequence[int]) -> np.ndarray:
    with torch.no_grad():
        found = model(pixels).double().softmax(dim=1).cpu().numpy()
    return np.asarray(found[np.arange(len(labels)), list(labels)])


def _lowest(found: np.ndarray, clean: float, size: tuple[int, int], patch: int, stride: int) -> dict[str, Any]:
    """Where the probability is lowest, and how many places halve the clean one."""
    row, column = np.unravel_index(found.argmin(), found.shape)
    top, left = int(starts(size[0], patch, stride)[row]), int(starts(size[1], patch, stride)[column])
    return {
        "lowest": float(found.min()),
        "highest": float(found.max()),
        "corner": [top, left],
        "where": _where((top + patch / 2) / size[0], (left + patch / 2) / size[1]),
        "halved": float((found < clean / 2).mean()),
    }


def _where(down: float, across: float) -> str:
    """A place of the image in words."""
    vertical, horizontal = (min(int(3 * share), 2) for share in (down, across))
    words = [("at the top", "", "at the bottom")[vertical], ("on the left", "", "on the right")[horizontal]]
    return " ".join(word for word in words if word) or "in the middle"


def _identities(model: Model, image: torch.Tensor, label: int) -> dict[str, Any]:
    """What a square of no size, and one that hides everything, change."""
    full = max(image.shape[1:])
    grey = torch.tensor(model.mean).to(image).view(1, 3, 1, 1).expand(1, *image.shape)
    nothing = occlusion_map(model, image, label=label, patch=0, stride=full)
    everything = occlusion_map(model, image, label=label, patch=full, stride=1)
    return {
        "nothing_hidden": float(np.abs(nothing - _clean(model, image[None], [label])).max()),
        "everything_places": everything.size,
        "everything_hidden": float(np.abs(everything - _clean(model, grey, [label])).max()),
    }


def _on_and_off(
    lab: Lab, ids: Sequence[int], drops: np.ndarray, rng: np.random.Generator, patch: int, stride: int
) -> dict[str, Any]:
    """Mean drops with the square centered on the object and elsewhere, where the data set says what the object is."""
    pairs = []
    for i, drop in zip(ids, drops, strict=True):
        mask = lab.masks([i])
        inside = None if mask is None else centered_on(mask[0], patch=patch, stride=stride)
        if inside is not None and 0 < inside.mean() < 1:
            pairs.append((drop[inside].mean(), drop[~inside].mean()))
    if not pairs:
        return {"images_with_object": 0}
    on, off = np.array(pairs).T
    interval = list(mean_interval(on - off, rng))
    return {"images_with_object": len(on), "on": float(on.mean()), "off": float(off.mean()), "on_off": interval}


def _object_matters(name: str, measured: Stats) -> Claim:
    text = "The probability falls further when the square is centered on the object than when it is elsewhere."
    if not measured["images_with_object"]:
        reason = "the data set says of no image where its object is (masks or boxes) so that squares lie on and off it"
        return Claim(name, text, "tendency", None, {}, source="zeiler2014 sec. 4.2", undecided=reason)
    numbers = {"drop_on_object": measured["on"], "drop_elsewhere": measured["off"]}
    return tendency(name, text, numbers, measured["on_off"], source="zeiler2014 sec. 4.2")
