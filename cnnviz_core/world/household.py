"""Household things: mugs and teapots (from crockery), chairs, lamps."""

import math

import numpy as np

from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.crockery import GLAZES, mug, teapot
from cnnviz_core.world.shape import Colour, Paint, Point, Shape, turned
from cnnviz_core.world.surfaces import CHECKS, GRAIN, RIBS, SPOTS, STRIPES, WEAVE

Pair = tuple[Colour, Colour]

WOODS: tuple[Pair, ...] = (
    ((0.34, 0.19, 0.08), (0.2, 0.1, 0.04)),
    ((0.14, 0.07, 0.04), (0.07, 0.04, 0.025)),
    ((0.52, 0.38, 0.22), (0.36, 0.24, 0.13)),
    ((0.62, 0.6, 0.56), (0.5, 0.48, 0.44)),
    ((0.05, 0.05, 0.055), (0.12, 0.12, 0.12)),
    ((0.1, 0.24, 0.3), (0.3, 0.4, 0.42)),
    ((0.45, 0.06, 0.04), (0.3, 0.1, 0.06)),
)
CLOTHS: tuple[Pair, ...] = (
    ((0.42, 0.06, 0.06), (0.66, 0.5, 0.36)),
    ((0.08, 0.16, 0.36), (0.5, 0.55, 0.6)),
    ((0.16, 0.28, 0.14), (0.6, 0.58, 0.4)),
    ((0.6, 0.52, 0.36), (0.3, 0.18, 0.1)),
    ((0.5, 0.22, 0.06), (0.7, 0.6, 0.4)),
    ((0.66, 0.64, 0.58), (0.45, 0.3, 0.3)),
    ((0.05, 0.05, 0.06), (0.3, 0.3, 0.32)),
)
SHADES: tuple[Pair, ...] = (
    ((0.72, 0.66, 0.52), (0.5, 0.3, 0.14)),
    ((0.72, 0.7, 0.66), (0.4, 0.42, 0.46)),
    ((0.7, 0.5, 0.3), (0.4, 0.12, 0.06)),
    *CLOTHS[:5],
)
METALS: tuple[Colour, ...] = ((0.35, 0.35, 0.36), (0.06, 0.06, 0.065), (0.5, 0.36, 0.14), (0.6, 0.6, 0.58))
BULB = Paint((0.95, 0.88, 0.66), gloss=0.6)
CASTOR = Paint((0.03, 0.03, 0.03), gloss=0.2)


def _metal(paint: np.random.Generator) -> Paint:
    return Paint(varied(paint, METALS[int(paint.integers(len(METALS)))]), gloss=0.7)


def _pedestal(shape: Shape, seat: float, metal: Paint) -> list[Point]:
    """A column on a star of five feet with castors; gives the places of the four castors that are not behind it."""
    shape.cone((0, 0.5 * seat + 0.06, 0), 0.5 * seat - 0.06, 0.032, 0.032, metal)
    shape.cone((0, 0.5 * seat - 0.04, 0), 0.5 * seat - 0.12, 0.048, 0.045, CASTOR)
    feet: list[Point] = []
    for k in range(5):
        angle = math.pi * (1.0 - 0.4 * k)
        x, z = 0.28 * math.cos(angle), 0.28 * math.sin(angle)
        shape.limb((0, 0.13, 0), (x, 0.085, z), 0.034, 0.022, metal)
        shape.ellipsoid((x, 0.035, z), (0.036, 0.035, 0.036), CASTOR)
        feet.append((x, 0.04, z))
    return [feet[4], feet[1], feet[3], feet[2]]


