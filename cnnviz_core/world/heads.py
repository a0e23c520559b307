"""What heads of four-legged animals share: the neck that carries them, eyes, and ears."""

import math

import numpy as np

from cnnviz_core.world.quadrupeds import SIDES, Frame, between, plus
from cnnviz_core.world.shape import Paint, Point, Shape, turned

NIGHT = Paint((0.012, 0.011, 0.011), gloss=0.9)
"""Pupils, dark eyes and wet noses."""


def neck(
    shape: Shape, form: np.random.Generator, start: Point, length: float, thick: float, rise: float, fur: Paint,
    collar: Paint | None,
) -> Frame:  # fmt: skip
    """The neck, which rises at an angle in degrees, and the frame of the head at its end, turned at will."""
    up, ahead = math.sin(math.radians(rise)), math.cos(math.radians(rise))
    way = turned(yaw=between(form, -50, 50), pitch=between(form, -18, 12), roll=between(form, -10, 10))

    def along(share: float, off: float = 0.0) -> Point:
        return plus(start, share * length * ahead - off * up, share * length * up + off * ahead)

    shape.limb(start, along(1.0), 1.25 * thick, thick, fur, blend=0.07)
    if collar is not None:
        shape.rod(along(0.6), along(0.86), 1.22 * thick, 1.14 * thick, collar, rounding=0.008)
    shape.point("neck", along(0.58, 1.1 * thick))
    return Frame(Frame(along(1.0), way)(0.04, 0.015, 0.0), way)


def eyes(shape: Shape, head: Frame, at: Point, r: float, iris: Paint, slit: float | None = None) -> None:
    """Two eyes, looking a little outwards; `slit` is the width of a pupil relative to the iris."""
    x, y, z = at
    for name, side in SIDES:
        turn = head.turned(yaw=-side * 32)
        own = Frame(head(x, y, side * z), turn)
        shape.ellipsoid(own.at, (0.7 * r, r, r), iris, turn=turn)
        if slit is not None:
            shape.ellipsoid(own(0.45 * r, 0, 0), (0.32 * r, 0.8 * r, slit * r), NIGHT, turn=turn)
        shape.point(f"{name}_eye", own(0.55 * r, 0, 0))


def pointed_ears(
    shape: Shape, head: Frame, at: Point, high: float, wide: float, lean: float, fur: Paint, inner: Paint
) -> None:
    """Upright ears, of another colour inside, leaning outwards by an angle in degrees."""
    x, y, z = at
    for name, side in SIDES:
        turn = head.turned(roll=side * lean, yaw=-side * 25, pitch=-4)
        own, form = Frame(head(x, y, side * z), turn), {"turn": turn, "taper_z": 0.8, "taper_x": 0.3}
        shape.box(own(0, 0.55 * high, 0), (0.018, high, wide), fur, rounding=0.014, blend=0.025, **form)
        shape.box(own(0.012, 0.5 * high, 0), (0.012, 0.75 * high, 0.62 * wide), inner, rounding=0.008, **form)
        shape.point(f"{name}_ear", own(0, 1.35 * high, 0))


def hanging_ears(shape: Shape, head: Frame, s: float, long: float, spread: float, paint: Paint) -> None:
    """Flaps beside the head."""
    for name, side in SIDES:
        turn = head.turned(roll=-side * spread, pitch=10)
        own = Frame(head(-0.012 * s, 0.062 * s, side * 0.074 * s), turn)
        shape.ellipsoid(own(0, -0.75 * long, side * 0.014), (0.05 * s, long, 0.02), paint, turn=turn, blend=0.02)
        shape.point(f"{name}_ear", own(0, -1.4 * long, side * 0.025))
