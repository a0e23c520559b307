"""Animals: cat and dog, which share their coats and poses; horse and bird, from files of their own."""

import math
from collections.abc import Callable

import numpy as np

from cnnviz_core.world.birds import bird
from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.heads import NIGHT, eyes, hanging_ears, neck, pointed_ears
from cnnviz_core.world.horses import horse
from cnnviz_core.world.quadrupeds import (
    Build,
    Frame,
    Skeleton,
    between,
    body,
    curve,
    lying,
    on_feet,
    paw_points,
    paws,
    plus,
    sitting,
    tail,
    varying,
)
from cnnviz_core.world.shape import Colour, Paint, Point, Shape
from cnnviz_core.world.surfaces import PATCHES, SPOTS, STRIPES

Maker = Callable[[np.random.Generator, np.random.Generator, int], Shape]

BLACK, DARK, WHITE = (0.025, 0.023, 0.022), (0.09, 0.065, 0.05), (0.72, 0.69, 0.64)
GREY, SILVER, GINGER = (0.2, 0.2, 0.205), (0.42, 0.41, 0.39), (0.52, 0.22, 0.06)
BROWN, SAND, RUST, ASH = (0.17, 0.085, 0.04), (0.55, 0.4, 0.23), (0.27, 0.085, 0.02), (0.13, 0.12, 0.11)

Coats = tuple[tuple[tuple[Colour, Colour], ...], int, float]
"""Pairs of colours, the pattern in which they come, its frequency."""

TABBY: Coats = (
    ((GREY, BLACK), (SILVER, ASH), (GINGER, RUST), (SAND, BROWN), (BROWN, BLACK), ((0.33, 0.25, 0.17), BLACK)),
    STRIPES, 12.0,
)  # fmt: skip
PIED: Coats = (
    ((BLACK, WHITE), (WHITE, BLACK), (WHITE, GINGER), (GINGER, WHITE), (BROWN, WHITE), (SAND, WHITE), (GREY, WHITE)),
    PATCHES, 8.0,
)  # fmt: skip
SPOTTED: Coats = (((WHITE, BLACK), (SAND, BROWN), (SILVER, DARK), (WHITE, BROWN), (GINGER, WHITE)), SPOTS, 9.0)

PINK = Paint((0.55, 0.25, 0.22))
EYES = ((0.45, 0.5, 0.06), (0.65, 0.36, 0.03), (0.2, 0.45, 0.16), (0.25, 0.45, 0.6))
COLLARS = ((0.6, 0.03, 0.03), (0.03, 0.12, 0.5), (0.03, 0.35, 0.12), (0.65, 0.4, 0.03), (0.03, 0.03, 0.03))


def _coat(paint: np.random.Generator, texture: int, kinds: tuple[Coats, ...]) -> tuple[Paint, Paint, Paint, Paint]:
    """Paints of the fur, the paws, the muzzle and the tip of the tail: each the fur's own or white."""
    palette, pattern, frequency = kinds[int(paint.integers(len(kinds)))]
    fur = coat(paint, texture, palette, (pattern,), frequency=frequency)
    white = Paint(varied(paint, WHITE))
    socks, mask, tip = (white if chance < 0.35 else fur for chance in paint.random(3))
    return fur, socks, mask, tip


def _collar(paint: np.random.Generator, worn: bool) -> Paint | None:
    colour = varied(paint, COLLARS[int(paint.integers(len(COLLARS)))])
    return Paint(colour, gloss=0.3) if worn else None


def _pose(form: np.random.Generator, build: Build) -> tuple[Skeleton, bool]:
    """Standing, walking, sitting or lying; and whether it is on its feet."""
    kind = int(form.integers(10))
    if kind < 6:
        return on_feet(form, build, between(form, 0.02, 0.05) if kind < 3 else between(form, 0.11, 0.16)), True
    return (sitting if kind < 9 else lying)(form, build), False


