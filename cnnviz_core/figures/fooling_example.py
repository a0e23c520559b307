"""Images, the sign of the gradient of the loss, and their sum (Goodfellow, Shlens and Szegedy 2015, figure 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnviz_core import style
from cnnviz_core.claim import identity
from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.attacks.eight_bit import LEVELS, as_pixels, eight_bit
from cnnviz_core.methods.attacks.fast_gradient_sign import gradient_sign, moved
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size
from cnnviz_core.methods.selection import of_confidence

ROUNDING = 1e-6  # of a pixel's value, in single precision
TIE = 1e-3  # difference of two probabilities below which either label may come first


@dataclass(frozen=True)
class FoolingExample(Figure):
    """A row for each image: as it is, the signs, the sum in 8 bits, and the sum with random signs."""

    images: list[int] | None
    count: int
    search: int
    confidence: float
    epsilon: float | None
    most: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_images("images", lab)
        self.check_at_least(1, "count", "search", "most")
        self.check_share("confidence")
        if self.most > LEVELS:
            raise InputError(f"figure.{self.name()}.most={self.most} must be at most {LEVELS} steps of 1/{LEVELS}")
        if self.epsilon is not None and not 1 / LEVELS - ROUNDING <= self.epsilon <= 1:
            raise InputError(
                f"figure.{self.name()}.epsilon={self.epsilon} must be from {1 / LEVELS:.5f}, the smallest step of an "
                "image of 8 bits, to 1, the whole range of a pixel"
            )
        if len(lab.model.classes) < 2:
            return f"{lab.model.name} has one output: there is no other answer to which it could be led"
        return None

    def compute(self, lab: Lab) -> Result:
        ids, rng = self._chosen(lab), lab.rng(self.name())
        pixels = lab.pixels(ids)
        clean = _probabilities(lab, pixels)
        labels = clean.argmax(dim=1)
        signs = gradient_sign(lab.model, pixels, labels)
        random = torch.from_numpy(rng.choice(np.array([-1.0, 1.0], dtype=np.float32), tuple(pixels.shape))).to(pixels)
        epsilons = self._epsilons(lab, pixels, labels, signs)
        saved, control = (_in_8_bits(pixels, way, epsilons) for way in (signs, random))
        after, noisy = (_probabilities(lab, as_pixels(images)) for images in (saved, control))
        again = torch.cat([_probabilities(lab, as_pixels(image[None])) for image in saved])
        bounds = torch.tensor(epsilons)
        sizes = {
            "unclipped": perturbation_size(moved(pixels, signs, bounds, clipped=False), pixels),
            "clipped": perturbation_size(moved(pixels, signs, bounds), pixels),
            "saved": perturbation_size(as_pixels(saved), pixels),
            "length": perturbation_size(as_pixels(saved), pixels, 2),
        }
        right = None if lab.targets is None else lab.targets[ids] == labels.cpu().numpy()
        told: list[dict[str, Any]] = [
            {
                "index": i,
                "epsilon": epsilons[k],
                "steps": epsilons[k] * LEVELS,
                "clean": _told(lab, clean[k]),
                "after": _told(lab, after[k]),
                "random": _told(lab, noisy[k]),
                "fooled": bool(after[k].argmax() != labels[k]),
                "still": float(clean[k].argmax() == noisy[k].argmax()),
                "unmoved": float((signs[k] == 0).double().mean()),
                "agrees": _agree(after[k], again[k]),
                **{name: float(size[k]) for name, size in sizes.items()},
            }
            for k, i in enumerate(ids)
        ]
        arrays = {"clean": (pixels * LEVELS).round().byte(), "signs": signs.to(torch.int8), "saved": saved,
                  "random": control}  # fmt: skip
        return Result(
            {name: values.cpu().numpy() for name, values in arrays.items()},
            {
                "images": told, "fooled": sum(each["fooled"] for each in told),
                "still": int(sum(each["still"] for each in told)),
                "known": right is not None, "right": len(ids) if right is None else int(right.sum()),
                "most": self.most, "given": self.epsilon,
            },
        )  # fmt: skip

    def _chosen(self, lab: Lab) -> list[int]:
        """The images to be shown. Raises InputError for one that is given and misclassified as it is."""
        pool = lab.spread(self.search)
        p = torch.from_numpy(lab.logits(pool)).double().softmax(dim=1).numpy()
        targets = None if lab.targets is None else lab.targets[pool]
        best = [pool[k] for k in of_confidence(p, targets, level=self.confidence, count=self.count)]
        for i in self.images or []:
            answer = int(lab.logits([i])[0].argmax())
            if lab.targets is not None and answer != lab.targets[i]:
                raise InputError(
                    f"figure.{self.name()}.images={i} is no image to be fooled with: {lab.model.name} takes it for "
                    f"{lab.model.classes[answer]!r} as it is, and it is of {lab.model.classes[lab.targets[i]]!r}. "
                    f"Images to begin with: {', '.join(map(str, best))}"
                )
        return self.images or best

    def _epsilons(self, lab: Lab, pixels: Tensor, labels: Tensor, signs: Tensor) -> list[float]:
        """For each image the setting, or as few steps as make another answer; `most` steps where none do."""
        if self.epsilon is not None:
            return [self.epsilon] * len(pixels)
        found = [self.most] * len(pixels)
        for steps in range(self.most, 0, -1):
            saved = _in_8_bits(pixels, signs, [steps / LEVELS] * len(pixels))
            fooled = _probabilities(lab, as_pixels(saved)).argmax(dim=1) != labels
            found = [steps if yes else before for yes, before in zip(fooled.tolist(), found, strict=True)]
        return [steps / LEVELS for steps in found]

    def draw(self, result: Result) -> Picture:
        arrays, told = result.arrays, result.stats["images"]
        picture = style.picture(height=1.95 * len(told) + 0.25)
        panels = picture.subplots(len(told), 4, squeeze=False)
        for k, (row, each) in enumerate(zip(panels, told, strict=True)):
            shown = (arrays["clean"][k], (arrays["signs"][k] + 1.0) / 2, arrays["saved"][k], arrays["random"][k])
            words = (
                _words(each["clean"]),
                f"times {each['steps']:.3g}/255",
                _words(each["after"]),
                _words(each["random"]),
            )
            for axes, image, text in zip(row, shown, words, strict=True):
                style.show_image(axes, image)
                axes.set_xlabel(text, fontsize=7)
        titles = ("image", "sign of the gradient\nof the loss", "their sum, in 8 bits", "random signs instead")
        for axes, title in zip(panels[0], titles, strict=True):
            axes.set_title(title)
        return picture

    def alt(self, stats: Stats) -> str:
        rows = "; ".join(
            f"{each['clean']['class']} ({each['clean']['p']:.0%}), changed by {each['steps']:.3g}/255, is "
            f"{each['after']['class']} ({each['after']['p']:.0%}), with random signs {each['random']['class']} "
            f"({each['random']['p']:.0%})"
            for each in stats["images"]
        )
        return (
            f"A row for each of {len(stats['images'])} images: the image, the sign of the gradient of the loss in each "
            f"of its colors, which looks like noise, their sum, which looks like the image, and the image with random "
            f"signs. {rows}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        told = stats["images"]
        off = max(abs(each["unclipped"] - (each["epsilon"] if each["unmoved"] < 1 else 0)) for each in told)
        beyond = max(max(each["clipped"], each["saved"]) - each["epsilon"] for each in told)
        return [
            identity(
                f"{self.name()}.size",
                "The change has exactly the size $\\epsilon$ in the infinity norm before it is clipped to the range of "
                "pixels, wherever the loss depends on any of them.",
                off <= ROUNDING,
                {"largest_difference": off},
            ),
            identity(
                f"{self.name()}.size_saved",
                "After clipping, and after rounding to 8 bits, no value has moved by more than $\\epsilon$.",
                beyond <= ROUNDING,
                {"largest_excess": max(beyond, 0.0)},
            ),
            identity(
                f"{self.name()}.label",
                "The answers stated are those that the network gives to the saved images of 8 bits, one at a time.",
                all(each["agrees"] for each in told),
                {"images": len(told), "other": sum(not each["agrees"] for each in told)},
            ),
        ]


def _probabilities(lab: Lab, pixels: Tensor) -> Tensor:
    with torch.no_grad():
        return lab.model(pixels).double().softmax(dim=1)


def _in_8_bits(pixels: Tensor, signs: Tensor, epsilons: list[float]) -> Tensor:
    rows = zip(pixels, signs, epsilons, strict=True)
    return torch.cat([eight_bit(moved(x[None], s[None], e), x[None], epsilon=e) for x, s, e in rows])


def _told(lab: Lab, probabilities: Tensor) -> dict[str, Any]:
    """The answer and its probability."""
    answer = int(probabilities.argmax())
    return {"class": lab.model.classes[answer], "output": answer, "p": float(probabilities[answer])}


def _agree(stated: Tensor, again: Tensor) -> bool:
    """Whether both give the same answer, or two that are as likely but for rounding."""
    answer = stated.argmax()
    return bool(again.argmax() == answer or again.max() - again[answer] < TIE)


def _words(told: Mapping[str, Any]) -> str:
    return f"{style.short(told['class'], 22)}\n{told['p']:.1%}"
