"""Paints of the main surface of an object, for each level of texture."""

from collections.abc import Sequence

import numpy as np

from cnnviz_core.world.shape import Colour, Paint
from cnnviz_core.world.surfaces import MOTTLED, PLAIN

TEXTURES = ("none", "low", "medium", "high")
"""The levels of texture of Russakovsky et al. 2015, sec. 3.2.2."""


def coat(
    rng: np.random.Generator, texture: int, palette: Sequence[tuple[Colour, Colour]], patterns: Sequence[int], *,
    frequency: float = 6.0, gloss: float = 0.0,
) -> Paint:  # fmt: skip
    """The paint of an object: one pair of colours of the palette, slightly changed, in the pattern of its texture.

    `texture` is an index into TEXTURES: none is one colour, low two similar ones without a clear pattern, medium one of
    the `patterns` with a moderate contrast, high the same with full contrast and twice the `frequency` (per unit).
    """
    first, second = palette[int(rng.integers(len(palette)))]
    pattern = patterns[int(rng.integers(len(patterns)))]
    main = varied(rng, first)
    other = varied(rng, second)
    if texture == 0:
        return Paint(main, main, PLAIN, 1.0, gloss)
    if texture == 1:
        return Paint(main, blended(main, other, 0.3), MOTTLED, 0.7 * frequency, gloss)
    if texture == 2:
        return Paint(main, blended(main, other, 0.65), pattern, frequency, gloss)
    return Paint(main, other, pattern, 2.0 * frequency, gloss)


def varied(rng: np.random.Generator, colour: Colour, by: float = 0.12) -> Colour:
    """A colour like another one: brightness and tint changed by a share of up to `by`."""
    light = 1.0 + by * (2.0 * rng.random() - 1.0)
    return tuple(min(max(c * light * (1.0 + 0.5 * by * (2.0 * rng.random() - 1.0)), 0.0), 1.0) for c in colour)


def blended(first: Colour, second: Colour, share: float) -> Colour:
    """Between two colours."""
    return tuple(a + share * (b - a) for a, b in zip(first, second, strict=True))
