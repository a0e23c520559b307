"""Household things: mugs and teapots (with the same glazes), chairs, lamps."""

import math
from collections.abc import Callable

import numpy as np

from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.shape import Colour, Paint, Shape, turned
from cnnviz_core.world.surfaces import CHECKS, GRAIN, MOTTLED, RIBS, SPOTS, STRIPES, WEAVE

Rng = np.random.Generator
Pair = tuple[Colour, Colour]

GLAZES: tuple[Pair, ...] = (
    ((0.68, 0.66, 0.6), (0.06, 0.14, 0.42)),
    ((0.06, 0.16, 0.4), (0.65, 0.62, 0.55)),
    ((0.55, 0.07, 0.05), (0.72, 0.68, 0.6)),
    ((0.1, 0.3, 0.22), (0.6, 0.58, 0.4)),
    ((0.65, 0.42, 0.06), (0.3, 0.12, 0.05)),
    ((0.09, 0.09, 0.1), (0.62, 0.55, 0.4)),
    ((0.3, 0.14, 0.08), (0.6, 0.45, 0.3)),
    ((0.5, 0.62, 0.66), (0.7, 0.68, 0.66)),
)
WOODS: tuple[Pair, ...] = (
    ((0.34, 0.19, 0.08), (0.2, 0.1, 0.04)),
    ((0.14, 0.07, 0.04), (0.07, 0.04, 0.025)),
    ((0.52, 0.38, 0.22), (0.36, 0.24, 0.13)),
    ((0.62, 0.6, 0.56), (0.5, 0.48, 0.44)),
    ((0.05, 0.05, 0.055), (0.12, 0.12, 0.12)),
)
CLOTHS: tuple[Pair, ...] = (
    ((0.42, 0.06, 0.06), (0.66, 0.5, 0.36)),
    ((0.08, 0.16, 0.36), (0.5, 0.55, 0.6)),
    ((0.16, 0.28, 0.14), (0.6, 0.58, 0.4)),
    ((0.6, 0.52, 0.36), (0.3, 0.18, 0.1)),
    ((0.5, 0.22, 0.06), (0.7, 0.6, 0.4)),
    ((0.66, 0.64, 0.58), (0.45, 0.3, 0.3)),
)
METALS: tuple[Colour, ...] = ((0.35, 0.35, 0.36), (0.06, 0.06, 0.065), (0.5, 0.36, 0.14), (0.6, 0.6, 0.58))
DRINKS: tuple[Colour, ...] = ((0.06, 0.025, 0.01), (0.3, 0.12, 0.03), (0.65, 0.6, 0.52))


def mug(form: Rng, paint: Rng, texture: int) -> Shape:
    """A mug: straight, tapered or bellied, with a handle, sometimes with something to drink."""
    made, glaze = Shape(), coat(paint, texture, GLAZES, (STRIPES, CHECKS, SPOTS, RIBS), frequency=7.0, gloss=0.6)
    drink = Paint(varied(paint, DRINKS[int(paint.integers(len(DRINKS)))]), gloss=0.4)
    half, low, high = form.uniform(0.34, 0.5), form.uniform(0.28, 0.38), form.uniform(0.33, 0.42)
    kind, filled, size = int(form.integers(3)), form.random() < 0.5, form.uniform(0.6, 0.8)
    belly = high + (0.07 if kind == 2 else 0.0)
    if kind == 2:
        made.cone((0, 0.5 * half, 0), 0.5 * half, low, belly, glaze, rounding=0.03)
        made.cone((0, 1.5 * half, 0), 0.5 * half, belly, high, glaze, shell=0.045, cut=0.5 * half - 0.06)
    else:
        low = high if kind == 0 else low
        made.cone((0, half, 0), half, low, high, glaze, shell=0.045, cut=half - 0.06, rounding=0.02)
    top = 2.0 * half - 0.06
    made.ring((0, top, 0), high - 0.022, 0.022, glaze)
    if filled:
        made.cone((0, top - 0.1, 0), 0.02, high - 0.05, high - 0.05, drink)
    wide, place = size * half * 0.72, 0.5 * (low + high) + 0.01
    made.ring((place, half, 0), wide, 0.05, glaze, turn=turned(roll=90.0), blend=0.04)
    made.point("rim_front", (high - 0.02, top, 0))
    made.point("rim_back", (-high + 0.02, top, 0))
    made.point("handle_top", (place + 0.3 * wide, half + 0.95 * wide, 0))
    made.point("handle_middle", (place + wide + 0.03, half, 0))
    made.point("handle_bottom", (place + 0.3 * wide, half - 0.95 * wide, 0))
    for name, side in (("left", -1), ("right", 1)):
        made.point(f"base_{name}", (0, 0.04, side * (low - 0.025)))
    return made


