"""Mugs and teapots, with the same glazes. Spouts are at the front, handles at the rear."""

import math
from itertools import pairwise

import numpy as np

from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.shape import Colour, Paint, Point, Shape
from cnnviz_core.world.surfaces import CHECKS, GRAIN, MOTTLED, PATCHES, RIBS, SPOTS, STRIPES

GLAZES: tuple[tuple[Colour, Colour], ...] = (
    ((0.68, 0.66, 0.6), (0.06, 0.14, 0.42)),
    ((0.06, 0.16, 0.4), (0.65, 0.62, 0.55)),
    ((0.55, 0.07, 0.05), (0.72, 0.68, 0.6)),
    ((0.1, 0.3, 0.22), (0.6, 0.58, 0.4)),
    ((0.65, 0.42, 0.06), (0.3, 0.12, 0.05)),
    ((0.09, 0.09, 0.1), (0.62, 0.55, 0.4)),
    ((0.3, 0.14, 0.08), (0.6, 0.45, 0.3)),
    ((0.5, 0.62, 0.66), (0.7, 0.68, 0.66)),
)
DRINKS: tuple[tuple[Colour, Colour], ...] = (
    ((0.035, 0.015, 0.008), (0.07, 0.03, 0.014)),
    ((0.3, 0.12, 0.03), (0.24, 0.08, 0.015)),
    ((0.4, 0.26, 0.15), (0.62, 0.52, 0.4)),
    ((0.2, 0.09, 0.045), (0.26, 0.13, 0.07)),
)
SPOUT_HOLE = Paint((0.015, 0.013, 0.012))


def _glaze(paint: np.random.Generator, texture: int) -> tuple[Paint, Paint]:
    """The glaze of the body, and one of a single colour for lips, lids or bands."""
    glaze = coat(paint, texture, GLAZES, (STRIPES, CHECKS, SPOTS, RIBS, PATCHES), frequency=7.0, gloss=0.6)
    pale = (varied(paint, (0.68, 0.66, 0.6)), glaze.colour, varied(paint, GLAZES[int(paint.integers(8))][0]))
    return glaze, Paint(pale[int(paint.integers(3))], gloss=0.6)


def _bent(start: Point, first: Point, second: Point, end: Point, count: int) -> list[Point]:
    """Places along a cubic Bezier curve."""
    places: list[Point] = []
    for k in range(count + 1):
        t = k / count
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        places.append([a * p + b * q + c * r + d * s for p, q, r, s in zip(start, first, second, end, strict=True)])
    return places


def _handle(shape: Shape, top: Point, bottom: Point, out: float, drop: float, thick: float, paint: Paint) -> None:
    """An ear at the rear between two points; `out` is how far it stands off, `drop` how far it sags."""
    (x, high, z), (end, low, _) = top, bottom
    tall = high - low
    bends = _bent(
        top, (x - 1.3 * out, high + (0.25 - drop) * tall, z), (end - 1.3 * out, low - drop * tall, z), bottom, 6
    )
    for k, (first, second) in enumerate(pairwise(bends)):
        shape.limb(first, second, thick, thick, paint, blend=0.02 if k in (0, 5) else 0.0)
    shape.point("handle_top", (bends[1][0], bends[1][1] + 0.7 * thick, 0))
    shape.point("handle_middle", (bends[3][0] - 0.7 * thick, bends[3][1], 0))
    shape.point("handle_bottom", (bends[5][0], bends[5][1] - 0.7 * thick, 0))


