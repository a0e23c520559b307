"""Animals: cat, dog and horse, which share their build, and bird. Cat and dog have the same coats."""

import math
from collections.abc import Callable

import numpy as np

from cnnviz_core.world.birds import bird
from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.quadrupeds import (
    SIDES,
    Build,
    Frame,
    Skeleton,
    between,
    body,
    lying,
    on_feet,
    paw_points,
    paws,
    plus,
    sitting,
    tail,
    varying,
)
from cnnviz_core.world.shape import Paint, Point, Shape, turned
from cnnviz_core.world.surfaces import MOTTLED, PATCHES, SPOTS, STRIPES

Maker = Callable[[np.random.Generator, np.random.Generator, int], Shape]

BLACK, DARK, WHITE = (0.025, 0.023, 0.022), (0.09, 0.065, 0.05), (0.72, 0.69, 0.64)
GREY, SILVER, GINGER, BROWN, SAND = (
    (0.2, 0.2, 0.205),
    (0.42, 0.41, 0.39),
    (0.52, 0.22, 0.06),
    (0.17, 0.085, 0.04),
    (0.55, 0.4, 0.23),
)
COATS = (
    (BLACK, WHITE), (WHITE, BLACK), (GREY, BLACK), (SILVER, DARK), (GINGER, WHITE), (GINGER, (0.26, 0.08, 0.02)),
    (BROWN, BLACK), (BROWN, SAND), (SAND, BROWN), (SAND, WHITE), (WHITE, GINGER),
)  # fmt: skip
HORSES = (
    ((0.2, 0.075, 0.03), BLACK), ((0.3, 0.12, 0.04), WHITE), (BLACK, WHITE), (BROWN, BLACK), (WHITE, GREY),
    (SILVER, WHITE), (SAND, WHITE), (SAND, BROWN), (DARK, SILVER),
)  # fmt: skip
PINK, NIGHT = (0.55, 0.25, 0.22), (0.012, 0.011, 0.011)
EYES = ((0.45, 0.5, 0.06), (0.65, 0.36, 0.03), (0.2, 0.45, 0.16), (0.25, 0.45, 0.6))
COLLARS = ((0.6, 0.03, 0.03), (0.03, 0.12, 0.5), (0.03, 0.35, 0.12), (0.65, 0.4, 0.03), (0.03, 0.03, 0.03))


def _pose(form: np.random.Generator, build: Build) -> tuple[Skeleton, str]:
    """Standing, walking, sitting or lying."""
    kind = int(form.integers(10))
    if kind < 3:
        return on_feet(form, build, between(form, 0.02, 0.05)), "stands"
    if kind < 6:
        return on_feet(form, build, between(form, 0.11, 0.16)), "walks"
    return (sitting(form, build), "sits") if kind < 9 else (lying(form, build), "lies")


def _markings(paint: np.random.Generator, fur: Paint) -> tuple[Paint, Paint, Paint]:
    """Paints of paws, of muzzle and breast, and of the tip of the tail: the fur's own or white, as it comes."""
    white = Paint(varied(paint, WHITE))
    return tuple(white if chance < 0.35 else fur for chance in paint.random(3))  # type: ignore[return-value]


def _neck(shape: Shape, form: np.random.Generator, bones: Skeleton, girth: float, length: float, thick: float, fur: Paint,
          collar: Paint, worn: bool, rise: float) -> Frame:  # fmt: skip
    """The neck, and the frame of the head at its end, turned at will."""
    slope, start = math.radians(rise), plus(bones.shoulder, 0.3 * girth, 0.15 * girth)
    up, ahead = math.sin(slope), math.cos(slope)
    end = plus(start, length * ahead, length * up)
    shape.limb(start, end, 1.25 * thick, thick, fur, blend=0.07)
    if worn:
        low, high = (
            plus(start, 0.62 * length * ahead, 0.62 * length * up),
            plus(start, 0.87 * length * ahead, 0.87 * length * up),
        )
        shape.rod(low, high, 1.2 * thick, 1.12 * thick, collar, rounding=0.008)
    middle = plus(start, 0.5 * length * ahead, 0.5 * length * up)
    shape.point("neck", plus(middle, -up * (thick - 0.005), ahead * (thick - 0.005)))
    way = turned(yaw=between(form, -50, 50), pitch=between(form, -18, 12), roll=between(form, -10, 10))
    return Frame(Frame(end, way)(0.04, 0.015, 0.0), way)


