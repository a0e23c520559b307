"""One unit of one image sent back to the pixels by three rules for the ReLU (Springenberg et al., figure 3)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.deconvnet import keep_units, projections, visible
from cnnviz_core.methods.relu_rules import RULES, relu_rule, undefined
from cnnviz_core.methods.saliency import class_gradients
from cnnviz_core.methods.sampling import spread
from cnnviz_core.network import Layer, Model

ROUNDING = 1e-4  # relative, of a gradient in single precision
TITLES = ("what the unit sees", "gradient", "deconvnet", "guided backprop")


@dataclass(frozen=True)
class ReluRules(Figure):
    """The strongest unit of several layers and the class score, sent back to the pixels of one image by each rule."""

    image: int | None
    search: int
    layers: list[str] | None
    depths: int
    images_measured: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("image", lab)
        self.check_at_least(1, "search", "depths", "images_measured", "batch")
        for name in self.layers or []:
            if len(lab.model.layer(name).shape) != 3:
                return f"layer {name} of {lab.model.name} has no maps"
        return undefined(lab.model, torch.zeros(1, 3, *lab.model.size, device=lab.device), "guided")

    def compute(self, lab: Lab) -> Result:
        index = lab.examples(1, self.search)[0] if self.image is None else self.image
        pixels = lab.pixels([index])
        with torch.no_grad():
            output = int(lab.model(pixels)[0].argmax())
        rows = [_unit(lab.model, pixels, layer) for layer in self._layers(lab.model)]
        sent = class_gradients(lab.model, pixels, torch.tensor([output]), RULES)
        rows.append((sent, {"layer": "score", "class": lab.model.classes[output], "box": [0, 0, *lab.model.size]}))
        found = np.stack([np.stack([sent[rule][0].float().cpu().numpy() for rule in RULES]) for sent, _ in rows])
        units = [{**unit, **_sizes(values)} for (_, unit), values in zip(rows, found, strict=True)]
        return Result(
            {"image": (pixels[0] * 255).round().byte().cpu().numpy(), "projections": found},
            {
                "index": int(index),
                "class": lab.model.classes[output],
                "units": units,
                "checks": _checks(lab.model, pixels, lab.rng(self.name())),
                "scores": self._scores(lab),
            },
        )

    def _layers(self, model: Model) -> list[Layer]:
        """Layers of maps from ReLUs, spread over the depth; the first is left out, where the three rules are equal."""
        if self.layers is not None:
            return [model.layer(name) for name in self.layers]
        maps = [layer for layer in model.rectified_layers if layer.spatial]
        places = list(range(min(1, len(maps) - 1), len(maps)))
        return [maps[k] for k in sorted(set(spread(places, min(self.depths, len(places)))))] if maps else []

    def _scores(self, lab: Lab) -> dict[str, Any]:
        """Of how many images nothing comes back from the class score, and how alike the rest is to the gradient."""
        ids = lab.spread(self.images_measured)
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        empty = dict.fromkeys(RULES, 0)
        alike: dict[str, list[float]] = {rule: [] for rule in RULES[1:]}
        for chunk in lab.track(chunks, "class scores by three rules"):
            pixels = lab.pixels(chunk)
            with torch.no_grad():
                outputs = lab.model(pixels).argmax(dim=1)
            sent = class_gradients(lab.model, pixels, outputs, RULES)
            flat = {rule: values.double().flatten(1) for rule, values in sent.items()}
            for rule, values in flat.items():
                there = values.abs().amax(dim=1) > 0
                empty[rule] += int((~there).sum())
                if rule in alike:
                    cosines = torch.cosine_similarity(flat["gradient"], values, dim=1)
                    alike[rule] += cosines[there].tolist()
        return {
            "images": len(ids),
            "empty": empty,
            "cosine": {rule: float(np.mean(values)) if values else None for rule, values in alike.items()},
        }

    def draw(self, result: Result) -> Picture:
        units, count = result.stats["units"], len(result.stats["units"])
        picture = style.picture(width=style.WIDTH * 0.9, height=1.62 * count + 0.3)
        panels = picture.subplots(count, 4, squeeze=False)
        for row, unit, sent in zip(panels, units, result.arrays["projections"], strict=True):
            top, left, bottom, right = unit["box"]
            style.show_image(row[0], result.arrays["image"][:, top:bottom, left:right])
            row[0].set_ylabel(_label(unit), fontsize=7)
            for axes, rule, values in zip(row[1:], RULES, visible(sent[..., top:bottom, left:right]), strict=True):
                style.show_image(axes, values)
                style.box(axes, 0, 0, bottom - top, right - left, colour="#b0b0b0")
                axes.set_xlabel(_scale(unit["largest"], rule), fontsize=7)
        for axes, title in zip(panels[0], TITLES, strict=True):
            axes.set_title(title)
        return picture

    def alt(self, stats: Stats) -> str:
        units = "; ".join(
            f"{_label(unit)}".replace("\n", ", ")
            + ": "
            + ", ".join(f"{rule} {_scale(unit['largest'], rule)}" for rule in RULES)
            for unit in stats["units"]
        )
        return (
            f"For an image of {stats['class']}, a row for each of {len(stats['units'])} depths of the network: what "
            "the unit sees of the image, and what comes back to it by the gradient, by the deconvnet and by guided "
            f"backprop. {units}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        checks = stats["checks"]
        return [
            identity(
                f"{self.name()}.counted",
                "Every ReLU that ran followed the rule.",
                checks["ran"] == checks["followed"],
                {"relus_that_ran": checks["ran"], "relus_that_followed": checks["followed"]},
            ),
            identity(
                f"{self.name()}.gradient",
                "The rule called gradient gives the gradient of the network as it is.",
                checks["gradient_error"] <= ROUNDING,
                {"largest_relative_difference": checks["gradient_error"]},
            ),
            identity(
                f"{self.name()}.both_masks",
                "At one ReLU guided backprop keeps what both the gradient and the deconvnet keep, and nothing else.",
                checks["mask_conflicts"] == 0,
                {"values": checks["mask_values"], "in_conflict": checks["mask_conflicts"]},
            ),
            identity(
                f"{self.name()}.not_negative",
                "By the deconvnet and by guided backprop no ReLU passes a negative signal back.",
                checks["lowest"] >= 0,
                {"lowest_signal": checks["lowest"], "lowest_of_the_gradient": checks["lowest_gradient"]},
            ),
        ]


def _unit(model: Model, pixels: Tensor, layer: Layer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The strongest unit of a layer, sent back by each rule, and where it is."""
    with torch.no_grad():
        (maps,) = model.activations(pixels, layer.name)
    channel, row, column = (int(k) for k in np.unravel_index(int(maps[0].argmax()), maps.shape[1:]))
    sent = projections(model, pixels, layer.name, seed=keep_units([channel], [row], [column]), rules=RULES)
    field = layer.receptive_field
    box = [0, 0, *model.size] if field is None else list(field.box(row, column, model.size))
    return sent, {"layer": layer.name, "map": channel, "box": [int(edge) for edge in box]}


