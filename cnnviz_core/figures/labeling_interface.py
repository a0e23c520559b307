"""The interface in which people label what a network has labelled: images one by one, with examples of all classes.

After Karpathy's, with which he labelled 1500 images of ILSVRC (What I learned from competing against a ConvNet on
ImageNet, 2014; Russakovsky et al. 2015, section 6.4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.nn import functional as F

from cnnviz_core import style
from cnnviz_core.claim import identity
from cnnviz_core.figure import Claim, Figure, Labelling, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.decisions import category_means, decisions
from cnnviz_core.methods.grid import tiled
from cnnviz_core.methods.practice import Pools, balanced, divided
from cnnviz_core.methods.sampling import spread_classes

PIXELS = 24_000_000  # of all examples together, of which the page has about ten megabytes
TOP = 5  # answers of the model, and of the reader
ROWS, ACROSS = 9, 10  # classes in the picture, and examples of each


@dataclass(frozen=True)
class LabelingInterface(Figure):
    """An image that is asked about beside the classes with their examples; and the page that asks."""

    images: int
    examples: int
    thumbnail: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(1, "images", "examples")
        self.check_at_least(8, "thumbnail")
        return None

    def compute(self, lab: Lab) -> Result:
        data, choices, rng = lab.dataset, lab.choices, lab.rng(self.name())
        source, shown, pools = self._pools(lab, rng)
        asked = balanced(pools, self.images, rng)
        views = [_view(lab, i) for i in lab.track(asked, "images to be labelled")]
        examples = self._examples(source, shown, views)
        net = _net(lab, asked)
        counts = np.bincount(examples.labels, minlength=len(choices.names))
        families = _families(lab)
        return Result(
            {
                "images": torch.stack(views).numpy(),
                "ids": np.array([data.ids[i] for i in asked], dtype=str),
                "truth": choices.labels[asked],
                "names": np.array(choices.names, dtype=str),
                "order": np.array(_order(lab, families)),
                "families": np.array(families, dtype=str),
                "examples": examples.tiles,
                "example_labels": examples.labels,
                **net,
            },
            {
                "images": len(asked),
                "asked_classes": len(set(choices.labels[asked].tolist())),
                "classes": len(choices.names),
                "families": len(set(families) - {""}),
                "examples": len(examples.labels),
                "fewest": int(counts.min()),
                "most": int(counts.max()),
                "wanted": self.examples,
                "split": None if data.practice is None else data.practice.split,
                "twins": examples.twins,
                "thumbnail": max(examples.tiles.shape[2:]),
                "size": list(lab.model.size),
                "model": lab.model.name,
                "outputs": len(lab.model.classes),
                "same_names": choices.outputs is not None,
                "top1": float((net["ranks"] < 1).mean()) if "ranks" in net else None,
                "top5": float((net["ranks"] < TOP).mean()) if "ranks" in net else None,
                "shared_ids": len({data.ids[i] for i in asked} & set(examples.ids)),
                "shared_pixels": examples.shared,
            },
        )

    def _pools(self, lab: Lab, rng: np.random.Generator) -> tuple[Lab, Pools, Pools]:
        """The lab of the examples, those of each class, and the images of each class that may be asked about."""
        practice, labels = lab.dataset.practice, lab.choices.labels
        if practice is None:
            return lab, *divided(labels, self.examples, rng)
        other = lab.with_dataset(practice.images(self.examples))
        choice = dict(zip(lab.dataset.labels.tolist(), labels.tolist(), strict=True))
        found = _by_label(np.array([choice.get(label, -1) for label in other.dataset.labels.tolist()]))
        return other, {label: ids[: self.examples] for label, ids in found.items()}, _by_label(labels)

    def _examples(self, source: Lab, shown: Pools, asked: Sequence[Tensor]) -> "_Examples":
        """Those of `shown` whose pixels are not also asked about: the same picture may lie there under two names."""
        taken = {_bytes(view) for view in asked}
        side = min(self.thumbnail, isqrt(PIXELS // max(1, sum(map(len, shown.values())))))
        tiles, labels, ids, kept = [np.zeros((0, 3, *_shrunk(source.model.size, side)), np.uint8)], [], [], set()
        listed = [(label, i) for label in sorted(shown) for i in shown[label]]
        for label, i in source.track(listed, "examples"):
            view = _view(source, i)
            if _bytes(view) not in taken:
                tiles.append(_small(view, side)[None])
                labels.append(label)
                ids.append(source.dataset.ids[i])
                kept.add(_bytes(view))
        return _Examples(
            np.concatenate(tiles), np.array(labels, dtype=int), ids, len(listed) - len(ids), len(kept & taken)
        )

    def draw(self, result: Result) -> Picture:
        arrays = result.arrays
        families = arrays["families"].tolist()
        labels = spread_classes(arrays["order"].tolist(), families, ROWS)
        picture = style.picture(style.WIDTH, 3.1)
        left, right = picture.subplots(1, 2, width_ratios=[1, 1.6])
        style.show_image(left, arrays["images"][0], "which class is this?")
        if len(arrays["examples"]):
            _draw_examples(right, result, labels)
        else:
            _draw_names(right, result, spread_classes(arrays["order"].tolist(), families, 3 * ROWS))
        return picture

    def labelling(self, result: Result) -> Labelling:
        arrays, stats = result.arrays, result.stats
        said = [list(zip(names, values, strict=True)) for names, values in
                zip(arrays["said"].tolist(), arrays["shares"].tolist(), strict=True)]  # fmt: skip
        tiles = arrays["examples"].transpose(0, 2, 3, 1)
        return Labelling(
            images=arrays["images"].transpose(0, 2, 3, 1), ids=arrays["ids"].tolist(), truth=arrays["truth"],
            names=arrays["names"].tolist(), order=arrays["order"].tolist(), families=arrays["families"].tolist(),
            examples=[tiles[arrays["example_labels"] == label] for label in range(stats["classes"])],
            origin=_origin(stats), model=stats["model"], outputs=stats["outputs"],
            same_names=stats["same_names"], said=said, ranks=arrays.get("ranks"),
        )  # fmt: skip

    def alt(self, stats: Stats) -> str:
        beside = f"up to {stats['most']} examples each" if stats["examples"] else "no examples"
        return (
            f"One of {stats['images']} images to be labelled and some of the {stats['classes']} classes that "
            f"can be chosen, with {beside}."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        return [
            identity(
                f"{self.name()}.nothing_is_shown_before",
                "No image that is asked about is among the examples, neither by its name nor by its pixels.",
                stats["shared_ids"] == 0 and stats["shared_pixels"] == 0,
                {key: stats[key] for key in ("images", "examples", "shared_ids", "shared_pixels")},
            )
        ]


@dataclass(frozen=True)
class _Examples:
    """The examples of all classes."""

    tiles: np.ndarray  # (n, 3, h, w), 8 bit
    labels: np.ndarray  # (n,)
    ids: list[str]
    twins: int  # how many were left out since their pixels are asked about
    shared: int  # how many have the pixels of an image that is asked about


def _origin(stats: Stats) -> str:
    """Where the examples come from, for the reader of the page."""
    twins = f" {stats['twins']} of them were left out since the same picture is asked about." if stats["twins"] else ""
    if stats["split"] is not None:
        return (
            f"The examples are other images than those you are asked about, from the split “{stats['split']}”.{twins}"
        )
    if not stats["examples"]:
        return "There are no examples here: each class has one image only, and you are asked about it."
    few = " Classes with one image have no example." if stats["fewest"] == 0 else ""
    return (
        "The images of each class were divided at random: half of them, but at most "
        f"{stats['wanted']}, are examples, and you are asked about others.{few}{twins}"
    )


def _by_label(labels: np.ndarray) -> Pools:
    """The images of each label; those that have none, -1, are left out."""
    return {label: np.flatnonzero(labels == label).tolist() for label in np.unique(labels).tolist() if label >= 0}


def _families(lab: Lab) -> list[str]:
    """Of each choice; empty where they have none."""
    data = lab.dataset
    return [""] * len(lab.choices.names) if data.families is None or data.choices is not None else list(data.families)


def _order(lab: Lab, families: Sequence[str]) -> list[int]:
    """Family by family, in the order in which they first come; inside of them in the order of the model's outputs.

    The outputs of networks for ImageNet follow WordNet, so that kinds of dogs stand together.
    """
    choices = range(len(families))
    outputs = lab.choices.outputs
    by_place = list(choices) if outputs is None else sorted(choices, key=lambda choice: min(outputs[choice]))
    first = list(dict.fromkeys(families[choice] for choice in by_place))
    return sorted(by_place, key=lambda choice: first.index(families[choice]))


def _net(lab: Lab, asked: Sequence[int]) -> dict[str, np.ndarray]:
    """What the model says of each image, at most TOP names and shares, and how many come before the right one.

    It chooses among what the reader chooses among, where that is known in terms of its outputs; else among these.
    """
    logits, choices = lab.logits(asked), lab.choices
    known = choices.outputs is not None
    members = choices.outputs or [(output,) for output in range(logits.shape[1])]
    means = category_means(logits, members)
    shares = means / means.sum(axis=1, keepdims=True)
    order = decisions(means, most=means.shape[1])
    best, names = order[:, :TOP], choices.names if known else lab.model.classes
    said = {
        "said": np.array([[names[k] for k in row] for row in best.tolist()], dtype=str),
        "shares": np.take_along_axis(shares, best, axis=1),
    }
    return said | ({"ranks": (order == choices.labels[asked][:, None]).argmax(axis=1)} if known else {})


def _view(lab: Lab, i: int) -> Tensor:
    """An image (3, h, w) in the model's frame, 8 bit."""
    return (lab.pixels([i])[0].cpu() * 255).round().byte()