def teapot(form: Rng, paint: Rng, texture: int) -> Shape:
    """A teapot: a belly, a spout, a handle, a lid with a knob."""
    made, glaze = Shape(), coat(paint, texture, GLAZES, (STRIPES, CHECKS, SPOTS, RIBS), frequency=7.0, gloss=0.6)
    radius, flat = form.uniform(0.34, 0.42), form.uniform(0.75, 1.05)
    upright, rise, reach = form.random() < 0.35, form.uniform(0.0, 0.14), form.uniform(0.24, 0.34)
    size, knob = form.uniform(0.55, 0.72), form.uniform(0.045, 0.07)
    high = radius * flat
    if upright:
        made.cone((0, high, 0), high, radius, 0.7 * radius, glaze, rounding=0.08)
    else:
        made.ellipsoid((0, high, 0), (radius, high, radius), glaze)
        made.cone((0, 0.03, 0), 0.03, 0.62 * radius, 0.58 * radius, glaze, blend=0.04)
    top = 2.0 * high
    lid = 0.5 * radius
    made.ring((0, top - 0.03, 0), lid, 0.03, glaze, blend=0.02)
    made.ellipsoid((0, top - 0.02, 0), (lid, 0.09, lid), glaze)
    made.ellipsoid((0, top + 0.09 + 0.5 * knob, 0), (knob, knob, knob), glaze, blend=0.02)
    mouth = (radius + reach, top - 0.1 + rise, 0.0)
    made.limb((0.8 * radius, 0.75 * high, 0), (radius + 0.55 * reach, 1.1 * high, 0), 0.12, 0.07, glaze, blend=0.06)
    made.limb((radius + 0.55 * reach, 1.1 * high, 0), mouth, 0.07, 0.05, glaze, blend=0.05)
    wide = size * high
    made.ring((-radius - 0.02, 1.05 * high, 0), wide, 0.045, glaze, turn=turned(roll=90.0), blend=0.04)
    made.point("rim_front", (lid, top - 0.01, 0))
    made.point("rim_back", (-lid, top - 0.01, 0))
    made.point("handle_top", (-radius - 0.02 - 0.3 * wide, 1.05 * high + 0.95 * wide, 0))
    made.point("handle_middle", (-radius - wide - 0.05, 1.05 * high, 0))
    made.point("handle_bottom", (-radius - 0.02 - 0.3 * wide, 1.05 * high - 0.95 * wide, 0))
    for name, side in (("left", -1), ("right", 1)):
        made.point(f"base_{name}", (0, 0.06, side * 0.57 * radius))
    made.point("spout", (mouth[0] + 0.03, mouth[1], 0))
    made.point("knob", (0, top + 0.08 + 1.3 * knob, 0))
    return made


def chair(form: Rng, paint: Rng, texture: int) -> Shape:
    """A chair: legs or a pedestal, a back of slats, of rungs or in one piece, sometimes arm rests or a cushion."""
    made, wood = Shape(), coat(paint, texture, WOODS, (GRAIN, STRIPES), frequency=10.0, gloss=0.15)
    cloth = coat(paint, texture, CLOTHS, (WEAVE, CHECKS, STRIPES), frequency=9.0)
    metal = Paint(METALS[int(paint.integers(len(METALS)))], gloss=0.5)
    seat, a, b = form.uniform(0.42, 0.52), form.uniform(0.23, 0.29), form.uniform(0.23, 0.29)
    back, lean = form.uniform(0.42, 0.6), form.uniform(0.02, 0.12)
    pedestal, kind, thick = form.random() < 0.22, int(form.integers(3)), form.uniform(0.022, 0.034)
    arms, cushion, splay = form.random() < 0.3, form.random() < 0.5, form.uniform(0.0, 0.06)
    frame = metal if pedestal else wood
    made.box((0, seat, 0), (a, 0.028, b), cloth if pedestal else wood, rounding=0.02)
    if cushion:
        made.box((0.01, seat + 0.05, 0), (0.92 * a, 0.035, 0.92 * b), cloth, rounding=0.03)
    if pedestal:
        made.cone((0, 0.5 * seat, 0), 0.5 * seat - 0.05, 0.035, 0.035, frame)
        for k in range(5):
            x, z = 0.26 * math.cos(1.2566 * k), 0.26 * math.sin(1.2566 * k)
            made.limb((0, 0.1, 0), (x, 0.05, z), 0.03, 0.022, frame)
            made.ellipsoid((x, 0.03, z), (0.035, 0.03, 0.03), Paint((0.03, 0.03, 0.03)))
    feet = []
    for x in (-1, 1):
        for z in (-1, 1):
            foot = (x * (0.88 * a + splay), 0.02, z * (0.88 * b + splay))
            feet.append((0.26 * x * 0.8, 0.03, 0.26 * z * 0.8) if pedestal else foot)
            if not pedestal:
                made.limb((x * 0.88 * a, seat, z * 0.88 * b), foot, thick, 0.8 * thick, wood)
    high, rear = seat + back, -0.9 * a - lean
    for z in (-0.88 * b, 0.88 * b):
        made.limb((-0.9 * a, seat, z), (rear, high, z), thick, thick, frame)
    tilt = turned(pitch=math.degrees(math.atan2(lean, back)))
    if kind == 0 or pedestal:
        made.box((-0.9 * a - 0.6 * lean, seat + 0.62 * back, 0), (0.025, 0.36 * back, 0.86 * b), cloth, turn=tilt,
                 rounding=0.02)  # fmt: skip
    else:
        made.box((rear, high - 0.03, 0), (0.025, 0.045, 0.9 * b), wood, turn=tilt, rounding=0.02)
        for k in range(3):
            share = (k + 1) / 4
            if kind == 1:
                z = 0.88 * b * (2 * share - 1)
                made.limb((-0.9 * a, seat, z), (rear, high - 0.04, z), 0.018, 0.018, wood)
            else:
                y, x = seat + share * back, -0.9 * a - share * lean
                made.box((x, y, 0), (0.018, 0.03, 0.86 * b), wood, turn=tilt, rounding=0.01)
    if arms:
        for z in (-b, b):
            made.box((0, seat + 0.2, z), (0.9 * a, 0.02, 0.03), wood, rounding=0.015)
            made.limb((0.7 * a, seat, z), (0.7 * a, seat + 0.2, z), 0.02, 0.02, frame)
    made.point("seat_front", (a - 0.02, seat + 0.015, 0))
    made.point("back_top_left", (rear, high, -0.88 * b))
    made.point("back_top_right", (rear, high, 0.88 * b))
    for name, place in zip(
        ("rear_left_foot", "rear_right_foot", "front_left_foot", "front_right_foot"), feet, strict=True
    ):
        made.point(name, place)
    return made