def mug(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A straight, tapered or round mug, with something to drink in it or not."""
    kind, high = int(form.integers(4)), form.uniform(0.66, 0.9)
    wide, narrow = form.uniform(0.31, 0.39), form.uniform(0.68, 0.85)
    filled, banded, spoon = form.random() < 0.6, form.random() < 0.35, form.random() < 0.2
    out, drop, thick = form.uniform(0.19, 0.28), form.uniform(-0.05, 0.2), form.uniform(0.038, 0.05)
    grip, swing = form.uniform(0.7, 0.84), form.uniform(-0.8, 0.8)
    (glaze, plain), inside = _glaze(paint, texture), Paint(varied(paint, (0.6, 0.58, 0.53)), gloss=0.4)
    colour, other = DRINKS[int(paint.integers(len(DRINKS)))]
    drink = Paint(varied(paint, colour), varied(paint, other), MOTTLED, 6.0, 0.4)
    shape = Shape()
    if kind == 3:
        high *= 0.84
        deep = (high - 0.04) / 1.5
        shape.ellipsoid((0, 0.04 + deep, 0), (1.1 * wide, deep, 1.1 * wide), glaze, shell=0.045, cut=0.5 * deep)
        shape.cone((0, 0.035, 0), 0.035, 0.52 * wide, 0.5 * wide, plain, rounding=0.012, blend=0.02)
        low, top = 0.52 * wide, 1.1 * wide * math.sqrt(0.75)
    else:
        low, top = (wide, wide, wide * narrow)[kind], (wide, wide * max(narrow, 0.8), wide * 1.08)[kind]
        edge = (0.02, 0.09, 0.04)[kind]
        whole = high + edge + 0.07
        end = low + (top - low) * whole / high
        shape.cone((0, 0.5 * whole, 0), 0.5 * whole, low, end, glaze, shell=0.045, cut=high - 0.5 * whole,
                   rounding=edge)  # fmt: skip
    bulge = 1.1 * wide if kind == 3 else 0.5 * (low + top)
    shape.ring((0, high, 0), top - 0.022, 0.023, plain)
    level = high - 0.09
    if filled:
        shape.cone((0, level, 0), 0.02, top - 0.045, top - 0.035, drink)
    elif kind != 3:
        slope = (top - low) / high
        first, last = (0.05 * slope + low - 0.036), (0.1 * slope + top - 0.036)
        shape.cone((0, 0.5 * high + 0.05, 0), 0.5 * high, first, last, inside, shell=0.02, cut=0.5 * high - 0.06)
    if banded and kind != 3:
        y = 0.12 * high
        shape.cone((0, y, 0), 0.025, low + (top - low) * (y - 0.025) / high + 0.006,
                   low + (top - low) * (y + 0.025) / high + 0.006, plain)  # fmt: skip
    if spoon and filled:
        tip = (0.5 * top * math.cos(swing) + 0.13, high + 0.2, 0.5 * top * math.sin(swing) + 0.2 * swing)
        shape.limb((0, level, 0), tip, 0.017, 0.022, Paint((0.5, 0.5, 0.5), gloss=1.0))
    x = -(0.94 * bulge if kind == 3 else bulge) + 0.02
    lean = 0.0 if kind == 3 else 0.3 * (top - low)
    _handle(shape, (x - lean, grip * high, 0), (x + lean, 0.26 * high, 0), out, drop, thick, glaze)
    shape.point("rim_front", (top - 0.022, high + 0.01, 0))
    shape.point("rim_back", (0.022 - top, high + 0.01, 0))
    for name, side in (("left", -1), ("right", 1)):
        shape.point(f"base_{name}", (0, 0.05, side * (low - (0.06 if kind == 1 else 0.015))))
    return shape


def teapot(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A teapot with a round, a conical or an upright belly, and a handle behind it or above it."""
    kind, hooped = int(form.integers(3)), form.random() < 0.2
    wide, flat = form.uniform(0.33, 0.39), form.uniform(0.8, 1.02)
    reach, rise, thick = form.uniform(0.24, 0.33), form.uniform(-0.04, 0.1), form.uniform(0.038, 0.05)
    out, drop, knob, banded = (
        form.uniform(0.22, 0.3),
        form.uniform(-0.05, 0.15),
        form.uniform(0.045, 0.065),
        form.random(),
    )
    (glaze, plain), wood = (
        _glaze(paint, texture),
        Paint(varied(paint, (0.3, 0.17, 0.08)), (0.2, 0.1, 0.04), GRAIN, 14.0),
    )
    lidded = glaze if paint.random() < 0.6 else plain
    shape, deep = Shape(), wide * flat
    if kind == 0:
        shape.cone((0, 0.035, 0), 0.035, 0.6 * wide, 0.55 * wide, plain, rounding=0.012)
        shape.ellipsoid((0, 0.03 + deep, 0), (wide, deep, wide), glaze, blend=0.03)
        top, lid, low, neck = 2.0 * deep - 0.01, 0.5 * wide, 0.6 * wide, 0.96 * wide
    else:
        deep *= 0.92
        low, lid = (0.95 * wide, 0.44 * wide) if kind == 1 else (0.86 * wide, 0.6 * wide)
        shape.cone((0, deep, 0), deep, low, 0.62 * wide if kind == 1 else 0.94 * wide, glaze,
                   rounding=0.06 if kind == 1 else 0.13)  # fmt: skip
        top, neck = 2.0 * deep, 0.8 * wide if kind == 1 else 0.9 * wide
    shape.ring((0, top - 0.01, 0), lid, 0.026, plain if banded < 0.5 else glaze, blend=0.02)
    shape.ellipsoid((0, top - 0.01, 0), (lid - 0.01, 0.1, lid - 0.01), lidded)
    shape.cone((0, top + 0.09, 0), 0.03, 0.5 * knob, 0.4 * knob, lidded, blend=0.02)
    shape.ellipsoid((0, top + 0.1 + knob, 0), (knob, 0.9 * knob, knob), lidded, blend=0.015)
    mouth = (neck + reach, top - 0.05 + rise, 0.0)
    bends = _bent((0.7 * neck, 0.5 * deep, 0), (neck + 0.5 * reach, 0.5 * deep, 0), (neck + 0.4 * reach, top - 0.2, 0),
                  mouth, 4)  # fmt: skip
    radii = (0.115, 0.09, 0.068, 0.055, 0.047)
    for k in range(4):
        shape.limb(bends[k], bends[k + 1], radii[k], radii[k + 1], glaze, blend=0.06 if k == 0 else 0.0)
    ahead = [0.044 * (b - a) / math.dist(bends[3], mouth) for a, b in zip(bends[3], mouth, strict=True)]
    shape.rod(mouth, [m + d for m, d in zip(mouth, ahead, strict=True)], 0.026, 0.026, SPOUT_HOLE)
    if hooped:
        arc = [
            (0.8 * neck * math.cos(k * math.pi / 8), top - 0.12 + 0.42 * math.sin(k * math.pi / 8), 0.0)
            for k in range(9)
        ]
        for first, second in pairwise(arc):
            shape.limb(first, second, 0.8 * thick, 0.8 * thick, wood)
        for name, at in (("top", arc[4]), ("middle", arc[6]), ("bottom", arc[7])):
            shape.point(
                f"handle_{name}",
                (at[0] - (0.0 if name == "top" else 0.02), at[1] + (0.02 if name == "top" else 0.0), 0),
            )
    else:
        x = 0.03 - neck
        _handle(shape, (x + 0.03, 0.8 * top, 0), (x - 0.02 * (kind == 1), 0.32 * top, 0), out, drop, thick, glaze)
    shape.point("rim_front", (lid, top + 0.005, 0))
    shape.point("rim_back", (-lid, top + 0.005, 0))
    for name, side in (("left", -1), ("right", 1)):
        shape.point(
            f"base_{name}", (0, 0.03 if kind == 0 else 0.08, side * (0.565 * wide if kind == 0 else low - 0.035))
        )
    shape.point("spout", (mouth[0], mouth[1] + 0.03, 0))
    shape.point("knob", (0, top + 0.09 + 1.8 * knob, 0))
    return shape
