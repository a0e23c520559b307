"""Channels that are zero on every image, layer by layer, and how their number falls with the number of images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnviz_core import style
from cnnviz_core.claim import identity
from cnnviz_core.figure import Claim, Figure, Picture, Result, Stats
from cnnviz_core.lab import Lab
from cnnviz_core.methods.sparsity import silent, silent_so_far

NETS = {"random": ("random weights", style.COLOURS[6]), "network": ("this network", style.COLOURS[0])}


@dataclass(frozen=True)
class DeadFilters(Figure):
    """Candidates for dead filters in every rectified layer, in this network and in one with random weights."""

    images: int
    batch: int

    def obstacle(self, lab: Lab) -> str | None:
        self.check_at_least(2, "images")
        self.check_at_least(1, "batch")
        if not lab.model.rectified_layers:
            return f"no layer of {lab.model.name} ends in a ReLU, whose channels alone can die"
        if len(lab.dataset) < 2:
            return f"the data set {lab.dataset.name} has one image only: zero on one image says nothing"
        return None

    def compute(self, lab: Lab) -> Result:
        names = [layer.name for layer in lab.model.rectified_layers]
        rng = lab.rng(self.name())
        ids = [int(i) for i in rng.permutation(lab.spread(self.images))]
        control = lab.with_model(lab.model.randomised(rng))
        ours, theirs = self._silences(lab, ids, names), self._silences(control, ids, names)
        network, random = (
            np.stack([silent_so_far(layer).numpy() for layer in silences]) for silences in (ours, theirs)
        )
        channels = np.array([lab.model.layer(name).shape[0] for name in names])
        return Result(
            {"network": network, "random": random, "channels": channels},
            {
                "images": len(ids),
                "channels": int(channels.sum()),
                "monotone": bool((np.diff(network, axis=1) <= 0).all() and (np.diff(random, axis=1) <= 0).all()),
                "dead": int(network[:, -1].sum()),
                "dead_random": int(random[:, -1].sum()),
                "silent_on_one": torch.cat(ours, dim=1).double().mean().item(),
                "silent_on_all": float(network[:, -1].sum() / channels.sum()),
                "worst": names[int((network[:, -1] / channels).argmax())],
                "layers": [
                    {"name": name, "channels": int(width), "dead": int(here), "dead_random": int(there)}
                    for name, width, here, there in zip(names, channels, network[:, -1], random[:, -1], strict=True)
                ],
            },
        )

    def _silences(self, lab: Lab, ids: Sequence[int], names: Sequence[str]) -> list[torch.Tensor]:
        """Which channels of each layer are silent on each image, (images, channels)."""
        chunks = [ids[start : start + self.batch] for start in range(0, len(ids), self.batch)]
        found: list[list[torch.Tensor]] = [[] for _ in names]
        for chunk in lab.track(chunks, f"silent channels of {lab.model.name}"):
            with torch.no_grad():
                layers = lab.model.activations(lab.pixels(chunk), *names)
            for silences, maps in zip(found, layers, strict=True):
                silences.append(silent(maps).cpu())
        return [torch.cat(silences) for silences in found]

    def draw(self, result: Result) -> Picture:
        picture = style.picture(height=2.9)
        left, right = picture.subplots(1, 2, width_ratios=[1.25, 1])
        _layers(left, result)
        _fall(right, result)
        picture.legend(*right.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        return picture

    def alt(self, stats: Stats) -> str:
        return (
            f"On the left, for each of {len(stats['layers'])} rectified layers, the share of channels that are zero on "
            f"all of {stats['images']} images: {stats['dead']} of {stats['channels']} channels in all, and "
            f"{stats['dead_random']} with random weights. On the right, the share of silent channels falls from "
            f"{stats['silent_on_one']:.1%} on a single image to {stats['silent_on_all']:.1%} on all images."
        )

    def claims(self, stats: Stats) -> list[Claim]:
        one, every = stats["silent_on_one"], stats["silent_on_all"]
        return [
            identity(
                f"{self.name()}.monotone",
                "The number of channels that are zero on all images never rises when images are added.",
                stats["monotone"],
                {},
            ),
            Claim(
                name=f"{self.name()}.few_images_mislead",
                text="Most channels that are zero on a single image respond to another image: they are not dead.",
                kind="tendency",
                holds=every < one / 2 if one else None,
                measured={"silent_on_one_image": one, "silent_on_all_images": every},
                source="cs231n",
                undecided="" if one else "every channel responds to every image",
            ),
        ]


def _layers(axes: Axes, result: Result) -> None:
    names = [layer["name"] for layer in result.stats["layers"]]
    places = np.arange(len(names))
    for net, (_, colour) in NETS.items():
        shares = result.arrays[net][:, -1] / result.arrays["channels"]
        filled = colour if net == "network" else "none"
        axes.plot(places, 100 * shares, "o", color=colour, markerfacecolor=filled, markersize=4)
    step = -(-len(names) // 24)
    axes.set_xticks(places[::step], names[::step], rotation=90 if len(names) > 6 else 0)
    axes.set_ylabel(f"% of channels zero on all {result.stats['images']} images")
    top = max(1.0, axes.get_ylim()[1])
    axes.set_ylim(-0.04 * top, top)
    axes.grid(axis="y")


def _fall(axes: Axes, result: Result) -> None:
    images = np.arange(1, result.stats["images"] + 1)
    channels = result.arrays["channels"]
    for net, (label, colour) in NETS.items():
        for counts, width in zip(result.arrays[net], channels, strict=True):
            axes.plot(images, 100 * counts / width, color=colour, linewidth=0.5, alpha=0.35, drawstyle="steps-post")
        whole = result.arrays[net].sum(axis=0) / channels.sum()
        axes.plot(images, 100 * whole, color=colour, linewidth=2, label=label, drawstyle="steps-post")
    style.log_scale(axes)
    axes.set_xlabel("number of images N")
    axes.set_ylabel("% of channels zero on the first N")
    axes.grid(axis="y")
