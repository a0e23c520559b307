"""How hard the objects of each class are to find without knowing what they are: by chance, and by plain contrast."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity, tendency
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab, resized
from cnnviz_core.methods.bootstrap import mean_interval, pairs_interval
from cnnviz_core.methods.boxes import tight_box
from cnnviz_core.methods.correlation import correlation
from cnnviz_core.methods.difficulty import chance_of_localization, clutter, first_hit
from cnnviz_core.methods.proposals import alike, contrast_scores, ranked, window_grid

REPORTED = 0.208
"""Mean chance performance of localization on ILSVRC, as summaries of Russakovsky et al. 2015 report it."""
NAMED = 30  # classes of which each is named


@dataclass(frozen=True)
class AttrCplClutter(Figure):
    """Chance performance of localization and clutter of each class, and images in which the object is found late."""

    images: int
    windows: int
    steps: int
    shown: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "windows", "shown")
        self.check_at_least(2, "steps")
        if lab.dataset.boxes is None:
            return (
                f"{lab.dataset.name} has no boxes around its objects; dataset.boxes=FILE gives them to an image folder"
            )
        if all(len(found) == 0 for found in lab.dataset.boxes):
            return f"{lab.dataset.name} has no box around any object"
        return None

    def compute(self, lab: Lab) -> Result:
        data, rng = lab.dataset, lab.rng(self.name())
        assert data.boxes is not None
        ids = [i for i in lab.spread(self.images) if len(data.boxes[i])]
        boxes = [b for b in ((i, frame_boxes(lab, i)) for i in ids) if len(b[1])]
        windows = window_grid(self.steps)
        same, most = alike(windows), min(self.windows, len(windows))
        found = [self._one(lab, i, few, windows, same, most, rng) for i, few in lab.track(boxes, "ranking windows")]
        hits, random = (np.array([each[k] for each in found], dtype=float) for k in (0, 1))
        labels = np.array([data.labels[i] for i, _ in boxes])
        told = [self._class(lab, k, labels, boxes, hits) for k in np.unique(labels).tolist()]
        usable = [each for each in told if each["cpl"] is not None]
        order = np.argsort(hits, kind="stable")
        few = [int(order[int(q)]) for q in np.linspace(0, len(order) - 1, min(self.shown, len(order))).round()]
        both = np.array([[each["scale"], each["cpl"]] for each in usable]).reshape(-1, 2).T
        rho = correlation(both[0], both[1]) if len(usable) > 2 else float("nan")
        gain = np.log2(random) - np.log2(hits)
        return Result(
            {"images": np.asarray((lab.pixels([boxes[k][0] for k in few]) * 255).round().byte().cpu().numpy())},
            {
                "images": len(boxes), "windows": most, "classes": told, "grid": len(windows),
                "cpl": float(np.mean([each["cpl"] for each in usable])) if usable else None,
                "clutter": float(np.mean([each["clutter"] for each in told])), "missed": int((hits > most).sum()),
                "identical": chance_of_localization(np.tile([[0.2, 0.2, 0.7, 0.7]], (4, 1))),
                "gain": float(gain.mean()), "gain_interval": list(mean_interval(gain, rng)),
                "random": float(np.log2(random.mean())), "ranker": float(np.log2(hits.mean())),
                "rho": None if np.isnan(rho) else rho, "compared": len(usable),
                "rho_interval": None if np.isnan(rho) else list(pairs_interval(correlation, both[0], both[1], rng)),
                "shown": [
                    {"index": int(boxes[k][0]), "class": data.class_names[labels[k]], "first": int(hits[k]),
                     "boxes": boxes[k][1].tolist(), "window": None if hits[k] > most else found[k][2]}
                    for k in few
                ],
            },
        )  # fmt: skip

    def _one(
        self, lab: Lab, i: int, few: np.ndarray, windows: np.ndarray, same: np.ndarray, most: int,
        rng: np.random.Generator,
    ) -> tuple[int, int, list[float]]:  # fmt: skip
        """How many windows are looked at until one fits, in order of contrast and in random order; and which fits."""
        scores = contrast_scores(lab.pixels([i])[0].double().cpu().numpy(), windows)
        order = ranked(scores, same, most)
        first = first_hit(windows, order, few)
        return (
            first,
            first_hit(windows, rng.permutation(len(windows))[:most], few),
            windows[order[min(first, most) - 1]].tolist(),
        )

    def _class(
        self, lab: Lab, k: int, labels: np.ndarray, boxes: list[tuple[int, np.ndarray]], hits: np.ndarray
    ) -> dict[str, Any]:
        members = np.flatnonzero(labels == k)
        all_boxes = np.concatenate([boxes[m][1] for m in members])
        cpl = chance_of_localization(all_boxes)
        scale = float((all_boxes[:, 2:] - all_boxes[:, :2]).prod(axis=1).mean())
        return {
            "class": lab.dataset.class_names[k], "images": len(members), "boxes": len(all_boxes), "scale": scale,
            "cpl": None if np.isnan(cpl) else cpl, "clutter": clutter(hits[members].astype(int)),
        }  # fmt: skip

    def draw(self, result: Result) -> Picture:
        stats = result.stats
        side = style.WIDTH / max(len(stats["shown"]), 4)
        many = len(stats["classes"]) > NAMED
        height = 2.6 if many else 0.7 + 0.14 * len(stats["classes"])
        picture = style.picture(height=height + side + 0.35)
        upper, lower = picture.subfigures(2, 1, height_ratios=[height, side + 0.35], squeeze=False)[:, 0]
        for axes, key in zip(upper.subplots(1, 2), ("cpl", "clutter"), strict=True):
            _bars(axes, stats, key, many)
        for axes, image, entry in zip(
            lower.subplots(1, max(len(stats["shown"]), 4), squeeze=False)[0], result.arrays["images"], stats["shown"],
            strict=False,
        ):  # fmt: skip
            _image(axes, image, entry, stats["windows"])
        for axes in lower.axes[len(stats["shown"]) :]:
            axes.set_axis_off()
        return picture

    def alt(self, stats: Stats) -> str:
        cpl = "undefined" if stats["cpl"] is None else f"{stats['cpl']:.0%}"
        return (
            f"Bars for {len(stats['classes'])} classes: chance performance of localization, mean {cpl}, and clutter, "
            f"mean {stats['clutter']:.1f}. Below, images with the objects' boxes and the first window that fits, the "
            f"{', '.join(str(entry['first']) for entry in stats['shown'])}th of {stats['windows']}."
        )  # fmt: skip

    def claims(self, stats: Stats) -> list[Claim]:
        cpls = [each["cpl"] for each in stats["classes"] if each["cpl"] is not None]
        inside = all(0 <= cpl <= 1 for cpl in cpls) and abs(stats["identical"] - 1) < 1e-12
        top = float(np.log2(stats["windows"] + 1))
        values = [each["clutter"] for each in stats["classes"]]
        few = stats["rho"] is None or stats["compared"] < 8
        return [
            identity(
                f"{self.name()}.cpl_is_a_share",
                "The chance performance of localization lies between 0 and 1, and is 1 where all boxes are the same.",
                inside,
                {"least": min(cpls, default=0.0), "most": max(cpls, default=0.0), "same_boxes": stats["identical"]},
            ),
            identity(
                f"{self.name()}.clutter_is_bounded",
                "Clutter is at least 0 and at most the logarithm of one more than the number of windows.",
                min(values) >= 0 and max(values) <= top + 1e-12,
                {"least": min(values), "most": max(values), "bound": top},
            ),
            tendency(
                f"{self.name()}.contrast_tells",
                "Objects stand out: by contrast fewer windows are looked at than in random order, in powers of 2.",
                {"ranked": stats["ranker"], "random": stats["random"], "difference": stats["gain"]},
                stats["gain_interval"],
                source="alexe2010",
                undecided="there are fewer than ten images with boxes" if stats["images"] < 10 else "",
            ),
            tendency(
                f"{self.name()}.larger_is_likelier",
                "Boxes of larger objects overlap by chance more often: over classes, scale and chance go together.",
                {"classes": stats["compared"]} | ({} if stats["rho"] is None else {"correlation": stats["rho"]}),
                stats["rho_interval"] or (0.0, 0.0),
                source="russakovsky2015 sec. 3.2",
                undecided="fewer than eight classes can be compared" if few else "",
            ),
        ]  # fmt: skip


def frame_boxes(lab: Lab, i: int) -> np.ndarray:
    """(k, 4) the boxes of an image in the model's frame, as shares of its sides."""
    assert lab.dataset.boxes is not None
    size, shape = lab.model.size, tuple(lab.dataset.images[i].shape[-2:])
    found = []
    for top, left, bottom, right in np.round(np.asarray(lab.dataset.boxes[i], dtype=float)).astype(int):
        inside = torch.zeros(1, *shape)
        inside[0, top:bottom, left:right] = 1
        box = tight_box(resized(inside, lab.model.resize, size)[0].numpy() > 0.5)
        found += [] if box is None else [box / np.array([*size, *size])]
    return np.array(found, dtype=float).reshape(-1, 4)


