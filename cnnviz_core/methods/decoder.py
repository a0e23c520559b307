"""A small up-convolutional network that is taught to make the image from its code, in one pass.

Dosovitskiy and Brox, Inverting Visual Representations with Convolutional Networks, 2016, section 3: trained with the
squared error of the pixels, it gives the mean of the images that have a code. Theirs is trained for days. This one has
minutes at most: from a vector it starts at the best linear guess, and learns what is to be added to it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from cnnviz_core.methods.ridge import ridge

LARGEST_GRADIENT = 1.0  # norm to which the gradient of a step is cut
BETAS = 0.9, 0.99  # of Adam: shorter memories than usual, since the training is short
WARM = 0.1  # share of the steps in which the rate rises; after them it falls to zero along a cosine
LEAK = 0.2  # slope of the units below zero
LEAST_SIDE = 6  # of the maps that a vector becomes first
SIDE = 48  # of what the last up-convolution gives, or twice that of the code's maps: beyond it images are enlarged


@dataclass(frozen=True)
class Training:
    """What became of a training."""

    losses: list[float]  # mean squared error of the images of each step, before it; none of the step that failed
    passes: float  # over all images
    diverged: bool  # whether the loss became no number; then the weights are those before that step


class Decoder(nn.Module):
    """From codes (n, d) or (n, c, h, w) to images (n, 3, height, width), around the mean of those that were taught."""

    def __init__(self, shape: tuple[int, ...], size: tuple[int, int], width: int) -> None:
        """`width`: maps of the widest stage; where maps are twice as large there are half as many, 16 at least."""
        super().__init__()
        self.size, maps = size, len(shape) == 3 and min(shape[1:]) > 1
        small = (shape[1], shape[2]) if maps else _smallest(size)
        finest = min(max(SIDE, 2 * min(small)), *size)
        doublings = max(math.floor(math.log2(finest / min(small)) + 0.1), 0)
        wide = [max(width // 2**k, min(width, 16)) for k in range(doublings + 1)]
        self.first: nn.Module
        if maps:
            self.first = nn.Conv2d(shape[0], wide[0], 3, padding=1)
        else:
            self.first = nn.Sequential(
                nn.Flatten(),
                nn.Linear(math.prod(shape), wide[0] * math.prod(small)),
                nn.Unflatten(1, (wide[0], *small)),
            )
        ends = [*wide[1:-1], 3] if doublings else []
        stages: list[nn.Module] = [nn.LeakyReLU(LEAK), nn.Conv2d(wide[0], wide[0], 3, padding=1)]
        for before, after in zip(wide, ends, strict=False):
            stages += [nn.LeakyReLU(LEAK), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
        if not doublings:
            stages += [nn.LeakyReLU(LEAK), nn.Conv2d(wide[0], 3, 3, padding=1)]
        self.rest = nn.Sequential(*stages)
        units = (1, shape[0], 1, 1) if maps else (1, *shape)
        self.centre, self.scale = torch.zeros(units), torch.ones(units)
        self.image = torch.zeros(1, 3, *size)
        self.coarse = tuple(length * 2**doublings for length in small)
        self.linear: Tensor | None = None  # (d, 3 * coarse height * coarse width), from a vector

    def forward(self, codes: Float[Tensor, "n *shape"]) -> Float[Tensor, "n 3 h w"]:
        units = (codes - self.centre) / self.scale
        found: Tensor = self.rest(self.first(units))
        if self.linear is not None:
            found = found + (units.flatten(1) @ self.linear).view(-1, 3, *self.coarse)
        if found.shape[2:] != self.size:
            found = F.interpolate(found, self.size, mode="bilinear", align_corners=False)
        return self.image + found

    def operations(self, shape: tuple[int, ...]) -> int:
        """Multiplications of one image."""
        count = 0

        def add(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
            nonlocal count
            assert isinstance(layer.weight, Tensor)
            places = given[0] if isinstance(layer, nn.ConvTranspose2d) else made
            count += layer.weight.numel() * math.prod(places.shape[2:])

        layers = [layer for layer in self.modules() if isinstance(getattr(layer, "weight", None), Tensor)]
        hooks = [layer.register_forward_hook(add) for layer in layers]
        with torch.no_grad():
            self(self.image.new_zeros(1, *shape))
        for hook in hooks:
            hook.remove()
        return count


def _smallest(size: tuple[int, int]) -> tuple[int, int]:
    """The size of the maps that a vector becomes: of the image's form, and LEAST_SIDE high or wide."""
    height, width = (round(LEAST_SIDE * length / min(size)) for length in size)
    return height, width


