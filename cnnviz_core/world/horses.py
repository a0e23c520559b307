"""Horses: standing, walking or with the head down, some under a saddle."""

import math

import numpy as np

from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.heads import NIGHT, eyes, pointed_ears
from cnnviz_core.world.quadrupeds import Build, Frame, between, body, on_feet, paw_points, plus, tail, varying
from cnnviz_core.world.shape import Colour, Paint, Point, Shape, turned
from cnnviz_core.world.surfaces import MOTTLED, PATCHES, SPOTS

BLACK, DARK, WHITE = (0.025, 0.023, 0.022), (0.09, 0.065, 0.05), (0.72, 0.69, 0.64)
BAY, CHESTNUT, BROWN, DUN, GREY = (
    (0.2, 0.075, 0.03),
    (0.3, 0.12, 0.04),
    (0.13, 0.065, 0.03),
    (0.5, 0.35, 0.19),
    (0.42, 0.41, 0.4),
)
PALETTE: tuple[tuple[Colour, Colour], ...] = (
    (BAY, BLACK), (CHESTNUT, WHITE), (BLACK, WHITE), (BROWN, BLACK), (WHITE, GREY), (GREY, WHITE), (DUN, WHITE),
    (DUN, BROWN), (DARK, GREY), (WHITE, BAY),
)  # fmt: skip
HAIR = (BLACK, BROWN, WHITE, DUN)
CLOTHS = ((0.5, 0.03, 0.03), (0.03, 0.1, 0.4), (0.03, 0.25, 0.1), (0.6, 0.58, 0.52))


def horse(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    shape, girth = Shape(), varying(form, 0.135, 0.08)
    build = Build(varying(form, 0.42, 0.08), varying(form, 0.6, 0.08), girth, 0.95 * girth, 0.055, 0.058, 0.024, 0.04)
    bones = on_feet(form, build, between(form, 0.02, 0.17))
    down, saddled, s = form.random() < 0.25, form.random() < 0.25, varying(form, 1.0, 0.06)
    fur = coat(paint, texture, PALETTE, (PATCHES, PATCHES, SPOTS, MOTTLED), frequency=7.0)
    hair = Paint(varied(paint, HAIR[int(paint.integers(len(HAIR)))]))
    chances = paint.random(3)
    socks = Paint(varied(paint, WHITE if chances[0] < 0.4 else BLACK)) if chances[1] < 0.5 else fur
    blaze = Paint(varied(paint, WHITE)) if chances[2] < 0.4 else fur
    hoof, muzzle = Paint(varied(paint, DARK), gloss=0.2), Paint(varied(paint, (0.12, 0.09, 0.085)))
    cloth = Paint(varied(paint, CLOTHS[int(paint.integers(len(CLOTHS)))]))
    body(shape, build, bones, fur, socks)
    for *_joints, paw in (*bones.front, *bones.hind):
        shape.cone(plus(paw, 0.01, 0.03 - build.lower), 0.03, 0.046, 0.033, hoof, rounding=0.008)
    shape.ellipsoid(plus(bones.hip, -0.02, 0.0), (1.1 * girth, 1.05 * girth, 0.95 * girth), fur, blend=0.05)
    poll = _neck(
        shape,
        plus(bones.shoulder, 0.04, 0.0),
        0.34 * s,
        between(form, -48, -20) if down else between(form, 40, 62),
        fur,
        hair,
    )
    _head(
        shape,
        Frame(poll, turned(yaw=between(form, -40, 40), pitch=between(form, -50, -28))),
        s,
        (fur, blaze, muzzle, hair),
    )
    thick, swish = varying(form, 0.042, 0.2), between(form, -0.08, 0.08)
    rump = plus(bones.hip, -1.05 * girth, 0.55 * girth)
    places = [rump, plus(rump, -0.08, -0.07, 0.3 * swish), plus(rump, -0.11, between(form, -0.4, -0.3), swish)]
    tail(shape, places, (0.7 * thick, 1.1 * thick, 0.5 * thick), hair, hair, 0.008)
    if saddled:
        _saddle(shape, plus(bones.shoulder, -0.52 * build.length, 0.0), girth, cloth)
    paw_points(shape, build, bones, 1.7, 0.2)
    return shape


def _neck(shape: Shape, start: Point, long: float, rise: float, fur: Paint, hair: Paint) -> Point:
    """Neck and mane; where the neck ends."""
    up, ahead = math.sin(math.radians(rise)), math.cos(math.radians(rise))
    end, crest = plus(start, long * ahead, long * up), (-0.065 * up, 0.065 * ahead)
    shape.limb(start, end, 0.115, 0.066, fur, blend=0.08)
    low = plus(start, 1.5 * crest[0], 1.5 * crest[1])
    shape.limb(low, plus(end, *crest), 0.045, 0.035, hair, rough=0.01, grain=40.0)
    shape.point("neck", plus(start, 0.5 * long * ahead + 1.7 * crest[0], 0.5 * long * up + 1.7 * crest[1]))
    return end


def _head(shape: Shape, head: Frame, s: float, paints: tuple[Paint, Paint, Paint, Paint]) -> None:
    fur, blaze, muzzle, hair = paints
    shape.ellipsoid(head(0.05 * s, -0.01, 0), (0.1 * s, 0.085 * s, 0.07 * s), fur, turn=head.turn, blend=0.05)
    shape.limb(head(0.05 * s, 0, 0), head(0.25 * s, -0.01, 0), 0.068 * s, 0.045 * s, fur, blend=0.03)
    shape.limb(head(0.08 * s, 0.05 * s, 0), head(0.22 * s, 0.022 * s, 0), 0.025, 0.022, blaze, blend=0.015)
    shape.ellipsoid(head(0.27 * s, -0.012, 0), (0.052 * s, 0.047 * s, 0.05 * s), muzzle, turn=head.turn, blend=0.03)
    shape.point("nose", head(0.31 * s, 0.0, 0))
    eyes(shape, head, (0.085 * s, 0.03 * s, 0.062 * s), 0.018, NIGHT)
    pointed_ears(shape, head, (-0.025 * s, 0.055 * s, 0.042 * s), 0.05, 0.028, 8, fur, muzzle)
    shape.ellipsoid(head(0.03 * s, 0.075 * s, 0), (0.055, 0.03, 0.035), hair, turn=head.turn, rough=0.008, grain=40.0)


def _saddle(shape: Shape, middle: Point, girth: float, cloth: Paint) -> None:
    leather = Paint((0.09, 0.035, 0.015), gloss=0.4)
    shape.ellipsoid(plus(middle, 0.0, 0.15 * girth), (0.17, 0.97 * girth, 1.16 * girth), cloth)
    shape.limb(plus(middle, -0.07, 1.02 * girth), plus(middle, 0.06, 1.0 * girth), 0.05, 0.035, leather, blend=0.03)