def _head_start(form: np.random.Generator, bones: Skeleton, girth: float) -> tuple[Point, float]:
    """Where the neck begins, and how steeply it rises: more so from the steep trunk of one that sits."""
    rise, sits = between(form, 32, 62), bones.shoulder[1] > 2.0 * bones.hip[1]
    return plus(bones.shoulder, 0.3 * girth, 0.15 * girth), 75.0 if sits else rise


def cat(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    shape, fluffy = Shape(), 0.005 * float(form.random() < 0.3)
    girth = varying(form, 0.105, 0.14)
    build = Build(varying(form, 0.44, 0.1), varying(form, 0.36, 0.1), girth, 0.88 * girth, 0.6 * girth, 0.047, 0.027)
    bones, up = _pose(form, build)
    worn, s, high, slit = (
        form.random() < 0.3,
        varying(form, 1.0, 0.08),
        varying(form, 0.062, 0.2),
        between(form, 0.25, 0.7),
    )
    fur, socks, mask, tip = _coat(paint, texture, (TABBY, TABBY, PIED, SPOTTED))
    iris, collar = Paint(varied(paint, EYES[int(paint.integers(len(EYES)))]), gloss=0.6), _collar(paint, worn)
    nose = PINK if paint.random() < 0.6 else Paint(DARK)
    body(shape, build, bones, fur, socks, fluffy)
    paws(shape, build, bones, socks)
    start, rise = _head_start(form, bones, girth)
    head = neck(shape, form, start, varying(form, 0.13, 0.15), 0.062, rise, fur, collar)
    shape.ellipsoid(head.at, (0.1 * s, 0.098 * s, 0.115 * s), fur, turn=head.turn, blend=0.04)
    shape.ellipsoid(head(0.078 * s, -0.04 * s, 0), (0.05 * s, 0.04 * s, 0.06 * s), mask, turn=head.turn, blend=0.03)
    shape.ellipsoid(head(0.126 * s, -0.02 * s, 0), (0.014, 0.013, 0.019), nose, turn=head.turn)
    shape.point("nose", head(0.13 * s, -0.02 * s, 0))
    eyes(shape, head, (0.074 * s, 0.02 * s, 0.054 * s), 0.026, iris, slit)
    pointed_ears(shape, head, (-0.01 * s, 0.076 * s, 0.066 * s), high * s, 0.058 * s, 12, fur, PINK)
    start, side = plus(bones.hip, -0.8 * build.waist, 0.25 * build.waist), between(form, -0.12, 0.12)
    places, thick = _cat_tail(form, start, side, up), 0.026 + 2.4 * fluffy
    tail(shape, curve(places, 4), [thick * (1.2 - 0.1 * i) for i in range(5)], fur, tip, fluffy)
    paw_points(shape, build, bones, 2.1, 0.55)
    return shape


def _cat_tail(form: np.random.Generator, start: Point, side: float, up: bool) -> list[Point]:
    """Long: raised, hanging, or laid on the ground to one side."""
    if not up:
        start, out = (start[0], 0.05, 0.0), math.copysign(0.2, side)
        ways = ((-0.2, -0.01, 0.4 * out), (-0.1, -0.015, 1.6 * out), (0.16, -0.015, 1.3 * out))
    elif form.random() < 0.6:
        ways = ((-0.12, 0.08, 0.1 * side), (-0.08, 0.3, 0.6 * side), (between(form, -0.22, 0.0), 0.41, side))
    else:
        ways = ((-0.12, -0.05, 0.2 * side), (-0.2, -0.18, 0.8 * side), (-0.33, between(form, -0.22, -0.1), side))
    return [start, *(plus(start, *way) for way in ways)]


def dog(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    shape, fluffy = Shape(), 0.006 * float(form.random() < 0.35)
    girth, heavy, tall = varying(form, 0.122, 0.15), between(form, 0.8, 1.15), varying(form, 0.38, 0.18)
    waist, width = 0.8 * girth, 0.62 * girth
    build = Build(varying(form, 0.44, 0.12), tall, girth, waist, width, 0.054 * heavy, 0.032 * heavy)
    bones, up = _pose(form, build)
    worn, ears, long, s = form.random() < 0.4, int(form.integers(3)), between(form, 0.09, 0.17), varying(form, 1.0, 0.1)
    fur, socks, mask, tip = _coat(paint, texture, (TABBY, PIED, PIED, SPOTTED))
    collar, iris = _collar(paint, worn), Paint(varied(paint, (0.05, 0.022, 0.01)), gloss=0.9)
    dark, chance = Paint(varied(paint, DARK)), paint.random()
    body(shape, build, bones, fur, socks, fluffy)
    paws(shape, build, bones, socks)
    start, rise = _head_start(form, bones, girth)
    head = neck(shape, form, start, varying(form, 0.16, 0.2), 0.07, rise, fur, collar)
    shape.ellipsoid(head.at, (0.11 * s, 0.092 * s, 0.094 * s), fur, turn=head.turn, blend=0.05)
    _muzzle(shape, head, s, (0.06 + long) * s, mask, bool(form.random() < 0.35))
    eyes(shape, head, (0.085 * s, 0.032 * s, 0.05 * s), 0.02, iris)
    flaps, size, spread = dark if chance < 0.3 else fur, between(form, 0.7, 1.2), between(form, 2, 16)
    if ears == 0:
        pointed_ears(shape, head, (-0.02 * s, 0.065 * s, 0.055 * s), 0.075 * size, 0.046 * s, 8, flaps, PINK)
    else:
        hanging_ears(shape, head, s, 0.085 * size, spread, flaps)
    start, side = plus(bones.hip, -0.8 * build.waist, 0.4 * build.waist), between(form, -0.1, 0.1)
    places, thick = _dog_tail(form, start, side, up), 0.027 + 2.8 * fluffy
    count = len(places) if len(places) > 2 else 1
    tail(shape, curve(places, count), [thick * (1.3 - 0.12 * i) for i in range(count + 1)], fur, tip, fluffy)
    paw_points(shape, build, bones, 2.1, 0.55)
    return shape


def _muzzle(shape: Shape, head: Frame, s: float, end: float, mask: Paint, panting: bool) -> None:
    shape.limb(head(0.05 * s, -0.03 * s, 0), head(end, -0.045 * s, 0), 0.062 * s, 0.042 * s, mask, blend=0.03)
    shape.ellipsoid(head(end + 0.036 * s, -0.024 * s, 0), (0.022, 0.02, 0.026), NIGHT, turn=head.turn)
    shape.point("nose", head(end + 0.046 * s, -0.022 * s, 0))
    if panting:
        tongue = Paint((0.6, 0.15, 0.15), gloss=0.3)
        shape.ellipsoid(head(end, -0.088 * s, 0), (0.04, 0.02, 0.028), tongue, turn=head.turned(pitch=35))


def _dog_tail(form: np.random.Generator, start: Point, side: float, up: bool) -> list[Point]:
    """A curl, a raised or a hanging one, or a stub; on the ground if it does not stand."""
    kind = int(form.integers(4))
    ways: tuple[tuple[float, float, float], ...]
    if not up:
        start, ways = (start[0], 0.06, 0.0), ((-0.12, -0.02, side), (-0.25, -0.015, 3 * side))
    elif kind == 0:
        ways = ((-0.14, 0.14, 0.3 * side), (-0.02, 0.32, side), (0.1, 0.12, 1.3 * side))
    elif kind == 1:
        ways = ((-0.12, 0.1, 0.4 * side), (-0.2, 0.25, side))
    elif kind == 2:
        ways = ((-0.1, -0.08, 0.4 * side), (-0.17, -0.26, side))
    else:
        ways = ((-0.07, 0.09, side),)
    return [start, *(plus(start, *way) for way in ways)]


ANIMALS: dict[str, Maker] = {"cat": cat, "dog": dog, "horse": horse, "bird": bird}
"""The makers of all classes, in their order."""