def _sizes(sent: np.ndarray) -> dict[str, Any]:
    """How large each projection is: the 99.5 % quantile of the magnitudes where there are any."""
    sizes = [float(np.quantile(v, 0.995)) if (v := np.abs(s)[np.abs(s) > 0]).size else 0.0 for s in sent]
    return {"largest": dict(zip(RULES, sizes, strict=True))}


def _scale(largest: Stats, rule: str) -> str:
    """How strong a projection is, in words: what is drawn white or black, as a multiple of the same of the gradient."""
    if not largest[rule]:
        return "nothing comes back"
    if rule == "gradient" or not largest["gradient"]:
        return f"scale ±{largest[rule]:.2g}"
    return f"scale {largest[rule] / largest['gradient']:.2g} × gradient"


def _label(unit: Stats) -> str:
    if unit["layer"] == "score":
        return f"class score\n{style.short(unit['class'], 18)}"
    return f"{unit['layer']}\nmap {unit['map']}"


def _checks(model: Model, pixels: Tensor, rng: np.random.Generator) -> dict[str, Any]:
    """What must hold of every network, measured with a signal of both signs sent back from all logits."""
    inputs = pixels.detach().requires_grad_()
    plain_logits = model(inputs)
    signal = torch.from_numpy(rng.normal(size=tuple(plain_logits.shape))).to(plain_logits)
    (plain,) = torch.autograd.grad(plain_logits, inputs, signal)
    with relu_rule(*RULES) as backward:
        logits = model(inputs)
    last: dict[str, Tensor] = {}
    lowest = dict.fromkeys(RULES, 0.0)

    def passed(back: Tensor) -> None:
        last.setdefault(backward.rule, back.detach())
        lowest[backward.rule] = min(lowest[backward.rule], float(back.min()))

    backward.passed = passed
    found = {}
    for rule in RULES:
        backward.rule = rule
        (found[rule],) = torch.autograd.grad(logits, inputs, signal, retain_graph=True)
    gradient, deconvnet, guided = (last.get(rule, signal.new_zeros(1)) for rule in RULES)
    both = torch.where((gradient != 0) & (deconvnet != 0), gradient, 0)
    difference = (found["gradient"] - plain).abs().max() / plain.abs().max().clamp(min=1e-30)
    return {
        "ran": backward.ran,
        "followed": backward.replaced,
        "gradient_error": float(difference),
        "mask_values": guided.numel() if last else 0,
        "mask_conflicts": int((guided != both).sum()),
        "lowest": min(lowest["deconvnet"], lowest["guided"]),
        "lowest_gradient": lowest["gradient"],
    }
