"""Plants: trees and conifers (often alike in outline), and the collection of all.

Keypoints of all of them: base and stem_middle on the side that faces the front; top, left, right, front and back are
the outermost places of the crown, of the blossoms, or of the body of a cactus.
"""

import math
from collections.abc import Callable

import numpy as np

from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.extremes import Place, mark
from cnnviz_core.world.flowers import cactus, flower
from cnnviz_core.world.shape import Colour, Paint, Shape, turned
from cnnviz_core.world.surfaces import GRAIN, MOTTLED, SPOTS

Pair = tuple[Colour, Colour]

BARK: Pair = ((0.2, 0.12, 0.07), (0.09, 0.055, 0.035))
GREEN: tuple[Pair, ...] = (
    ((0.09, 0.22, 0.03), (0.24, 0.38, 0.06)), ((0.05, 0.15, 0.03), (0.15, 0.28, 0.05)),
    ((0.17, 0.29, 0.05), (0.36, 0.46, 0.09)), ((0.07, 0.18, 0.06), (0.2, 0.32, 0.12)),
)  # fmt: skip
YELLOW: tuple[Pair, ...] = (((0.58, 0.36, 0.03), (0.72, 0.56, 0.1)), ((0.4, 0.33, 0.04), (0.62, 0.5, 0.07)))
RED: tuple[Pair, ...] = (((0.45, 0.06, 0.02), (0.62, 0.25, 0.03)), ((0.55, 0.17, 0.02), (0.66, 0.36, 0.05)))
BLOSSOM: tuple[Pair, ...] = (((0.7, 0.38, 0.45), (0.78, 0.62, 0.66)), ((0.7, 0.66, 0.6), (0.6, 0.45, 0.42)))
NEEDLES: tuple[Pair, ...] = (
    ((0.025, 0.09, 0.03), (0.09, 0.2, 0.06)), ((0.05, 0.13, 0.11), (0.16, 0.28, 0.25)),
    ((0.05, 0.13, 0.03), (0.15, 0.27, 0.06)), ((0.09, 0.2, 0.04), (0.24, 0.36, 0.08)),
)  # fmt: skip


