"""Standing birds: songbirds, pigeons and ducks, with folded or spread wings."""

import math
from dataclasses import dataclass

import numpy as np

from cnnviz_core.world.coats import blended, coat, varied
from cnnviz_core.world.heads import NIGHT
from cnnviz_core.world.quadrupeds import SIDES, Frame, between, plus, varying
from cnnviz_core.world.shape import Colour, Paint, Point, Shape, turned
from cnnviz_core.world.surfaces import MOTTLED, SPOTS, STRIPES

SONGBIRD, PIGEON, DUCK = range(3)

Plumage = tuple[tuple[Colour, Colour], Colour, Colour, Colour]
"""Back and wings in two colours; breast; head; beak and feet."""

DARK, HORN, ORANGE = (0.03, 0.028, 0.027), (0.12, 0.09, 0.06), (0.75, 0.27, 0.02)
ROSE, WHITE = (0.5, 0.16, 0.13), (0.72, 0.7, 0.65)
BROWN, TAN, GREY, SLATE = (0.2, 0.11, 0.055), (0.5, 0.37, 0.22), (0.3, 0.31, 0.34), (0.12, 0.13, 0.16)
PLUMAGES: tuple[tuple[Plumage, ...], ...] = (
    (
        ((BROWN, TAN), (0.65, 0.17, 0.03), (0.55, 0.15, 0.03), HORN),
        (((0.07, 0.15, 0.36), WHITE), (0.68, 0.5, 0.06), (0.08, 0.17, 0.38), DARK),
        (((0.7, 0.5, 0.03), (0.3, 0.3, 0.05)), (0.75, 0.57, 0.06), (0.75, 0.55, 0.04), ROSE),
        (((0.03, 0.029, 0.03), GREY), DARK, DARK, ORANGE),
        ((BROWN, DARK), (0.55, 0.47, 0.36), (0.25, 0.18, 0.13), HORN),
        ((GREY, DARK), (0.55, 0.06, 0.04), DARK, DARK),
        (((0.2, 0.28, 0.06), (0.6, 0.55, 0.05)), (0.5, 0.5, 0.08), (0.22, 0.3, 0.08), HORN),
    ),
    (
        ((GREY, SLATE), (0.22, 0.15, 0.2), (0.08, 0.16, 0.15), ROSE),
        ((WHITE, GREY), WHITE, WHITE, ROSE),
        ((SLATE, WHITE), (0.13, 0.17, 0.15), SLATE, ROSE),
        (((0.32, 0.17, 0.1), WHITE), (0.3, 0.17, 0.12), (0.28, 0.15, 0.1), ROSE),
    ),
    (
        (((0.32, 0.29, 0.25), BROWN), (0.22, 0.09, 0.045), (0.01, 0.13, 0.06), ORANGE),
        ((WHITE, TAN), WHITE, WHITE, ORANGE),
        ((BROWN, TAN), (0.33, 0.21, 0.11), (0.25, 0.16, 0.09), ORANGE),
        ((DARK, GREY), WHITE, DARK, ORANGE),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Proportions: half length, half height and slope of the trunk; reach and rise of the neck; radius of the head;
    half length and radius of the beak; length of the legs and of the tail."""

    long: float
    thick: float
    slope: float
    ahead: float
    rise: float
    head: float
    beak: float
    bill: float
    leg: float
    tail: float


PLANS = (
    Plan(0.28, 0.175, 30, 0.2, 0.2, 0.122, 0.06, 0.036, 0.19, 0.36),
    Plan(0.32, 0.18, 22, 0.27, 0.3, 0.1, 0.055, 0.03, 0.16, 0.33),
    Plan(0.36, 0.18, 6, 0.3, 0.34, 0.11, 0.08, 0.04, 0.13, 0.2),
)


@dataclass(frozen=True)
class Feathers:
    """Paints of back, flight feathers, breast, head, and of beak and feet."""

    back: Paint
    flight: Paint
    breast: Paint
    crown: Paint
    horn: Paint


def _feathers(paint: np.random.Generator, texture: int, kind: int) -> Feathers:
    colours, breast, crown, horn = PLUMAGES[kind][int(paint.integers(len(PLUMAGES[kind])))]
    back = coat(paint, texture, (colours,), (MOTTLED, SPOTS, STRIPES), frequency=8.0)
    flight = Paint(blended(back.colour, varied(paint, DARK), between(paint, 0.25, 0.8)))
    return Feathers(back, flight, *(Paint(varied(paint, colour)) for colour in (breast, crown, horn)))


def bird(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    kind = int(form.integers(3))
    plan, spread = Plan(*[varying(form, value, 0.13) for value in vars(PLANS[kind]).values()]), form.random() < 0.22
    shape, feathers = Shape(), _feathers(paint, texture, kind)
    a, b = plan.long, plan.thick
    high = plan.leg + 0.9 * b + 0.25 * a * math.sin(math.radians(plan.slope))
    trunk = Frame((0.0, high, 0.0), turned(pitch=plan.slope))
    shape.ellipsoid(trunk.at, (a, b, 0.95 * b), feathers.back, turn=trunk.turn)
    middle = trunk(0.3 * a, -0.16 * b, 0)
    shape.ellipsoid(middle, (0.72 * a, 0.9 * b, 0.88 * b), feathers.breast, turn=trunk.turn, blend=0.04)
    fan = trunk.turned(pitch=between(form, -16, 16))
    end, size = Frame(trunk(-0.72 * a, 0.1 * b, 0), fan), (0.5 * plan.tail, 0.022, 0.36 * b)
    shape.box(end(-size[0], 0, 0), size, feathers.flight, turn=fan, rounding=0.02, blend=0.05)
    _head(shape, form, plan, kind, trunk, feathers)
    shape.point("breast", trunk(0.87 * a, -0.64 * b, 0))
    for name, side in SIDES:
        shape.point(f"{name}_wing", (_spread if spread else _folded)(shape, plan, trunk, side, feathers))
    shape.point("tail_tip", end(-0.97 * plan.tail, 0, 0))
    for name, side in SIDES:
        foot = (between(form, -0.04, 0.06), 0.02, 0.45 * b * side)
        _leg(shape, plan, kind, foot, feathers.horn)
        shape.point(f"{name}_foot", plus(foot, 0.05, 0.005))
    return shape


def _head(shape: Shape, form: np.random.Generator, plan: Plan, kind: int, trunk: Frame, feathers: Feathers) -> None:
    at, r, long = plus(trunk.at, plan.ahead, plan.rise), plan.head, plan.beak
    head = Frame(at, turned(yaw=between(form, -60, 60), pitch=between(form, -15, 10)))
    wide, throat = (0.42, feathers.crown) if kind == DUCK else (0.6, feathers.breast)
    shape.limb(trunk(0.62 * plan.long, 0.2 * plan.thick, 0), at, wide * plan.thick, 0.75 * r, throat, blend=0.08)
    shape.ellipsoid(at, (1.08 * r, r, 0.95 * r), feathers.crown, turn=head.turn, blend=0.03)
    if kind == DUCK:
        flat, tip = head.turned(pitch=-10), head(r + 1.4 * long, -0.4 * r, 0)
        size = (1.25 * long, 0.028, 0.054)
        shape.ellipsoid(head(r + 0.45 * long, -0.3 * r, 0), size, feathers.horn, turn=flat, blend=0.03)
    else:
        tip = head(r + 1.3 * long, -0.1 * r, 0)
        shape.rod(
            head(0.85 * r, 0, 0), head(r + 1.6 * long, -0.12 * r, 0), plan.bill, 0.012, feathers.horn, rounding=0.01
        )
    shape.point("beak", tip)
    for name, side in SIDES:
        eye = head(0.52 * r, 0.22 * r, 0.76 * r * side)
        shape.ellipsoid(eye, (0.021, 0.021, 0.021), NIGHT)
        shape.point(f"{name}_eye", head(0.55 * r, 0.24 * r, 0.85 * r * side))
    shape.point("crown", head(0.0, 0.92 * r, 0))
    shape.point("neck", plus(at, -0.93 * r, -0.1 * r))


def _folded(shape: Shape, plan: Plan, trunk: Frame, side: float, feathers: Feathers) -> Point:
    """A wing along the flank, the flight feathers below and behind."""
    a, b = plan.long, plan.thick
    turn = trunk.turned(yaw=-side * 6, roll=side * 12, pitch=4)
    own = Frame(trunk(-0.2 * a, 0.2 * b, side * 0.86 * b), turn)
    shape.ellipsoid(own(-0.3 * a, -0.12 * b, -0.012 * side), (0.95 * a, 0.46 * b, 0.032), feathers.flight, turn=turn)
    shape.ellipsoid(own(0.1 * a, 0.05 * b, 0), (0.72 * a, 0.6 * b, 0.036), feathers.back, turn=turn)
    return own(0, 0, side * 0.025)


def _spread(shape: Shape, plan: Plan, trunk: Frame, side: float, feathers: Feathers) -> Point:
    """A wing held out and up, with the long flight feathers behind."""
    a, b = plan.long, plan.thick
    turn = trunk.turned(roll=-side * 28, yaw=side * 6)
    root = Frame(trunk(0.15 * a, 0.55 * b, side * 0.6 * b), turn)
    hand = Frame(root(-0.07, 0, side * 0.29), root.turned(yaw=side * 24))
    shape.ellipsoid(root(0, 0, side * 0.15), (0.12, 0.03, 0.23), feathers.back, turn=turn, blend=0.05)
    shape.ellipsoid(root(-0.11, -0.008, side * 0.16), (0.15, 0.022, 0.22), feathers.flight, turn=turn, blend=0.02)
    shape.ellipsoid(hand(0, -0.004, side * 0.05), (0.12, 0.022, 0.22), feathers.flight, turn=hand.turn, blend=0.03)
    return root(0, 0.012, side * 0.26)


def _leg(shape: Shape, plan: Plan, kind: int, heel: Point, paint: Paint) -> None:
    x, y, z = heel
    shape.limb(plus(heel, -0.03, plan.leg + 0.35 * plan.thick), heel, 0.022, 0.018, paint)
    if kind == DUCK:
        shape.ellipsoid(plus(heel, 0.06, -0.002), (0.1, 0.02, 0.065), paint)
        return
    for out in (-0.055, 0.0, 0.055):
        shape.limb(heel, (x + 0.1 - 0.3 * abs(out), y - 0.004, z + out), 0.018, 0.015, paint)
    shape.limb(heel, plus(heel, -0.07, -0.004), 0.018, 0.015, paint)