def _legs(
    shape: Shape, seat: float, a: float, b: float, splay: float, thick: float, bars: bool, wood: Paint
) -> list[Point]:
    """Four legs with a frame under the seat, and bars between them if wished; gives the places of their feet."""
    shape.box((0, seat - 0.04, 0), (0.86 * a, 0.03, 0.86 * b), wood, rounding=0.008)
    feet: list[Point] = []
    for x in (-1, 1):
        for z in (-1, 1):
            foot = (x * (0.86 * a + splay), 0.5 * thick, z * (0.86 * b + splay))
            shape.limb((x * 0.86 * a, seat - 0.02, z * 0.86 * b), foot, thick, 0.75 * thick, wood)
            feet.append(foot)
    if bars:
        wide, far = 0.86 * b + 0.6 * splay, 0.86 * a + 0.6 * splay
        for side in (-wide, wide):
            shape.limb((-far, 0.18, side), (far, 0.18, side), 0.016, 0.016, wood)
        shape.limb((0, 0.18, -wide), (0, 0.18, wide), 0.016, 0.016, wood)
    return feet


def _back(shape: Shape, foot: Point, top: Point, b: float, kind: int, count: int, frame: Paint, filling: Paint) -> None:
    """Two posts between heights, with 0: one piece, 1: slats or 2: rungs between them; it leans back."""
    (x, low, _), (rear, high, _) = foot, top
    tilt = turned(pitch=math.degrees(math.atan2(x - rear, high - low)))
    for z in (-b, b):
        shape.limb((x, low, z), (rear, high, z), 0.027, 0.024, frame)
    if kind == 0:
        shape.box((0.42 * x + 0.58 * rear, 0.42 * low + 0.58 * high, 0), (0.03, 0.4 * (high - low), 1.02 * b), filling,
                  turn=tilt, rounding=0.025)  # fmt: skip
        return
    shape.box((rear, high - 0.03, 0), (0.024, 0.05, b), frame, turn=tilt, rounding=0.02)
    for k in range(count):
        share = (k + 1) / (count + 1)
        if kind == 1:
            z = b * (2 * share - 1)
            shape.limb((x, low, z), (rear, high - 0.04, z), 0.016, 0.016, frame)
        else:
            at = (x + share * (rear - x), low + share * (high - low), 0.0)
            shape.box(at, (0.016, 0.028, b), frame, turn=tilt, rounding=0.01)