def lamp(form: Rng, paint: Rng, texture: int) -> Shape:
    """A lamp: a shade on a stem, or a desk lamp with an arm."""
    made, metal = Shape(), Paint(METALS[int(paint.integers(len(METALS)))], gloss=0.6)
    shade = coat(paint, texture, (*CLOTHS, *GLAZES), (STRIPES, RIBS, CHECKS, SPOTS), frequency=7.0)
    foot = coat(paint, texture, (*GLAZES, *WOODS), (MOTTLED, STRIPES, RIBS), frequency=7.0, gloss=0.4)
    bulb = Paint((0.95, 0.88, 0.66))
    desk, bellied = form.random() < 0.3, form.random() < 0.5
    wide, narrow, half = form.uniform(0.24, 0.36), form.uniform(0.3, 0.75), form.uniform(0.13, 0.2)
    stem, base, bend = form.uniform(0.45, 0.8), form.uniform(0.16, 0.24), form.uniform(0.1, 0.3)
    made.cone((0, 0.03, 0), 0.03, base, 0.9 * base, metal if desk else foot, rounding=0.015)
    if desk:
        knee, head = (-bend, 0.42, 0.0), (0.24 - bend, 0.5 + 0.5 * stem, 0.0)
        made.limb((0, 0.05, 0), knee, 0.024, 0.024, metal)
        made.ellipsoid(knee, (0.04, 0.04, 0.04), metal)
        made.limb(knee, head, 0.024, 0.024, metal)
        turn = turned(pitch=-40.0)
    else:
        knee, head = (0.0, 0.06 + 0.4 * stem, 0.0), (0.0, 0.06 + stem, 0.0)
        made.limb((0, 0.04, 0), (0, 0.06 + stem + half, 0), 0.028, 0.024, metal)
        if bellied:
            made.ellipsoid((0, 0.06 + 0.3 * stem, 0), (0.13, 0.3 * stem, 0.13), foot, blend=0.04)
        turn = turned()
    axis = turn[1]
    middle = tuple(head[k] + 0.1 * axis[k] * (0.0 if desk else 1.0) for k in range(3))
    size = (0.7 if desk else 1.0) * wide
    made.cone(middle, half, size, narrow * size, shade, turn=turn, shell=0.025, cut=half - 0.035)
    made.ellipsoid(middle, (0.07, 0.08, 0.07), bulb)
    for name, along, side in (("shade_bottom_left", -1, -1), ("shade_bottom_right", -1, 1),
                              ("shade_top_left", 1, -1), ("shade_top_right", 1, 1)):  # fmt: skip
        out = (size if along < 0 else narrow * size) - 0.012
        shift = along * (half - 0.04)
        made.point(name, (middle[0] + shift * axis[0], middle[1] + shift * axis[1], side * out))
    bulge = 0.11 if bellied and not desk else 0.02
    made.point("stem_middle", (knee[0] + bulge, knee[1] if desk else 0.06 + 0.3 * stem, 0))
    for name, side in (("left", -1), ("right", 1)):
        made.point(f"base_{name}", (0, 0.03, side * (0.93 * base)))
    return made


HOUSEHOLD: dict[str, Callable[[Rng, Rng, int], Shape]] = {"mug": mug, "teapot": teapot, "chair": chair, "lamp": lamp}