def untaught(
    codes: Float[Tensor, "n *shape"], pixels: Float[Tensor, "n 3 h w"], rng: np.random.Generator, *, width: int
) -> Decoder:
    """A decoder whose last weights are zero, and the others He-normal: it gives the mean image for every code of maps,
    and the linear guess for a vector.

    Codes are brought to mean 0 and variance 1, each map or each unit of a vector by itself.
    """
    decoder = Decoder(tuple(codes.shape[1:]), (pixels.shape[2], pixels.shape[3]), width)
    decoder.to(codes.device).to(memory_format=torch.channels_last)
    gain = 2 / (1 + LEAK**2)
    with torch.no_grad():
        for weight in decoder.parameters():
            if weight.ndim == 1:
                weight.zero_()
                continue
            up = weight.ndim == 4 and weight.shape[2] == 4  # each output of an up-convolution sees a quarter of it
            inputs = weight.shape[0] * 4 if up else weight[0].numel()
            drawn = rng.standard_normal(tuple(weight.shape), dtype=np.float32) * np.float32(math.sqrt(gain / inputs))
            weight.copy_(torch.from_numpy(drawn))
        list(decoder.parameters())[-2].zero_()
        over = [k for k in range(codes.ndim) if decoder.centre.shape[k] == 1 and (k != 1 or codes.shape[1] == 1)]
        decoder.centre = codes.mean(dim=over, keepdim=True)
        deviation = codes.std(dim=over, keepdim=True, correction=0)
        decoder.scale = torch.where(deviation > 0, deviation, 1.0)
        decoder.image = pixels.mean(dim=0, keepdim=True)
        if codes.ndim == 2 or codes[0, 0].numel() == 1:
            units = ((codes - decoder.centre) / decoder.scale).flatten(1)
            small = F.interpolate(pixels - decoder.image, decoder.coarse, mode="area").flatten(1)
            decoder.linear, _ = ridge(units, small)
    return decoder.requires_grad_(False)


def teach(
    decoder: Decoder,
    codes: Float[Tensor, "n *shape"],
    pixels: Float[Tensor, "n 3 h w"],
    rng: np.random.Generator,
    *,
    rate: float,
    batch: int,
    steps: int,
    track: Callable[[range], Iterator[int]] = iter,
) -> Training:
    """So many steps of Adam (Kingma and Ba 2015) on the mean squared error of the pixels, in place.

    Each pass over the images has its own random order. A loss or gradient that is no number ends it before that step.
    """
    decoder.requires_grad_(True)
    optimiser = torch.optim.Adam(decoder.parameters(), lr=rate, betas=BETAS)
    losses: list[float] = []
    order = _endless(len(codes), batch, rng)
    for step in track(range(steps)):
        optimiser.param_groups[0]["lr"] = rate * _share(step, steps)
        chosen = torch.from_numpy(next(order)).to(codes.device)
        loss = F.mse_loss(decoder(codes[chosen]), pixels[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(decoder.parameters(), LARGEST_GRADIENT)
        if not math.isfinite(loss.item()) or not math.isfinite(norm.item()):
            break
        optimiser.step()
        losses.append(loss.item())
    decoder.zero_grad(set_to_none=True)
    decoder.requires_grad_(False)
    return Training(losses, len(losses) * min(batch, len(codes)) / len(codes), len(losses) < steps)


def _share(step: int, steps: int) -> float:
    """The rate at a step as a share of the highest."""
    rising = min((step + 1) / max(WARM * steps, 1), 1.0)
    return rising * (1 + math.cos(math.pi * step / steps)) / 2


def _endless(count: int, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Batches of pass after pass, each in a random order; all as large as the first."""
    size = min(batch, count)
    while True:
        order = rng.permutation(count)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]