def chair(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A chair: legs or a pedestal, a back of slats, of rungs or in one piece, sometimes arm rests or a cushion."""
    seat, a, b = form.uniform(0.42, 0.52), form.uniform(0.22, 0.28), form.uniform(0.23, 0.28)
    back, lean = form.uniform(0.42, 0.6), form.uniform(0.02, 0.12)
    swivels, kind, count = form.random() < 0.25, int(form.integers(3)), int(form.integers(2, 5))
    thick, splay, bars = form.uniform(0.024, 0.034), form.uniform(0.0, 0.06), form.random() < 0.5
    arms, cushion = form.random() < 0.35, form.random() < 0.45
    wood = coat(paint, texture, WOODS, (GRAIN, GRAIN, STRIPES, RIBS), frequency=10.0, gloss=0.15)
    cloth = coat(paint, texture, CLOTHS, (WEAVE, CHECKS, STRIPES, SPOTS), frequency=9.0)
    metal = _metal(paint)
    shape, x, high = Shape(), -0.88 * a, seat + back
    if swivels:
        feet, frame, main = _pedestal(shape, seat, metal), metal, cloth
        shape.box((0, seat + 0.015, 0), (a, 0.045, b), cloth, rounding=0.04)
        shape.limb((x + 0.1, seat - 0.02, 0), (x - 0.05, seat + 0.02, 0), 0.03, 0.03, metal)
        shape.limb((x - 0.05, seat + 0.02, 0), (x - lean - 0.03, seat + 0.7 * back, 0), 0.03, 0.026, metal)
        shape.box((x - 0.6 * lean, seat + 0.62 * back, 0), (0.035, 0.38 * back, b), cloth, rounding=0.03,
                  turn=turned(pitch=math.degrees(math.atan2(lean, back))))  # fmt: skip
    else:
        frame, main = wood, cloth if kind == 0 else wood
        feet = _legs(shape, seat, a, b, splay, thick, bars, wood)
        shape.box((0, seat, 0), (a, 0.026, b), main, rounding=0.02)
        _back(shape, (x, seat, 0), (x - lean, high, 0), 0.88 * b, kind, count, wood, cloth)
    if cushion and not swivels:
        shape.box((0.01, seat + 0.045, 0), (0.92 * a, 0.032, 0.92 * b), cloth, rounding=0.03)
    if arms:
        for z in (-b, b):
            shape.box((-0.05, seat + 0.2, z), (a, 0.02, 0.034), CASTOR if swivels else wood, rounding=0.018)
            shape.limb((0.55 * a, seat, z), (0.6 * a, seat + 0.2, z), 0.02, 0.02, frame)
    corner, y = (b, seat + 0.97 * back) if swivels else (0.88 * b, high)
    for name, at in (("seat_front", (a - 0.015, seat, 0)), ("seat_left", (0, seat, 0.015 - b)),
                     ("seat_right", (0, seat, b - 0.015)), ("back_top_left", (x - lean, y - 0.015, 0.02 - corner)),
                     ("back_top_right", (x - lean, y - 0.015, corner - 0.02))):  # fmt: skip
        shape.point(name, at)
    names = ("rear_left_foot", "rear_right_foot", "front_left_foot", "front_right_foot")
    for name, foot in zip(names, feet, strict=True):
        shape.point(name, foot)
    return shape


def _shade(
    shape: Shape, narrow: Point, wide: Point, small: float, large: float, paints: tuple[Paint, Paint], down: bool
) -> None:
    """A shade between the middles of its ends, open at its wide end if it looks `down`, else at the narrow one."""
    paint, hem = paints
    half = 0.5 * math.dist(narrow, wide)
    if down:
        shape.rod(narrow, wide, small, large, paint, shell=0.026, cut=half - 0.045, rounding=0.02)
    else:
        shape.rod(wide, narrow, large, small, paint, shell=0.026, cut=half - 0.045)
        shape.ring(wide, large - 0.012, 0.018, hem)
    for word, share in (("top", 0.035 / half), ("bottom", 1.0 - 0.035 / half)):
        x, y, _ = (p + share * (q - p) for p, q in zip(narrow, wide, strict=True))
        for name, side in (("left", -1.0), ("right", 1.0)):
            shape.point(f"shade_{word}_{name}", (x, y, side * (small + share * (large - small) - 0.012)))


def _desk_lamp(shape: Shape, form: np.random.Generator, shade: Paint, metal: Paint) -> None:
    """A base, two arms with a knee, and a head that looks down and forward."""
    back, reach, high = form.uniform(0.1, 0.24), form.uniform(0.26, 0.4), form.uniform(0.36, 0.46)
    down, wide, long = math.radians(form.uniform(35, 65)), form.uniform(0.17, 0.22), form.uniform(0.24, 0.32)
    knee = (-back - 0.08, high, 0.0)
    head = (reach - back - 0.12, high + form.uniform(0.26, 0.38), 0.0)
    shape.cone((-0.08, 0.028, 0), 0.028, 0.2, 0.18, shade, rounding=0.015)
    for z in (-0.026, 0.026):
        shape.limb((-0.08, 0.05, z), (knee[0], high, z), 0.016, 0.016, metal)
    shape.rod((knee[0], high, -0.05), (knee[0], high, 0.05), 0.042, 0.042, metal, rounding=0.01)
    shape.limb(knee, head, 0.02, 0.02, metal)
    shape.ellipsoid(head, (0.045, 0.045, 0.045), metal)
    end = (head[0] + long * math.cos(down), head[1] - long * math.sin(down), 0.0)
    start = (head[0] + 0.04 * math.cos(down), head[1] - 0.04 * math.sin(down), 0.0)
    _shade(shape, start, end, 0.4 * wide, wide, (shade, metal), True)
    shape.ellipsoid([0.3 * p + 0.7 * q for p, q in zip(start, end, strict=True)], (0.075, 0.075, 0.075), BULB)
    shape.point("stem_middle", (knee[0] - 0.028, high, 0))
    for name, side in (("left", -1), ("right", 1)):
        shape.point(f"base_{name}", (-0.08, 0.028, side * 0.175))


def _standing_lamp(shape: Shape, form: np.random.Generator, paints: tuple[Paint, Paint, Paint]) -> None:
    """A table lamp with a belly or a turned stem, or a floor lamp on a foot or on three legs; the shade is above."""
    kind, (shade, foot, metal) = int(form.integers(4)), paints
    tall, base = form.uniform(0.46, 0.6), form.uniform(0.15, 0.21)
    wide, narrow, long = form.uniform(0.24, 0.34), form.uniform(0.4, 0.8), form.uniform(0.26, 0.36)
    belly, cord = form.uniform(0.11, 0.16), form.random() < 0.3
    if kind > 1:
        tall, wide, base = 1.75 * tall, 0.86 * wide, 0.95 * base
    shape.limb((0, 0.04, 0), (0, tall + 0.6 * long, 0), 0.022, 0.02, metal)
    if kind == 3:
        for x, z in ((-0.6, -1.0), (-0.6, 1.0), (1.15, 0.0)):
            shape.limb((0.1 * x, 0.62 * tall, 0.1 * z), (1.1 * base * x, 0.02, 1.1 * base * z), 0.022, 0.02, foot)
        shape.rod((0, 0.56 * tall, 0), (0, 0.66 * tall, 0), 0.045, 0.045, metal, rounding=0.012)
    else:
        shape.cone((0, 0.025, 0), 0.025, base, 0.9 * base, foot if kind < 2 else metal, rounding=0.015)
    if kind == 0:
        shape.ellipsoid((0, 0.03 + 0.4 * tall, 0), (belly, 0.38 * tall, belly), foot, blend=0.04)
    elif kind == 1:
        for y, radius in ((0.16, 0.09), (0.4, 0.055), (0.62, 0.075)):
            shape.ellipsoid((0, 0.03 + y * tall, 0), (radius, 0.13 * tall, radius), foot, blend=0.03)
    low, high = (0.0, tall, 0.0), (0.0, tall + long, 0.0)
    _shade(shape, high, low, narrow * wide, wide, (shade, metal), False)
    shape.ellipsoid((0, tall + 0.55 * long, 0), (0.075, 0.09, 0.075), BULB)
    if cord:
        shape.limb((0.5 * wide, tall + 0.02, 0.3 * wide), (0.5 * wide, tall - 0.11, 0.3 * wide), 0.01, 0.018, metal)
    place = (0.8 * tall, 0.62 * tall, 0.75 * tall, 0.8 * tall)[kind]
    shape.point("stem_middle", (0.015, place, 0) if kind != 1 else (0.06, 0.03 + place, 0))
    for name, side in (("left", -1), ("right", 1)):
        at = (-0.66 * base, 0.025, side * 1.1 * base) if kind == 3 else (0.0, 0.03, side * 0.93 * base)
        shape.point(f"base_{name}", at)


def lamp(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A table lamp, a floor lamp or a desk lamp with a knee."""
    shape, desk = Shape(), form.random() < 0.3
    shade = coat(paint, texture, SHADES, (STRIPES, RIBS, CHECKS, SPOTS), frequency=7.0, gloss=0.5 if desk else 0.0)
    lacquer = coat(paint, texture, GLAZES, (STRIPES, RIBS, CHECKS), frequency=7.0, gloss=0.5)
    foot = coat(paint, texture, (*GLAZES, *WOODS), (GRAIN, RIBS), frequency=9.0, gloss=0.4)
    metal = _metal(paint)
    if desk:
        _desk_lamp(shape, form, lacquer, metal)
    else:
        _standing_lamp(shape, form, (shade, foot, metal))
    return shape


HOUSEHOLD = {"mug": mug, "teapot": teapot, "chair": chair, "lamp": lamp}
