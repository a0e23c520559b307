"""Measured ratios: our methods beside those of a peer, on the same inputs and in the same process, outputs compared.

The peer is a development dependency and is imported only here.
"""

import resource
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
import torch
import torchvision
from torch import Tensor, nn

from cnnviz_core.errors import InputError, nearest
from cnnviz_core.methods.occlusion import occlusion_map, starts
from cnnviz_core.methods.relu_rules import RULES
from cnnviz_core.methods.saliency import class_gradients
from cnnviz_core.progress import Reporter

Row = dict[str, float | str]

SIZE = 224  # pixels, height and width of the images
PATCH, STRIDE = 32, 24  # pixels; the stride fits, since the peer crops a last square that does not
BATCHES = (1, 4, 8, 16, 32)
BATCH = 16
REPEATS = 5
SWEPT = 256  # images, a multiple of the sweep's batch


@dataclass(frozen=True)
class Network:
    """A network with random weights, as our methods want it: its mean is zero, and its one layer is the logits."""

    net: nn.Module
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __call__(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.net(pixels.contiguous(memory_format=torch.channels_last))
        return logits

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        return (self(pixels),)


def network(name: str) -> Network:
    """A torchvision network with random weights from a fixed seed; the process's own random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = torchvision.models.get_model(name, weights=None)
    return Network(net.eval().requires_grad_(False).to(memory_format=torch.channels_last))


def images(count: int) -> Tensor:
    """Random images (count, 3, h, w) in [0, 1]."""
    return torch.from_numpy(np.random.default_rng(0).random((count, 3, SIZE, SIZE), dtype=np.float32))


def occlusion(name: str) -> Row:
    """An occlusion map against Captum's Occlusion at its best batch size of ours."""
    from captum.attr import Occlusion

    model, image = network(name), images(1)
    places = len(starts(SIZE, PATCH, STRIDE))
    plain = network(name).net.to(memory_format=torch.contiguous_format)
    peer = Occlusion(lambda pixels: plain(pixels).softmax(dim=1))

    def ours() -> np.ndarray:
        return occlusion_map(model, image[0], label=0, patch=PATCH, stride=STRIDE, batch=BATCH)

    def theirs() -> np.ndarray:
        with torch.no_grad():
            found = peer.attribute(
                image, target=0, baselines=0, sliding_window_shapes=(3, PATCH, PATCH), strides=(3, STRIDE, STRIDE),
                perturbations_per_eval=BATCH,
            )  # fmt: skip
        return np.asarray(found[0, 0])

    clean = float(model(image).softmax(dim=1)[0, 0])
    _same(clean - _averaged(clean - ours()), clean - theirs())
    best = min(BATCHES, key=lambda batch: _forward(model, batch))
    return _row(f"occlusion {name}, {places**2} places", ours, theirs, lambda: places**2 * _forward(model, best))


def backward(name: str, rules: Sequence[str], title: str) -> Row:
    """One logit sent back by each of the rules, against Captum on the same batch.

    The bound is torch's own gradient by the images: one forward pass, and as many backward passes as there are rules.
    """
    from captum.attr import Deconvolution, GuidedBackprop, Saliency

    model, pixels = network(name), images(4).contiguous(memory_format=torch.channels_last)
    peers = {"gradient": Saliency, "deconvnet": Deconvolution, "guided": GuidedBackprop}
    outputs = torch.zeros(len(pixels), dtype=torch.int64)

    def ours() -> np.ndarray:
        found = class_gradients(model, pixels, outputs, rules)
        return torch.stack([found[rule].abs() for rule in rules]).numpy()

    def theirs() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it sets hooks
            found = [peers[rule](model.net).attribute(pixels.clone().requires_grad_(), target=0) for rule in rules]
        return torch.stack([each.detach().abs() for each in found]).numpy()

    def plain() -> None:
        inputs = pixels.clone().requires_grad_()
        score = model(inputs)[:, 0].sum()
        for k in range(len(rules)):
            torch.autograd.grad(score, inputs, retain_graph=k < len(rules) - 1)

    _same(ours(), theirs())
    return _row(f"{title} {name}, 4 images", ours, theirs, lambda: _seconds(plain))


def sweep(name: str) -> Row:
    """A shard of a sweep against the model's own forward pass over its batches, which is the bound and has no peer.

    It is one after another of as many images, as all shards but the first.
    """
    from cnnviz_core.lab import Dataset, Lab
    from cnnviz_core.models.assemble import assemble
    from cnnviz_core.sweep.gather import gather
    from cnnviz_core.sweep.request import request

    model = assemble(
        network(name).net, name=name, size=SIZE, resize=SIZE, mean=[0.5] * 3, std=[0.25] * 3, classes=None,
        weights="random",
    )  # fmt: skip
    pixels = list((images(2 * SWEPT) * 255).byte())
    ids = tuple(map(str, range(2 * SWEPT)))
    lab = Lab(model, Dataset("noise", "noise", pixels, ids, np.zeros(2 * SWEPT, int), ("noise",)), seed=0)
    wanted = request(model)
    batches = [lab.pixels(range(start, start + wanted.batch)) for start in range(SWEPT, 2 * SWEPT, wanted.batch)]
    before = gather(lab, wanted, range(SWEPT), lambda count: None)
    floors = {layer: found.values[:, -1] for layer, found in before.strongest.items()}

    def ours() -> None:
        gather(lab, wanted, range(SWEPT, 2 * SWEPT), lambda count: None, floors)

    def forward() -> None:
        with torch.no_grad():
            for batch in batches:
                model(batch)

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row = _row(f"sweep {name}, {SWEPT} images", ours, forward, lambda: _seconds(forward))
    return {**row, "peer": f"forward pass; {most / 1024:.0f} MB at most"}


BENCHMARKS: Mapping[str, Callable[[str], Row]] = {
    "occlusion": occlusion,
    "saliency": lambda name: backward(name, ["gradient"], "saliency"),
    "deconvnet": lambda name: backward(name, ["deconvnet"], "deconvnet"),
    "guided": lambda name: backward(name, ["guided"], "guided"),
    "rules": lambda name: backward(name, RULES, "three rules"),
    "sweep": sweep,
}
NETWORKS = ("alexnet", "squeezenet1_0")
_WITHOUT_PEER = {"sweep"}


def rows(names: Sequence[str], reporter: Reporter) -> list[Row]:
    """The rows of the benchmarks of these names, or of all. Raises InputError for an unknown name."""
    for name in names:
        if name not in BENCHMARKS:
            raise InputError(
                f"no benchmark is called {name!r}{nearest(name, BENCHMARKS)} There are: {', '.join(BENCHMARKS)}"
            )
    if set(names or BENCHMARKS) - _WITHOUT_PEER and find_spec("captum") is None:
        raise InputError("cnnviz bench compares with captum, which is not installed: pip install 'cnnviz[dev]'")
    found = []
    for name in names or BENCHMARKS:
        for network_name in NETWORKS:
            reporter.say(f"measuring {name} on {network_name}")
            found.append(BENCHMARKS[name](network_name))
    return found


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text: seconds, how many times faster than the peer, and the share of the bound."""
    lines = [f"{'':36}{'ours':>9}{'theirs':>9}{'ratio':>7}{'of bound':>10}  peer"]
    for row in rows:
        times = f"{row['ours']:8.3f}s{row['theirs']:8.3f}s{row['ratio']:7.2f}{row['of_bound']:10.0%}"
        lines.append(f"{row['name']:36}{times}  {row['peer']}")
    return "\n".join(lines)


def _averaged(drops: np.ndarray) -> np.ndarray:
    """What Captum makes of the drops: for each pixel their mean over all squares that cover it."""
    total, count = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    corners = starts(SIZE, PATCH, STRIDE)
    for drop, (top, left) in zip(drops.ravel(), ((t, c) for t in corners for c in corners), strict=True):
        total[top : top + PATCH, left : left + PATCH] += drop
        count[top : top + PATCH, left : left + PATCH] += 1
    return total / count


def _same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Raises ArithmeticError where the outputs differ by more than 1e-4 of their largest value."""
    difference = float(np.abs(ours - theirs).max() / max(float(np.abs(theirs).max()), 1e-30))
    if difference > 1e-4:
        raise ArithmeticError(f"the outputs differ by {difference:.1e} of the largest value: their times say nothing")


def _forward(model: Network, batch: int) -> float:
    """Seconds for one image in a forward pass of `batch` images."""
    pixels = images(batch)
    with torch.no_grad():
        return median(_seconds(lambda: model(pixels)) for _ in range(3)) / batch


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _row(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], bound: Callable[[], float]) -> Row:
    """Medians of alternating runs, in seconds."""
    times = [(_seconds(ours), _seconds(theirs), bound()) for _ in range(REPEATS)]
    our, their, least = (median(column) for column in zip(*times, strict=True))
    return {
        "name": name, "ours": our, "theirs": their, "peer": "captum", "ratio": their / our,
        "bound": least, "of_bound": least / our, "unit": "s",
    }  # fmt: skip
