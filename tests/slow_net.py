"""A small network twice: as modules, and written out in loops with its backward passes, as the papers define them."""

from dataclasses import dataclass, field

import numpy as np
import torch
from oracle import signed
from torch import Tensor, nn

SIDE = 8
OUTPUTS = 3


def convolved(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """3 x 3 filters with padding 1."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    out = np.zeros((len(weight), *x.shape[1:]))
    for f, y, z in np.ndindex(*out.shape):
        out[f, y, z] = (weight[f] * padded[:, y : y + 3, z : z + 3]).sum() + bias[f]
    return out


def transposed(signal: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Each value adds its filter, times itself, where it looked."""
    out = np.zeros((weight.shape[1], signal.shape[1] + 2, signal.shape[2] + 2))
    for f, y, z in np.ndindex(*signal.shape):
        out[:, y : y + 3, z : z + 3] += signal[f, y, z] * weight[f]
    return out[:, 1:-1, 1:-1]


def rectified_back(signal: np.ndarray, x: np.ndarray, rule: str) -> np.ndarray:
    """Springenberg et al., figure 1, one unit at a time."""
    out = np.zeros_like(signal)
    for place in np.ndindex(*signal.shape):
        forward, backward = x[place] > 0, signal[place] > 0
        if {"gradient": forward, "deconvnet": backward, "guided": forward and backward}[rule]:
            out[place] = signal[place]
    return out


@dataclass(frozen=True)
class SlowNet:
    """conv, relu, 2 x 2 max-pooling, conv, relu (the layer `maps`), fully connected."""

    first: np.ndarray = field(default_factory=lambda: signed(4, 3, 3, 3, seed=1).numpy() / 2)
    first_bias: np.ndarray = field(default_factory=lambda: signed(4, seed=2).numpy() / 2)
    second: np.ndarray = field(default_factory=lambda: signed(5, 4, 3, 3, seed=3).numpy() / 2)
    second_bias: np.ndarray = field(default_factory=lambda: signed(5, seed=4).numpy() / 2)
    last: np.ndarray = field(default_factory=lambda: signed(OUTPUTS, 5 * 16, seed=5).numpy() / 2)

    def run(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """What the first and second ReLU get, what the pooling gets and gives, and the scores."""
        first = convolved(image, self.first, self.first_bias)
        maps = first.clip(0)
        pooled = np.zeros((4, SIDE // 2, SIDE // 2))
        for c, y, z in np.ndindex(*pooled.shape):
            pooled[c, y, z] = maps[c, 2 * y : 2 * y + 2, 2 * z : 2 * z + 2].max()
        second = convolved(pooled, self.second, self.second_bias)
        return first, maps, pooled, second, self.last @ second.clip(0).ravel()

    def score(self, image: np.ndarray, output: int) -> float:
        return float(self.run(image)[-1][output])

    def back(self, image: np.ndarray, output: int, rule: str = "gradient") -> tuple[np.ndarray, np.ndarray]:
        """The score's signal at the pixels, and at the last maps."""
        first, maps, pooled, second, _ = self.run(image)
        at_maps = self.last[output].reshape(second.shape)
        signal = transposed(rectified_back(at_maps, second, rule), self.second)
        unpooled = np.zeros_like(maps)
        for c, y, z in np.ndindex(*pooled.shape):
            window = maps[c, 2 * y : 2 * y + 2, 2 * z : 2 * z + 2]
            down, across = np.unravel_index(window.argmax(), window.shape)
            unpooled[c, 2 * y + down, 2 * z + across] = signal[c, y, z]
        return transposed(rectified_back(unpooled, first, rule), self.first), at_maps


class FastNet:
    """The same weights in modules."""

    def __init__(self, slow: SlowNet) -> None:
        first, second, last = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 5, 3, padding=1), nn.Linear(80, OUTPUTS)
        values = {first: (slow.first, slow.first_bias), second: (slow.second, slow.second_bias),
                  last: (slow.last, np.zeros(OUTPUTS))}  # fmt: skip
        for module, (weight, bias) in values.items():
            assert module.bias is not None
            module.weight.data, module.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
        self.maps = nn.Sequential(first, nn.ReLU(inplace=True), nn.MaxPool2d(2), second, nn.ReLU(inplace=True))
        self.head = nn.Sequential(nn.Flatten(), last)
        for part in (self.maps, self.head):
            part.requires_grad_(False)

    def __call__(self, pixels: Tensor, /) -> Tensor:
        return self.activations_and_logits(pixels)[1]

    def activations_and_logits(self, pixels: Tensor, *names: str) -> tuple[tuple[Tensor, ...], Tensor]:
        found = self.maps(pixels)
        return (found,) * len(names), self.head(found)


SLOW = SlowNet()
FAST = FastNet(SLOW)
IMAGES = signed(3, 3, SIDE, SIDE, seed=6)
ANSWERS = torch.tensor([2, 0, 1])


def each_image() -> list[tuple[np.ndarray, int]]:
    """Every image with the output of interest."""
    return [(image, int(output)) for image, output in zip(IMAGES.numpy(), ANSWERS, strict=True)]