def _bars(axes: Axes, stats: Stats, key: str, many: bool) -> None:
    """A bar for each class, the easiest on top."""
    shown = [each for each in stats["classes"] if each[key] is not None]
    shown.sort(key=lambda each: each[key], reverse=key == "clutter")
    values = [100 * each[key] if key == "cpl" else each[key] for each in shown]
    axes.barh(range(len(shown)), values, height=1.0 if many else 0.7, color=style.COLOURS[0 if key == "cpl" else 1])
    axes.set_yticks([] if many else range(len(shown)), [] if many else [style.short(e["class"], 18) for e in shown])
    axes.set_ylim(-0.6, max(len(shown), 1) - 0.4)
    axes.tick_params(axis="y", labelsize=6.5)
    axes.set_xlabel("chance performance of localization, %" if key == "cpl" else "clutter (powers of two of windows)")
    axes.grid(axis="x")


def _image(axes: Axes, image: np.ndarray, entry: dict[str, Any], most: int) -> None:
    """An image with its boxes and the first window that fits."""
    found = entry["window"] is not None
    style.show_image(axes, image, f"window {entry['first']}" if found else f"none of {most}")
    sides = np.array([*image.shape[1:], *image.shape[1:]])
    for box in entry["boxes"]:
        style.box(axes, *(np.array(box) * sides))
    if found:
        style.box(axes, *(np.array(entry["window"]) * sides), colour=style.COLOURS[5])
