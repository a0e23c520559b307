"""The pixels whose change would change the score of a class most (Simonyan et al., figure 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.saliency import class_gradients, saliency
from cnnviz_core.network import Model

STEPS = (1e-6, 1e-8)  # of the differences, in pixel values from 0 to 1; the smaller where a ReLU switches in the larger
TOLERANCE = 1e-3  # relative


@dataclass(frozen=True)
class SaliencyMaps(Figure):
    """Images over the largest magnitude, over the colors, of the derivative of the predicted class's score."""

    images: list[int] | None
    count: int
    search: int
    images_measured: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("images", lab)
        self.check_at_least(1, "count", "search", "images_measured", "batch")
        return None

    def compute(self, lab: Lab) -> Result:
        rng = lab.rng(self.name())
        ids = self.images or lab.examples(self.count, self.search)
        pixels = lab.pixels(ids)
        with torch.no_grad():
            outputs = lab.model(pixels).argmax(dim=1)
            sure = lab.model.probabilities(pixels).gather(1, outputs.to(lab.model.device)[:, None])[:, 0]
        maps = saliency(lab.model, pixels, outputs).double().cpu().numpy()
        shown = [
            {
                "index": int(i),
                "class": lab.model.classes[int(o)],
                "p": float(p),
                "brightest": _white(m),
                **_on(lab, i, m),
            }
            for i, o, p, m in zip(ids, outputs, sure, maps, strict=True)
        ]
        return Result(
            {"images": (pixels * 255).round().byte().cpu().numpy(), "maps": maps.astype(np.float32)},
            {
                "images": shown,
                "lowest": float(maps.min()),
                "slope_error": slope_error(lab.model, pixels[:1], int(outputs[0]), rng),
                "measured": self._measured(lab, rng),
            },
        )

    def _measured(self, lab: Lab, rng: np.random.Generator) -> dict[str, Any]:
        """How much more of the map lies on the object than if it were the same all over, over many images."""
        ids = lab.spread(self.images_measured)
        if all("inside" not in _on(lab, i, np.ones(lab.model.size)) for i in ids):
            return {"images": 0}
        found = self._excess(lab, ids)
        random = self._excess(lab.with_model(lab.model.randomised(rng)), ids)
        area = [each["area"] for i in ids if "area" in (each := _on(lab, i, np.ones(lab.model.size)))]
        return {
            "images": len(found),
            "area": float(np.mean(area)),
            "inside": float(found.mean() + np.mean(area)),
            "inside_random": float(random.mean() + np.mean(area)),
            "excess": list(mean_interval(found, rng)),
            "difference": list(mean_interval(found - random, rng)),
        }

    def _excess(self, lab: Lab, ids: Sequence[int]) -> np.ndarray:
        """Of each image that says where its object is, the map's share on it less the object's share of the image."""
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        found = []
        for chunk in lab.track(chunks, f"saliency of {lab.model.name}"):
            pixels = lab.pixels(chunk)
            with torch.no_grad():
                outputs = lab.model(pixels).argmax(dim=1)
            maps = saliency(lab.model, pixels, outputs).double().cpu().numpy()
            places = [_on(lab, i, values) for i, values in zip(chunk, maps, strict=True)]
            found += [each["inside"] - each["area"] for each in places if "inside" in each]
        return np.array(found)

    def draw(self, result: Result) -> Picture:
        images, maps = result.arrays["images"], result.arrays["maps"]
        width = style.WIDTH / max(len(images), 3)
        height, across = images.shape[2:]
        picture = style.picture(width=max(width * len(images), 3.0), height=2 * width * height / across + 0.55)
        panels = picture.subplots(2, len(images), squeeze=False)
        for k, shown in enumerate(result.stats["images"]):
            style.show_image(panels[0, k], images[k], f"{style.short(shown['class'], 20)}\nP = {shown['p']:.2f}")
            style.show_image(panels[1, k], maps[k] / max(shown["brightest"], 1e-30), f"white: {shown['brightest']:.2g}")
            if "inside" in shown:
                panels[1, k].set_xlabel(
                    f"{shown['inside']:.0%} on the object,\n{shown['area']:.0%} of the image", fontsize=7
                )
        return picture

    def alt(self, stats: Stats) -> str:
        shown = "; ".join(
            f"{image['class']}"
            + (f": {image['inside']:.0%} on the object, {image['area']:.0%} of the image" if "inside" in image else "")
            for image in stats["images"]
        )
        return (
            f"{len(stats['images'])} images, and below each in shades of gray how strongly the score of its predicted "
            f"class would change with each pixel. {shown}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        return [
            identity(
                f"{self.name()}.slope",
                "The gradient predicts what small changes of an image do to the score, in double precision.",
                stats["slope_error"] <= TOLERANCE,
                {"largest_relative_error": stats["slope_error"]},
            ),
            identity(
                f"{self.name()}.magnitudes",
                "A saliency map has no negative values.",
                stats["lowest"] >= 0,
                {"lowest": stats["lowest"]},
            ),
            *self._object(stats["measured"]),
        ]

    def _object(self, measured: Stats) -> list[Claim]:
        """Whether the maps lie on the objects, and for a reason that was learned."""
        source = "simonyan2014 sec. 3.1, fig. 2"
        names = [f"{self.name()}.on_object", f"{self.name()}.learned"]
        texts = [
            "More of the saliency lies on the object than the object's share of the image.",
            "A larger share of the saliency lies on the object than in the same network with random weights.",
        ]
        if not measured["images"]:
            reason = "the data set says of no image which part of it is the object (masks or boxes)"
            return [
                Claim(name, text, "tendency", None, {}, source=source, undecided=reason)
                for name, text in zip(names, texts, strict=True)
            ]
        shares = {"share_on_object": measured["inside"], "object_of_image": measured["area"]}
        control = {"share_on_object": measured["inside"], "random_weights": measured["inside_random"]}
        return [
            tendency(names[0], texts[0], shares, measured["excess"], source=source),
            tendency(names[1], texts[1], control, measured["difference"], source=source),
        ]


