"""Paints of vehicles: lacquer, glass and metal."""

import numpy as np

from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.shape import Colour, Paint
from cnnviz_core.world.surfaces import CHECKS, MOTTLED, PATCHES, RIBS, SPOTS

LACQUERS: tuple[tuple[Colour, Colour], ...] = (
    ((0.55, 0.03, 0.03), (0.75, 0.72, 0.66)),
    ((0.04, 0.1, 0.42), (0.7, 0.72, 0.75)),
    ((0.7, 0.7, 0.68), (0.08, 0.16, 0.4)),
    ((0.33, 0.35, 0.37), (0.6, 0.25, 0.05)),
    ((0.06, 0.065, 0.07), (0.55, 0.5, 0.4)),
    ((0.04, 0.22, 0.1), (0.7, 0.65, 0.4)),
    ((0.75, 0.48, 0.03), (0.08, 0.08, 0.08)),
    ((0.68, 0.2, 0.03), (0.7, 0.68, 0.6)),
    ((0.08, 0.36, 0.42), (0.72, 0.68, 0.55)),
    ((0.55, 0.46, 0.32), (0.3, 0.12, 0.06)),
)
"""Colours of the main surface of every vehicle."""

GLASS_PROUD = 0.008
"""How far windows stand out of the body."""


def lacquer(paint: np.random.Generator, texture: int) -> Paint:
    return coat(paint, texture, LACQUERS, (RIBS, CHECKS, PATCHES, SPOTS), frequency=9.0, gloss=0.7)


def glazing(paint: np.random.Generator) -> Paint:
    """Dark, with the suggestion of something mirrored."""
    light = varied(paint, (0.13, 0.19, 0.24), 0.3)
    return Paint(varied(paint, (0.022, 0.03, 0.038), 0.3), light, MOTTLED, 2.2, 0.9)


def metallic(paint: np.random.Generator) -> Paint:
    return Paint(varied(paint, ((0.55, 0.56, 0.58), (0.3, 0.31, 0.33))[int(paint.integers(2))]), gloss=0.8)
