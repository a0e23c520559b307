"""Standing birds: songbirds, pigeons and ducks, with folded or spread wings."""

import math
from dataclasses import dataclass

import numpy as np

from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.quadrupeds import SIDES, Frame, between, plus, varying
from cnnviz_core.world.shape import Colour, Paint, Point, Shape, turned
from cnnviz_core.world.surfaces import MOTTLED, SPOTS, STRIPES

SONGBIRD, PIGEON, DUCK = range(3)

Plumage = tuple[tuple[Colour, Colour], Colour, Colour, Colour]
"""Back and wings in two colours; breast; head; beak and feet."""

DARK, HORN, ORANGE, ROSE, WHITE = (
    (0.03, 0.028, 0.027),
    (0.12, 0.09, 0.06),
    (0.75, 0.27, 0.02),
    (0.5, 0.16, 0.13),
    (0.72, 0.7, 0.65),
)
BROWN, TAN, GREY, SLATE = (0.2, 0.11, 0.055), (0.5, 0.37, 0.22), (0.3, 0.31, 0.34), (0.12, 0.13, 0.16)
PLUMAGES: tuple[tuple[Plumage, ...], ...] = (
    (
        ((BROWN, TAN), (0.65, 0.17, 0.03), (0.55, 0.15, 0.03), HORN),
        (((0.08, 0.2, 0.5), WHITE), (0.72, 0.55, 0.06), (0.1, 0.25, 0.55), DARK),
        (((0.7, 0.5, 0.03), (0.3, 0.3, 0.05)), (0.78, 0.6, 0.06), (0.78, 0.58, 0.04), ROSE),
        (((0.03, 0.029, 0.03), GREY), DARK, DARK, ORANGE),
        ((BROWN, DARK), (0.55, 0.47, 0.36), (0.25, 0.18, 0.13), HORN),
        ((GREY, DARK), (0.6, 0.06, 0.04), DARK, DARK),
        (((0.2, 0.28, 0.06), (0.6, 0.55, 0.05)), (0.5, 0.5, 0.08), (0.22, 0.3, 0.08), HORN),
    ),
    (
        ((GREY, SLATE), (0.22, 0.15, 0.2), (0.08, 0.16, 0.15), ROSE),
        ((WHITE, GREY), WHITE, WHITE, ROSE),
        ((SLATE, WHITE), (0.13, 0.17, 0.15), SLATE, ROSE),
        (((0.32, 0.17, 0.1), WHITE), (0.3, 0.17, 0.12), (0.28, 0.15, 0.1), ROSE),
    ),
    (
        (((0.32, 0.29, 0.25), BROWN), (0.22, 0.09, 0.045), (0.01, 0.16, 0.07), ORANGE),
        ((WHITE, TAN), WHITE, WHITE, ORANGE),
        ((BROWN, TAN), (0.33, 0.21, 0.11), (0.25, 0.16, 0.09), ORANGE),
        ((DARK, GREY), WHITE, DARK, ORANGE),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Proportions of a kind of bird: half length, height and slope of the trunk; reach and rise of the neck; radius of
    the head; half length and radius of the beak; length of the legs and of the tail."""

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
    Plan(0.27, 0.2, 32, 0.2, 0.2, 0.15, 0.07, 0.042, 0.2, 0.32),
    Plan(0.32, 0.19, 22, 0.27, 0.3, 0.1, 0.06, 0.03, 0.17, 0.33),
    Plan(0.36, 0.19, 6, 0.3, 0.36, 0.11, 0.1, 0.04, 0.13, 0.2),
)


def bird(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    kind = int(form.integers(3))
    values = [varying(form, value, 0.12) for value in vars(PLANS[kind]).values()]
    plan, spread, shape = Plan(*values), form.random() < 0.22, Shape()
    colours = PLUMAGES[kind][int(paint.integers(len(PLUMAGES[kind])))]
    back = coat(paint, texture, (colours[0],), (MOTTLED, SPOTS, STRIPES), frequency=8.0)
    breast, crown, horn = (Paint(varied(paint, colour)) for colour in colours[1:])
    trunk = Frame(
        (0.0, plan.leg + 0.9 * plan.thick + 0.25 * plan.long * math.sin(math.radians(plan.slope)), 0.0),
        turned(pitch=plan.slope),
    )
    a, b = plan.long, plan.thick
    shape.ellipsoid(trunk.at, (a, b, 0.95 * b), back, turn=trunk.turn)
    shape.ellipsoid(trunk(0.3 * a, -0.16 * b, 0), (0.72 * a, 0.9 * b, 0.88 * b), breast, turn=trunk.turn, blend=0.04)
    shape.point("breast", trunk(1.0 * a, -0.16 * b, 0))
    _head(shape, form, plan, kind, trunk, crown, breast if kind != DUCK else crown, horn)
    for name, side in SIDES:
        wing = _spread if spread else _folded
        shape.point(f"{name}_wing", wing(shape, plan, trunk, side, back))
    fan = trunk.turned(pitch=between(form, -16, 16))
    end = Frame(trunk(-0.75 * a, 0.1 * b, 0), fan)
    shape.box(
        end(-0.5 * plan.tail, 0, 0), (0.5 * plan.tail, 0.022, 0.34 * b), back, turn=fan, rounding=0.02, blend=0.05
    )
    shape.point("tail_tip", end(-0.97 * plan.tail, 0, 0))
    for name, side in SIDES:
        _leg(shape, plan, kind, (between(form, -0.03, 0.06), 0.0, 0.45 * b * side), horn)
        shape.point(f"{name}_foot", (0.06, 0.02, 0.45 * b * side))
    return shape


def _head(
    shape: Shape,
    form: np.random.Generator,
    plan: Plan,
    kind: int,
    trunk: Frame,
    crown: Paint,
    throat: Paint,
    horn: Paint,
) -> None:
    base = trunk(0.62 * plan.long, 0.2 * plan.thick, 0)
    at, r = plus(trunk.at, plan.ahead, plan.rise), plan.head
    shape.limb(base, at, 0.6 * plan.thick if kind != DUCK else 0.42 * plan.thick, 0.75 * r, throat, blend=0.08)
    head = Frame(at, turned(yaw=between(form, -60, 60), pitch=between(form, -15, 10)))
    shape.ellipsoid(at, (1.08 * r, r, 0.95 * r), crown, turn=head.turn, blend=0.03)
    if kind == DUCK:
        shape.ellipsoid(
            head(r + 0.7 * plan.beak, -0.3 * r, 0),
            (1.1 * plan.beak, 0.024, 0.055),
            horn,
            turn=head.turned(pitch=-8),
            blend=0.02,
        )
    else:
        shape.rod(
            head(0.85 * r, 0.0, 0), head(r + 1.6 * plan.beak, -0.12 * r, 0), plan.bill, 0.012, horn, rounding=0.01
        )
    shape.point("beak", head(r + (1.6 if kind == DUCK else 1.4) * plan.beak, -0.3 * r if kind == DUCK else -0.1 * r, 0))
    for name, side in SIDES:
        eye = head(0.5 * r, 0.22 * r, 0.76 * r * side)
        shape.ellipsoid(eye, (0.024, 0.024, 0.024), Paint((0.012, 0.011, 0.011), gloss=0.9))
        shape.point(f"{name}_eye", eye)
    shape.point("crown", head(0.0, 0.95 * r, 0))
    shape.point("neck", plus(at, -0.75 * r, -0.7 * r))


def _folded(shape: Shape, plan: Plan, trunk: Frame, side: float, paint: Paint) -> Point:
    """A wing along the flank, its tip beyond the rump."""
    a, b = plan.long, plan.thick
    turn = trunk.turned(yaw=side * 7, roll=side * 12, pitch=4)
    at = trunk(-0.25 * a, 0.22 * b, side * 0.86 * b)
    shape.ellipsoid(at, (0.92 * a, 0.62 * b, 0.035), paint, turn=turn)
    return Frame(at, turn)(0, 0, side * 0.025)


def _spread(shape: Shape, plan: Plan, trunk: Frame, side: float, paint: Paint) -> Point:
    """A wing held up and out."""
    turn = trunk.turned(roll=-side * 38, yaw=side * 10)
    root = Frame(trunk(0.1 * plan.long, 0.5 * plan.thick, side * 0.6 * plan.thick), turn)
    shape.ellipsoid(root(0, 0, side * 0.2), (0.17, 0.026, 0.26), paint, turn=turn, blend=0.05)
    shape.ellipsoid(root(-0.08, 0, side * 0.4), (0.13, 0.02, 0.24), paint, turn=turn, blend=0.03)
    return root(-0.05, 0.01, side * 0.4)


def _leg(shape: Shape, plan: Plan, kind: int, at: Point, paint: Paint) -> None:
    heel, top = plus(at, 0.0, 0.02), plus(at, -0.03, plan.leg + 0.35 * plan.thick)
    shape.limb(top, heel, 0.022, 0.018, paint)
    if kind == DUCK:
        shape.ellipsoid(plus(at, 0.06, 0.018), (0.1, 0.02, 0.065), paint)
        return
    for out in (-0.055, 0.0, 0.055):
        shape.limb(heel, (at[0] + 0.1 - 0.3 * abs(out), 0.016, at[2] + out), 0.018, 0.015, paint)
    shape.limb(heel, plus(at, -0.07, 0.016), 0.018, 0.015, paint)