def _white(values: np.ndarray) -> float:
    """What is drawn white: few pixels are brighter."""
    return float(np.quantile(values, 0.995))


def _on(lab: Lab, i: int, values: np.ndarray) -> dict[str, float]:
    """The share of a map on the object and the object's share of the image, where both are known."""
    masks, total = lab.masks([i]), float(values.sum())
    if masks is None or not 0 < masks.mean() < 1:
        return {}
    return {"inside": float(values[masks[0]].sum()) / total if total else 0.0, "area": float(masks.mean())}


def slope_error(model: Model, pixels: Tensor, output: int, rng: np.random.Generator) -> float:
    """How far the gradient is from central differences, along random directions and at random pixels (relative).

    At the image with noise below its rounding to 8 bits: in flat areas maxima are tied, and there is no derivative.
    """
    exact, shape = model.precise(), tuple(pixels.shape)
    pixels = pixels.double().cpu() + torch.from_numpy(rng.uniform(-1, 1, shape) / 510)
    gradient = class_gradients(exact, pixels, torch.tensor([output]))["gradient"]
    typical = float(gradient.norm()) / float(np.sqrt(gradient.numel()))
    errors: list[float] = []
    for k in range(6):
        direction = torch.from_numpy(rng.normal(size=shape))
        if k % 2:
            direction = torch.zeros_like(direction)
            direction.view(-1)[rng.integers(direction.numel())] = 1
        direction /= direction.norm()
        predicted = float((gradient * direction).sum())
        found = (_slope(exact, pixels, output, step * direction) / step for step in STEPS)
        wrong = (abs(slope - predicted) / max(abs(predicted), typical, 1e-6) for slope in found)
        first = next(wrong)
        errors.append(first if first < TOLERANCE / 100 else min(first, *wrong))
    return max(errors)


@torch.no_grad()
def _slope(model: Model, pixels: Tensor, output: int, step: Tensor) -> float:
    """Half of the difference of the scores a step ahead and a step behind."""
    ahead, behind = (float(model(pixels + sign * step)[0, output]) for sign in (1, -1))
    return (ahead - behind) / 2