def _bytes(view: Tensor) -> bytes:
    return view.numpy().tobytes()


def _shrunk(size: Iterable[int], side: int) -> tuple[int, ...]:
    """Height and width with a longer side of at most so many pixels."""
    lengths = list(size)
    scale = min(1, side / max(lengths))
    return tuple(max(1, round(scale * length)) for length in lengths)


def _small(view: Tensor, side: int) -> np.ndarray:
    size = _shrunk(view.shape[1:], side)
    shrunk = F.interpolate(view[None].float(), size, mode="bilinear", antialias=True, align_corners=False)[0]
    return shrunk.round().clamp(0, 255).byte().numpy()


def _draw_examples(axes: Axes, result: Result, labels: Sequence[int]) -> None:
    """A row of examples for each of these classes, with its name."""
    arrays = result.arrays
    tiles = arrays["examples"].transpose(0, 2, 3, 1) / 255
    rows = np.ones((len(labels) * ACROSS, *tiles.shape[1:]))
    for k, label in enumerate(labels):
        found = tiles[arrays["example_labels"] == label][:ACROSS]
        rows[k * ACROSS : k * ACROSS + len(found)] = found
    style.show_image(axes, tiled(rows, columns=ACROSS, pad=2), "examples of some classes")
    step = tiles.shape[1] + 2
    axes.set_yticks([step * (k + 0.5) for k in range(len(labels))],
                    [style.short(str(arrays["names"][label]), 18) for label in labels])  # fmt: skip
    axes.tick_params(axis="y", length=0)


def _draw_names(axes: Axes, result: Result, labels: Sequence[int]) -> None:
    """The names of these classes in three columns."""
    axes.set_axis_off()
    axes.set_title(f"some of the {result.stats['classes']} classes")
    rows = -(-len(labels) // 3)
    for k, label in enumerate(labels):
        place = (k // rows / 3, 1 - (k % rows + 0.7) / rows)
        axes.text(*place, style.short(str(result.arrays["names"][label]), 19), transform=axes.transAxes)