def _eyes(
    shape: Shape, head: Frame, x: float, y: float, z: float, r: float, iris: Paint, pupil: Paint, slit: float
) -> None:
    for name, side in SIDES:
        at = head(x, y, side * z)
        shape.ellipsoid(at, (0.7 * r, r, r), iris, turn=head.turned(yaw=-side * 32))
        if slit < 1.0:
            shape.ellipsoid(
                head(x + 0.42 * r, y, side * (z + 0.24 * r)),
                (0.4 * r, 0.8 * r, slit * r),
                pupil,
                turn=head.turned(yaw=-side * 32),
            )
        shape.point(f"{name}_eye", at)


def _pointed_ears(
    shape: Shape,
    head: Frame,
    x: float,
    y: float,
    z: float,
    high: float,
    wide: float,
    lean: float,
    fur: Paint,
    inner: Paint,
) -> None:
    for name, side in SIDES:
        turn = head.turned(roll=side * lean, yaw=-side * 25, pitch=-4)
        own = Frame(head(x, y, side * z), turn)
        shape.box(
            own(0, 0.55 * high, 0),
            (0.018, high, wide),
            fur,
            turn=turn,
            taper_z=0.8,
            taper_x=0.3,
            rounding=0.014,
            blend=0.025,
        )
        shape.box(
            own(0.012, 0.5 * high, 0),
            (0.012, 0.75 * high, 0.62 * wide),
            inner,
            turn=turn,
            taper_z=0.8,
            taper_x=0.3,
            rounding=0.008,
        )
        shape.point(f"{name}_ear", own(0, 1.2 * high, 0))


