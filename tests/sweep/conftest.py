"""Labs of a tiny network and images of noise, large enough for several batches."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from tiny import MakeLab
from torch import Tensor, nn

from cnnviz_core.engine.local import Local
from cnnviz_core.lab import Dataset, Lab, Progress, no_progress
from cnnviz_core.models.assemble import assemble
from cnnviz_core.network import Model, draw_weights
from cnnviz_core.store import Store


class Noise(Sequence[Tensor]):
    """Images of noise, made when they are asked for; every fifth is the first again, so that values are equal."""

    def __init__(self, count: int, size: int = 12) -> None:
        self.length, self.size = count, size
        self.read: list[int] = []

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, i):  # type: ignore[no-untyped-def]
        self.read.append(i)
        rng = np.random.default_rng(0 if i % 5 == 0 else i)
        return torch.from_numpy(rng.integers(0, 256, (3, self.size, self.size), dtype=np.uint8))


def tiny_model(size: int = 12) -> Model:
    """Two convolutions, the second with a functional, in-place ReLU, a pooling and two layers of a classifier."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 5, 3)
            self.hidden, self.last = nn.Linear(5 * ((size - 4) // 2) ** 2, 7), nn.Linear(7, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = self.second(nn.functional.relu(self.first(x)))
            x = nn.functional.max_pool2d(x.relu_(), 2)
            return self.last(nn.functional.relu(self.hidden(x.flatten(1))))  # type: ignore[no-any-return]

    net = Net()
    draw_weights(net, np.random.default_rng(3))
    return assemble(
        net, name="tiny", size=size, resize=size, mean=[0.5] * 3, std=[0.2] * 3, classes=None, weights="planted"
    )


@pytest.fixture
def sweep_lab() -> MakeLab:
    """Makes a lab of so many images with its store and the size of its shards."""

    def make(
        count: int, store: Store | None = None, *, shard_images: int = 64, progress: Progress = no_progress,
        images: Sequence[Tensor] | None = None, size: int = 12,
    ) -> Lab:  # fmt: skip
        names = tuple(f"image {i}" for i in range(count))
        data = Dataset("noise", f"noise {count}", images or Noise(count, size), names, np.zeros(count, int), ("one",))
        return Lab(tiny_model(size), data, seed=0, progress=progress, engine=Local(store, shard_images=shard_images))

    return make
