"""A small AlexNet for handwritten digits, trained on first use: the reference net that needs no download."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.datasets.digits import SIZE, digit_arrays
from cnnviz_core.errors import InputError
from cnnviz_core.files import digest
from cnnviz_core.models.assemble import assemble
from cnnviz_core.models.weights import load_weights
from cnnviz_core.network import Model, draw_weights
from cnnviz_core.store import Store

Progress = Callable[[Iterable[Any], str, int], Iterator[Any]]

CLASSES = tuple("0123456789")
BATCH = 64
LEARNING_RATE = 0.03  # at its peak: it rises from 0 and falls back to 0, in straight lines
WARM_UP = 0.2  # of the training
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-3
FIRST_WEIGHT_DECAY = 0.1  # of the first filters, which are to keep only what helps
LARGEST_SHIFT = 2.0  # pixels
LARGEST_TURN = 10.0  # degrees
LARGEST_ZOOM = 0.1


class DigitNet(nn.Module):
    """AlexNet's sequence of layers (Krizhevsky et al. 2012, sec. 3.5), narrow, on the grey level of its input.

    Its input (n, 3, 32, 32) has three channels so that it is used like any other net; only their mean is seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 7, padding=3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 48, 3, padding=1), nn.ReLU(),
            nn.Conv2d(48, 48, 3, padding=1), nn.ReLU(),
            nn.Conv2d(48, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Linear(32 * 4 * 4, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, len(CLASSES))
        )

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n, 10)."""
        maps = self.features(images.mean(1, keepdim=True))
        logits: Tensor = self.classifier(maps.flatten(1))
        return logits


def digitnet(*, name: str, epochs: int, seed: int, store: Store, progress: Progress) -> Model:
    """The trained net; where the store has none yet, it is trained now, in under a minute on two cores."""
    if epochs < 1:
        raise InputError(f"model.epochs={epochs} must be at least 1")
    pixels, labels = digit_arrays("train")
    inputs = {
        "recipe": digest(Path(__file__).read_bytes()), "data": digest(pixels.tobytes(), labels.tobytes()),
        "epochs": str(epochs), "seed": str(seed), "torch": torch.__version__, "numpy": np.__version__,
    }  # fmt: skip

    def make(folder: Path) -> None:
        net, loss = train(epochs=epochs, seed=seed, progress=progress)
        save_file(net.state_dict(), folder / "model.safetensors")
        metrics = {"loss": loss, "accuracy": {split: accuracy(net, split) for split in ("train", "test")}}
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=1))

    folder = store.fetch("digitnet", inputs, make)
    net = DigitNet()
    load_weights(net, folder / "model.safetensors")
    found = json.loads((folder / "metrics.json").read_text())["accuracy"]["test"]
    return assemble(
        net, name=name, size=SIZE, resize=None, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), classes=CLASSES,
        weights=f"trained here for {epochs} epochs, seed {seed}; {found:.1%} right on the test split",
    )  # fmt: skip


def train(*, epochs: int, seed: int, progress: Progress) -> tuple[DigitNet, list[float]]:
    """Train on the training split; returns the net and the mean loss of each epoch.

    On one thread and with numpy's random numbers, so that the same machine gives the same bits whatever else it does.
    """
    rng = np.random.default_rng(seed)
    net = DigitNet()
    draw_weights(net, rng)
    smooth_start(net)
    pixels, labels = _tensors("train")
    steps = epochs * -(-len(labels) // BATCH)
    first, *others = net.parameters()
    groups: list[dict[str, Any]] = [{"params": [first], "weight_decay": FIRST_WEIGHT_DECAY}, {"params": others}]
    optimiser = torch.optim.SGD(groups, LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / (WARM_UP * steps), (steps - step) / ((1 - WARM_UP) * steps))
    )
    losses = []
    with _one_thread():
        for _ in progress(range(epochs), "training digitnet", epochs):
            total = 0.0
            order = torch.from_numpy(rng.permutation(len(labels)))
            for start in range(0, len(labels), BATCH):
                chosen = order[start : start + BATCH]
                loss = F.cross_entropy(net(moved(pixels[chosen], rng)), labels[chosen], label_smoothing=0.05)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
                total += loss.item() * len(chosen)
            losses.append(total / len(labels))
    return net.eval(), losses


def smooth_start(net: DigitNet) -> None:
    """Start the first filters without fine detail and deaf to even grey, as edge detectors are."""
    with torch.no_grad():
        weight = net.get_parameter("features.0.weight")  # (16, 1, 7, 7)
        kernel = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0])
        blur = (kernel[:, None] * kernel / kernel.sum() ** 2)[None, None]
        blurred = F.conv2d(weight, blur, padding=2)
        blurred -= blurred.mean((2, 3), keepdim=True)
        weight.copy_(blurred * weight.norm() / blurred.norm())


def moved(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Each image (n, 3, h, w) a little shifted, turned and scaled; -1, the paper's grey level, comes in at the edge."""
    count, size = len(images), images.shape[-1]
    angle = np.deg2rad(rng.uniform(-LARGEST_TURN, LARGEST_TURN, count))
    zoom = rng.uniform(1 - LARGEST_ZOOM, 1 + LARGEST_ZOOM, count)
    shift = rng.uniform(-LARGEST_SHIFT, LARGEST_SHIFT, (count, 2)) * 2 / size
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    rows = np.stack([cosine, -sine, shift[:, 0], sine, cosine, shift[:, 1]], axis=1).reshape(count, 2, 3)
    grid = F.affine_grid(torch.from_numpy(rows).float(), list(images.shape), align_corners=False)
    return F.grid_sample(images + 1, grid, align_corners=False) - 1


def accuracy(net: nn.Module, split: str) -> float:
    """The fraction of the digits of a split that the net names rightly."""
    pixels, labels = _tensors(split)
    with torch.no_grad():
        return float((net(pixels).argmax(1) == labels).double().mean())


def _tensors(split: str) -> tuple[Tensor, Tensor]:
    """Images (n, 3, 32, 32) as the net is fed, in [-1, 1], and labels (n,)."""
    pixels, labels = digit_arrays(split)
    return torch.from_numpy(pixels).float() / 127.5 - 1, torch.from_numpy(labels)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