def cat(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    shape, fluffy = Shape(), 0.012 * float(form.random() < 0.3)
    girth = varying(form, 0.105, 0.14)
    build = Build(varying(form, 0.44, 0.1), varying(form, 0.36, 0.1), girth, 0.9 * girth, 0.6 * girth, 0.05, 0.029)
    bones, pose = _pose(form, build)
    worn = form.random() < 0.3
    fur = coat(paint, texture, COATS, (STRIPES, STRIPES, PATCHES, SPOTS), frequency=9.0)
    socks, mask, tip = _markings(paint, fur)
    iris, collar = (
        Paint(varied(paint, EYES[int(paint.integers(4))]), gloss=0.6),
        Paint(COLLARS[int(paint.integers(5))], gloss=0.3),
    )
    nose = Paint(PINK if paint.random() < 0.6 else DARK)
    body(shape, build, bones, fur, socks, fluffy)
    paws(shape, build, bones, socks)
    head = _neck(
        shape,
        form,
        bones,
        girth,
        varying(form, 0.13, 0.15),
        0.062,
        fur,
        collar,
        worn,
        between(form, 30, 60) if pose != "sits" else 75,
    )
    s = varying(form, 1.0, 0.08)
    shape.ellipsoid(head.at, (0.1 * s, 0.098 * s, 0.115 * s), fur, turn=head.turn, blend=0.04)
    shape.ellipsoid(head(0.08 * s, -0.038 * s, 0), (0.05 * s, 0.04 * s, 0.06 * s), mask, turn=head.turn, blend=0.03)
    shape.ellipsoid(head(0.126 * s, -0.02 * s, 0), (0.014, 0.013, 0.019), nose, turn=head.turn)
    shape.point("nose", head(0.13 * s, -0.02 * s, 0))
    _eyes(shape, head, 0.076 * s, 0.02 * s, 0.055 * s, 0.026, iris, Paint(NIGHT, gloss=0.8), between(form, 0.25, 0.7))
    _pointed_ears(
        shape, head, -0.01 * s, 0.075 * s, 0.068 * s, 0.07 * varying(form, s, 0.2), 0.056 * s, 14, fur, Paint(PINK)
    )
    _cat_tail(shape, form, build, bones, pose, fur, tip, fluffy)
    paw_points(shape, build, bones, 0.05)
    return shape


def _cat_tail(
    shape: Shape,
    form: np.random.Generator,
    build: Build,
    bones: Skeleton,
    pose: str,
    fur: Paint,
    tip: Paint,
    fluffy: float,
) -> None:
    """Long: raised, hanging, or laid on the ground to one side."""
    start, side, thick = (
        plus(bones.hip, -0.8 * build.waist, 0.25 * build.waist),
        between(form, -0.12, 0.12),
        0.026 + 1.3 * fluffy,
    )
    if pose in ("sits", "lies"):
        out = math.copysign(0.2, side)
        start = (start[0], 0.05, 0.0)
        places = [
            start,
            plus(start, -0.13, -0.01, 0.6 * out),
            plus(start, -0.03, -0.01, 1.3 * out),
            plus(start, 0.14, -0.01, 1.35 * out),
        ]
    elif form.random() < 0.6:
        places = [
            start,
            plus(start, -0.1, 0.12, 0.2 * side),
            plus(start, -0.09, 0.28, 0.6 * side),
            plus(start, between(form, -0.2, 0.03), 0.4, side),
        ]
    else:
        places = [
            start,
            plus(start, -0.12, -0.05, 0.2 * side),
            plus(start, -0.2, -0.18, 0.8 * side),
            plus(start, -0.33, between(form, -0.22, -0.1), side),
        ]
    tail(shape, places, (1.2 * thick, thick, thick, 0.8 * thick), fur, tip, 0.7 * fluffy)


def dog(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    shape, fluffy = Shape(), 0.014 * float(form.random() < 0.35)
    girth, heavy = varying(form, 0.125, 0.15), between(form, 0.85, 1.2)
    build = Build(
        varying(form, 0.44, 0.12),
        varying(form, 0.38, 0.2),
        girth,
        0.78 * girth,
        0.62 * girth,
        0.056 * heavy,
        0.033 * heavy,
    )
    bones, pose = _pose(form, build)
    worn, kind, long = form.random() < 0.4, int(form.integers(3)), between(form, 0.1, 0.19)
    fur = coat(paint, texture, COATS, (PATCHES, PATCHES, SPOTS, STRIPES), frequency=9.0)
    socks, mask, tip = _markings(paint, fur)
    collar = Paint(COLLARS[int(paint.integers(5))], gloss=0.3)
    dark = Paint(NIGHT, gloss=0.9)
    iris = Paint(varied(paint, (0.05, 0.022, 0.01)), gloss=0.9)
    ears = Paint(varied(paint, DARK)) if paint.random() < 0.3 else fur
    body(shape, build, bones, fur, socks, fluffy)
    paws(shape, build, bones, socks)
    head = _neck(
        shape,
        form,
        bones,
        girth,
        varying(form, 0.16, 0.2),
        0.07,
        fur,
        collar,
        worn,
        between(form, 38, 65) if pose != "sits" else 75,
    )
    s = varying(form, 1.0, 0.1)
    shape.ellipsoid(head.at, (0.11 * s, 0.092 * s, 0.094 * s), fur, turn=head.turn, blend=0.05)
    end = (0.06 + long) * s
    shape.limb(head(0.05 * s, -0.03 * s, 0), head(end, -0.045 * s, 0), 0.062 * s, 0.042 * s, mask, blend=0.03)
    shape.ellipsoid(head(end + 0.038 * s, -0.022 * s, 0), (0.022, 0.02, 0.026), dark, turn=head.turn)
    shape.point("nose", head(end + 0.045 * s, -0.022 * s, 0))
    if form.random() < 0.35:
        shape.ellipsoid(
            head(end, -0.088 * s, 0),
            (0.04, 0.022, 0.028),
            Paint((0.6, 0.15, 0.15), gloss=0.3),
            turn=head.turned(pitch=-35),
        )
    _eyes(shape, head, 0.085 * s, 0.03 * s, 0.052 * s, 0.02, iris, iris, 1.0)
    if kind == 0:
        _pointed_ears(
            shape,
            head,
            -0.02 * s,
            0.065 * s,
            0.055 * s,
            0.075 * varying(form, s, 0.25),
            0.045 * s,
            8,
            ears,
            Paint(PINK),
        )
    else:
        _hanging_ears(shape, head, s, between(form, 0.06, 0.11), ears)
    _dog_tail(shape, form, build, bones, pose, fur, tip, fluffy)
    paw_points(shape, build, bones, 0.05)
    return shape


def _hanging_ears(shape: Shape, head: Frame, s: float, long: float, paint: Paint) -> None:
    for name, side in SIDES:
        turn = head.turned(roll=-side * 14, pitch=8)
        own = Frame(head(-0.015 * s, 0.055 * s, side * 0.085 * s), turn)
        shape.ellipsoid(own(0, -0.7 * long, side * 0.006), (0.052 * s, long, 0.021), paint, turn=turn, blend=0.015)
        shape.point(f"{name}_ear", own(0, -1.1 * long, side * 0.02))


def _dog_tail(
    shape: Shape,
    form: np.random.Generator,
    build: Build,
    bones: Skeleton,
    pose: str,
    fur: Paint,
    tip: Paint,
    fluffy: float,
) -> None:
    """A whip, a brush, a curl or a stub."""
    start, side, kind = (
        plus(bones.hip, -0.8 * build.waist, 0.4 * build.waist),
        between(form, -0.1, 0.1),
        int(form.integers(4)),
    )
    thick = 0.027 + 1.3 * fluffy
    if pose in ("sits", "lies"):
        start = (start[0], 0.06, 0.0)
        places = [start, plus(start, -0.12, -0.02, side), plus(start, -0.25, -0.015, 3 * side)]
    elif kind == 0:
        places = [
            start,
            plus(start, -0.08, 0.14, 0.3 * side),
            plus(start, 0.02, 0.21, side),
            plus(start, 0.09, 0.14, 1.3 * side),
        ]
    elif kind == 1:
        places = [start, plus(start, -0.12, 0.1, 0.4 * side), plus(start, -0.2, 0.25, side)]
    elif kind == 2:
        places = [start, plus(start, -0.1, -0.08, 0.4 * side), plus(start, -0.17, -0.26, side)]
    else:
        places = [start, plus(start, -0.07, 0.09, side)]
    tail(shape, places, (1.3 * thick, 1.2 * thick, thick, 0.8 * thick)[: len(places)], fur, tip, 0.7 * fluffy)


def horse(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    shape = Shape()
    girth = varying(form, 0.135, 0.08)
    build = Build(varying(form, 0.42, 0.08), varying(form, 0.56, 0.08), girth, 0.95 * girth, 0.055, 0.06, 0.024)
    bones = on_feet(form, build, between(form, 0.02, 0.16))
    head_down, saddled, s = form.random() < 0.25, form.random() < 0.2, varying(form, 1.0, 0.06)
    fur = coat(paint, texture, HORSES, (PATCHES, PATCHES, SPOTS, MOTTLED), frequency=7.0)
    hair = Paint(varied(paint, (BLACK, BROWN, WHITE, SAND)[int(paint.integers(4))]))
    socks = Paint(varied(paint, WHITE if paint.random() < 0.4 else BLACK)) if paint.random() < 0.5 else fur
    hoof, muzzle = Paint(varied(paint, DARK), gloss=0.2), Paint(varied(paint, (0.12, 0.09, 0.085)))
    blaze = Paint(varied(paint, WHITE)) if paint.random() < 0.4 else fur
    body(shape, build, bones, fur, socks)
    for legs in (bones.front, bones.hind):
        for *_joints, paw in legs:
            shape.cone(plus(paw, 0.01, 0.028 - build.lower), 0.03, 0.045, 0.032, hoof, rounding=0.008)
    shape.ellipsoid(plus(bones.hip, -0.02, 0.0), (1.1 * girth, 1.05 * girth, 0.95 * girth), fur, blend=0.05)
    rise = math.radians(between(form, -40, -15) if head_down else between(form, 40, 62))
    start, up, ahead = plus(bones.shoulder, 0.04, 0.0), math.sin(rise), math.cos(rise)
    long = 0.34 * s
    end = plus(start, long * ahead, long * up)
    shape.limb(start, end, 0.115, 0.066, fur, blend=0.08)
    crest = (-0.065 * up, 0.065 * ahead)
    shape.limb(
        plus(start, 1.5 * crest[0], 1.5 * crest[1]), plus(end, *crest), 0.045, 0.035, hair, rough=0.012, grain=24.0
    )
    shape.point("neck", plus(start, 0.5 * long * ahead + 1.6 * crest[0], 0.5 * long * up + 1.6 * crest[1]))
    _horse_head(shape, form, end, s, fur, blaze, muzzle, hair)
    thick, swish = varying(form, 0.04, 0.2), between(form, -0.08, 0.08)
    rump = plus(bones.hip, -1.05 * girth, 0.55 * girth)
    tail(shape, [rump, plus(rump, -0.08, -0.07, 0.3 * swish), plus(rump, -0.11, between(form, -0.38, -0.28), swish)],
         (0.7 * thick, 1.1 * thick, 0.5 * thick), hair, hair, 0.012)  # fmt: skip
    if saddled:
        middle = plus(bones.shoulder, -0.5 * build.length, 0.0)
        shape.ellipsoid(
            plus(middle, 0.0, 0.25 * girth), (0.12, 0.9 * girth, 1.04 * girth), Paint((0.09, 0.035, 0.015), gloss=0.4)
        )
    paw_points(shape, build, bones, 0.02)
    return shape


def _horse_head(
    shape: Shape, form: np.random.Generator, poll: Point, s: float, fur: Paint, blaze: Paint, muzzle: Paint, hair: Paint
) -> None:
    head = Frame(poll, turned(yaw=between(form, -40, 40), pitch=between(form, -50, -28)))
    shape.ellipsoid(head(0.05 * s, -0.01, 0), (0.1 * s, 0.085 * s, 0.07 * s), fur, turn=head.turn, blend=0.05)
    shape.limb(head(0.05 * s, 0, 0), head(0.25 * s, -0.01, 0), 0.068 * s, 0.045 * s, fur, blend=0.03)
    shape.limb(head(0.08 * s, 0.05 * s, 0), head(0.22 * s, 0.022 * s, 0), 0.025, 0.022, blaze, blend=0.015)
    shape.ellipsoid(head(0.27 * s, -0.012, 0), (0.052 * s, 0.047 * s, 0.05 * s), muzzle, turn=head.turn, blend=0.03)
    shape.point("nose", head(0.31 * s, 0.0, 0))
    shape.ellipsoid(head(0.03 * s, 0.075 * s, 0), (0.055, 0.03, 0.035), hair, turn=head.turn, rough=0.01, grain=24.0)
    dark = Paint(NIGHT, gloss=0.9)
    _eyes(shape, head, 0.085 * s, 0.03 * s, 0.062 * s, 0.017, dark, dark, 1.0)
    _pointed_ears(shape, head, -0.025 * s, 0.055 * s, 0.042 * s, 0.05, 0.028, 8, fur, muzzle)


ANIMALS: dict[str, Maker] = {"cat": cat, "dog": dog, "horse": horse, "bird": bird}
"""The makers of all classes, in their order."""
