"""Small images of four classes that a small net tells apart after a few steps: red or blue, lying or standing bars."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from cnnviz_core.models.recipe import Recipe
from cnnviz_core.models.training import Split


def bars(count: int, size: int, seed: int) -> Split:
    """`count` images of `size` pixels a side, of class i % 4."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    wave = np.sin(np.arange(size) * 0.8 + rng.uniform(0, 6, (count, 1)))
    lying = np.broadcast_to(wave[:, :, None], (count, size, size))
    shape = np.where((labels % 2 == 0)[:, None, None], lying, lying.swapaxes(1, 2))
    tint = np.where((labels < 2)[:, None], [[70.0, 20, 0]], [[0.0, 20, 70]])
    pixels = 128 + shape[..., None] * tint[:, None, None] + rng.normal(0, 10, (count, size, size, 3))
    return Split(pixels.clip(0, 255).astype(np.uint8), labels)


def recipe(**changed: Any) -> Recipe:
    """A short recipe with everything in it but the adversarial images."""
    settings: dict[str, Any] = {
        "epochs": 3, "batch": 16, "learning_rate": 0.02, "warm_up": 0.2, "momentum": 0.9, "weight_decay": 1e-3,
        "first_weight_decay": 0.01,
        "largest_gradient": 2.0, "dropout": 0.2, "label_smoothing": 0.05, "shift": 2, "brightness": 0.1,
        "contrast": 0.2, "colour": 0.1, "alpha": 1.0, "epsilon": 0.03, "history": True, "seed": 0,
    }  # fmt: skip
    return Recipe(**settings | changed)


class StopAfter:
    """Progress that is interrupted, as by Ctrl-C, when so many steps are done."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self, items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
        for item in items:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            yield item