def tree(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A broadleaf tree: round, wide, with separate crowns, or slender like a poplar; of any season; some bear fruit."""
    habit, season = int(form.integers(4)), int(paint.choice(4, p=(0.55, 0.16, 0.15, 0.14)))
    leaves = coat(paint, texture, (GREEN, YELLOW, RED, BLOSSOM)[season], (MOTTLED, SPOTS), frequency=11.0)
    pale = paint.random() < 0.2
    bark = Paint((0.6, 0.57, 0.52), (0.06, 0.05, 0.05), SPOTS, 14.0) if pale else Paint(*BARK, GRAIN, 24.0)
    fruit = Paint(varied(paint, leaves.colour if season == 3 else (0.6, 0.06, 0.03)), gloss=0.4 * (season < 3))
    wide = (0.36, 0.46, 0.42, 0.17)[habit] * form.uniform(0.85, 1.1)
    high = (0.34, 0.25, 0.3, 0.46)[habit] * form.uniform(0.88, 1.1)
    thick, bare = form.uniform(0.045, 0.075), (0.36, 0.42, 0.36, 0.14)[habit] * form.uniform(0.8, 1.25)
    fork = (form.uniform(-0.05, 0.05), bare, form.uniform(-0.05, 0.05))
    phase, count = form.uniform(0, 6.3), int(form.integers(3, 6)) if habit == 2 else int(form.integers(6, 9))
    shape, middle = Shape(), (1.5 * fork[0], bare + 0.75 * high, 1.5 * fork[2])
    shape.rod((0, -0.01, 0), (0, 0.09, 0), 1.55 * thick, 0.9 * thick, bark)
    shape.limb((0, 0, 0), fork, thick, 0.75 * thick, bark, blend=0.06)
    balls: list[tuple[Place, Place]] = []
    if habit < 2:
        balls.append((middle, (0.74 * wide, 0.78 * high, 0.74 * wide)))
    for i in range(count):
        share, angle, size = (i + 0.5) / count, phase + 2.4 * i, form.uniform(0.85, 1.15)
        if habit == 3:
            out, up = 0.2 * wide, high * (1.75 * share - 0.75)
            radius = wide * size * (0.55 + 0.5 * math.sin(3.0 * share**0.75))
            half = (radius, 1.35 * radius, radius)
        elif habit == 2:
            out, up = wide * (0.3 + 0.35 * size), high * (1.6 * share - 0.45)
            half = (0.48 * wide * size, 0.38 * wide * size, 0.48 * wide * size)
        else:
            out, up = 0.62 * wide * math.sqrt(1.0 - (1.3 * share - 0.5) ** 2), high * (1.3 * share - 0.5)
            half = (0.42 * wide * size, 0.38 * (wide + high) / 2 * size, 0.42 * wide * size)
        at = (middle[0] + out * math.cos(angle), middle[1] + up, middle[2] + out * math.sin(angle))
        balls.append((at, half))
    for at, _half in balls[-4:] if habit == 2 else balls[1:4]:
        shape.limb(fork, at, 0.6 * thick, 0.02, bark, blend=0.03)
    first = len(shape.rows)
    for i, (at, half) in enumerate(balls):
        shape.ellipsoid(at, half, leaves, rough=0.03, grain=19.0, blend=0.04 if i and habit != 2 else 0.0)
    last = len(shape.rows)
    bears, spots = form.random() < 0.25, form.random((5, 2))
    for (at, half), (turn, up) in zip(balls[-5:], spots if bears else (), strict=False):
        a, y = phase + 2.4 * len(shape.rows) + turn, 0.5 * up - 0.2
        flat = math.sqrt(1.0 - y * y)
        place = (at[0] + half[0] * flat * math.cos(a), at[1] + half[1] * y, at[2] + half[2] * flat * math.sin(a))
        shape.ellipsoid(place, (0.035, 0.035, 0.035), fruit)
    mark(shape, (0, 0.03, 0), (fork[0] / 2, bare / 2, fork[2] / 2), range(2), range(2), range(first, last))
    return shape


def conifer(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A conifer: tiers of drooping boughs, one rough cone, or a pine with flat clouds of needles."""
    habit = int(form.choice(3, p=(0.5, 0.28, 0.22)))
    needles = coat(paint, texture, NEEDLES, (MOTTLED, SPOTS), frequency=13.0)
    bark = Paint(varied(paint, BARK[0]), BARK[1], GRAIN, 24.0)
    tall, wide = form.uniform(0.95, 1.2), form.uniform(0.24, 0.36) * (0.8 if habit == 1 else 1.0)
    bare = (0.16, 0.12, 0.4)[habit] * form.uniform(0.75, 1.3)
    count, thick = int(form.integers(4, 7)), form.uniform(0.035, 0.05)
    lean_x, lean_z, phase = form.uniform(-0.03, 0.03), form.uniform(-0.03, 0.03), form.uniform(0, 6.3)
    shape = Shape()
    shape.limb((0, 0, 0), (lean_x, 0.8 * tall, lean_z), 1.2 * thick, 0.3 * thick, bark)
    shape.rod((0, -0.01, 0), (0, 0.06, 0), 1.9 * thick, 1.1 * thick, bark, blend=0.04)
    first = len(shape.rows)
    for i in range(count):
        share, size, tilt, yaw = i / count, *form.uniform((0.92, -6, 0), (1.08, 6, 360))
        turn = turned(yaw=yaw, pitch=tilt)
        low, step = bare + (tall - bare) * share, (tall - bare) / count
        at = (lean_x * low / tall, low, lean_z * low / tall)
        radius = wide * (1.0 - share) ** 0.8 * size
        if habit == 0:
            half = 0.72 * step if i < count - 1 else 0.55 * step
            at = (at[0], low + half, at[2])
            shape.cone(at, half, radius, 0.16 * radius, needles, turn=turn, rounding=0.02, rough=0.032, grain=17.0)
        elif habit == 1:
            half = 0.68 * step if i < count - 1 else 0.52 * step
            top = wide * max(1.0 - share - 1.25 / count, 0.04) ** 0.8
            at = (at[0], low + half, at[2])
            shape.cone(at, half, radius, top, needles, rounding=0.02, rough=0.03, grain=19.0, blend=0.05)
        else:
            angle, out = phase + 2.4 * i, 0.55 * wide * (1.0 - share)
            at = (at[0] + out * math.cos(angle), low + 0.4 * step, at[2] + out * math.sin(angle))
            shape.ellipsoid(at, (0.95 * radius + 0.05, 0.5 * step + 0.03, 0.8 * radius + 0.05), needles, turn=turn,
                            rough=0.035, grain=13.0)  # fmt: skip
    mark(shape, (0, 0.03, 0), (0, bare / 2, 0), range(2), range(2), range(first, len(shape.rows)))
    return shape


PLANTS: dict[str, Callable[[np.random.Generator, np.random.Generator, int], Shape]] = {
    "tree": tree, "conifer": conifer, "flower": flower, "cactus": cactus,
}  # fmt: skip
