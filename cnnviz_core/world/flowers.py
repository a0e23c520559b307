"""Flowers and cacti, often in the same pots. For their keypoints see `plants`."""

import math

import numpy as np

from cnnviz_core.world.coats import blended, coat, varied
from cnnviz_core.world.distance import Array
from cnnviz_core.world.extremes import Place, mark, moved
from cnnviz_core.world.shape import Colour, Paint, Shape, turned
from cnnviz_core.world.surfaces import CHECKS, MOTTLED, PLAIN, RIBS, SPOTS, STRIPES

Pair = tuple[Colour, Colour]

PETALS: tuple[Pair, ...] = (
    ((0.75, 0.73, 0.68), (0.7, 0.4, 0.5)), ((0.65, 0.04, 0.03), (0.75, 0.4, 0.05)),
    ((0.75, 0.5, 0.03), (0.7, 0.2, 0.02)), ((0.3, 0.08, 0.5), (0.65, 0.45, 0.75)),
    ((0.7, 0.2, 0.38), (0.78, 0.6, 0.66)), ((0.12, 0.2, 0.65), (0.5, 0.6, 0.8)),
)  # fmt: skip
GOLD: tuple[Pair, ...] = (((0.75, 0.46, 0.02), (0.65, 0.24, 0.01)), ((0.75, 0.55, 0.05), (0.55, 0.2, 0.02)))
SUCCULENT: tuple[Pair, ...] = (
    ((0.08, 0.24, 0.07), (0.5, 0.55, 0.32)), ((0.13, 0.27, 0.15), (0.04, 0.11, 0.06)),
    ((0.2, 0.32, 0.08), (0.07, 0.15, 0.04)), ((0.1, 0.25, 0.17), (0.5, 0.52, 0.36)),
)  # fmt: skip
POTS: tuple[Pair, ...] = (
    ((0.5, 0.19, 0.09), (0.62, 0.32, 0.18)), ((0.5, 0.19, 0.09), (0.68, 0.62, 0.55)),
    ((0.68, 0.66, 0.62), (0.1, 0.2, 0.5)), ((0.06, 0.16, 0.38), (0.6, 0.62, 0.6)),
    ((0.1, 0.3, 0.3), (0.6, 0.55, 0.4)), ((0.6, 0.42, 0.1), (0.45, 0.12, 0.06)),
)  # fmt: skip


def flower(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A daisy, tulip, sunflower or poppy, with one to three blossoms; half of them in a pot."""
    sort, count, potted = int(form.integers(4)), int(form.choice((1, 2, 3), p=(0.5, 0.25, 0.25))), form.random() < 0.5
    count = 1 if sort == 2 else count
    petals = coat(paint, texture, GOLD if sort == 2 else PETALS, (STRIPES, SPOTS, RIBS), frequency=12.0)
    green = Paint(varied(paint, (0.1, 0.26, 0.05)), (0.05, 0.14, 0.03), MOTTLED, 8.0)
    eye = (0.7, 0.48, 0.04) if sort == 0 and petals.colour[0] + petals.colour[2] > 0.85 else (0.09, 0.045, 0.02)
    heart = Paint(varied(paint, eye), blended(eye, (0.5, 0.3, 0.05), 0.5), SPOTS, 40.0)
    phase, yaws, lifts, sizes = form.uniform(0, 6.3), form.uniform(-30, 30, 3), form.uniform(20, 50, 3), form.random(3)
    bend, leaf = form.uniform(-0.06, 0.06, 2), form.uniform(0.1, 0.15)
    shape, soil = Shape(), 0.0
    pot = Shape()
    rim = add_pot(pot, form, paint, form.uniform(0.75, 1.0))
    if potted:
        shape, soil = pot, rim
    foot, rows, blossoms, middle = (0.0, soil - 0.02, 0.0), len(shape.rows), [], (0.0, 0.0, 0.0)
    for i in range(count):
        angle, out = phase + 6.28 * i / count, 0.0 if count == 1 else 0.2
        high = soil + (0.98 - soil) * (0.78 - 0.13 * i + 0.1 * sizes[i])
        head = (bend[0] + out * math.cos(angle), high, bend[1] + out * math.sin(angle))
        yaw = yaws[i] - (math.degrees(angle) if i else 0.0)
        axes = turned(yaw=yaw, pitch=lifts[i] + 35.0 if sort == 1 else lifts[i])
        sag = 0.4 if count < 3 else 0.0
        knee = (0.5 * head[0] - sag * bend[0], 0.5 * (soil + high), 0.5 * head[2] - sag * bend[1])
        middle = middle if i else knee
        if count < 3:
            shape.limb(foot, knee, 0.024, 0.022, green)
        shape.limb(knee if count < 3 else foot, moved(head, axes[0], -0.02), 0.022, 0.02, green, blend=0.02)
        blossoms.append((head, axes, 0.9 + 0.2 * sizes[i] if count == 1 else 0.68 + 0.15 * sizes[i]))
    for i in range(3 if sort == 1 else 2):
        angle, up = phase + 1.2 + 2.6 * i, 75.0 if sort == 1 else 25.0
        axes = turned(yaw=math.degrees(angle), pitch=up)
        height = soil + (0.0 if sort == 1 else (0.18 + 0.12 * i) * (0.9 - soil))
        half = 1.5 * leaf if sort == 1 else 1.2 * leaf if sort == 2 else leaf
        root = (0.3 * bend[0], height, 0.3 * bend[1])
        _petal(shape, root, axes[0], axes[1], half, (0.5, 0.28, 0.62, 0.4)[sort] * half, green)
    first, back = len(shape.rows), green if count < 3 else None
    for head, axes, size in blossoms:
        _blossom(shape, sort, head, axes, size * (0.9 if potted else 1.0), (11, 7, 5)[count - 1], petals, heart, back)
    mark(shape, (0, 0.03, 0), middle, range(rows), range(rows, rows + 1), range(first, len(shape.rows)))
    return shape


def cactus(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A ribbed column with arms, a ribbed ball or a prickly pear; half of them in a pot, some in blossom."""
    sort, potted, blooms = int(form.integers(3)), form.random() < 0.5, form.random() < 0.5
    skin = coat(paint, texture, SUCCULENT, (SPOTS, RIBS, MOTTLED), frequency=13.0)
    petals = coat(paint, 1, PETALS, (MOTTLED,))
    heart = Paint(varied(paint, (0.75, 0.55, 0.06)))
    pot = Shape()
    rim = add_pot(pot, form, paint, form.uniform(0.95, 1.2))
    shape, soil = (pot, rim) if potted else (Shape(), 0.0)
    phase, draws, rows = form.uniform(0, 6.3), form.random((9, 3)), len(shape.rows)
    tops: list[tuple[Place, float]] = []
    if sort == 0:
        tops = _column(shape, soil, phase, draws, int(form.choice(4, p=(0.15, 0.3, 0.35, 0.2))), skin)
    elif sort == 1:
        tops = _ball(shape, soil, phase, draws, potted, skin)
    else:
        tops = _pear(shape, soil, phase, draws, skin)
    last = len(shape.rows)
    if blooms:
        _blossom(shape, 3, tops[0][0], turned(pitch=90.0), tops[0][1], 5, petals, heart)
        for top, size in tops[1:]:
            shape.ellipsoid(top, (0.14 * size, 0.2 * size, 0.14 * size), petals)
    middle = (0.0, soil + (0.3, 0.75, 0.25)[sort] * (tops[0][0][1] - soil), 0.0)
    mark(shape, (0, 0.03, 0), middle, range(rows), range(rows, last), range(rows, last))
    return shape


def _column(shape: Shape, soil: float, phase: float, draws: Array, arms: int, skin: Paint) -> list[tuple[Place, float]]:
    radius, high = 0.1 + 0.04 * draws[0, 0], 0.85 + 0.25 * draws[0, 1]
    shape.limb((0, soil - 0.05, 0), (0, high - radius, 0), 0.9 * radius, 0.95 * radius, skin)
    for i in range(8):
        x, z = 0.92 * radius * math.cos(phase + 0.785 * i), 0.92 * radius * math.sin(phase + 0.785 * i)
        shape.limb((x, soil - 0.05, z), (x, high - radius, z), 0.028, 0.026, skin, blend=0.025)
    for i in range(arms):
        angle, out, thick = phase + 3.14 * i + draws[i + 1, 0], radius + 0.11 + 0.05 * draws[i + 1, 1], 0.062
        low = soil + (high - soil) * (0.28 + 0.25 * draws[i + 1, 2])
        elbow = (out * math.cos(angle), low + 0.02, out * math.sin(angle))
        tip = (1.05 * elbow[0], min(low + 0.2 + 0.2 * draws[i + 4, 0], high), 1.05 * elbow[2])
        shape.limb((0, low - 0.03, 0), elbow, thick, thick, skin, blend=0.03)
        shape.limb(elbow, tip, thick, 0.95 * thick, skin, blend=0.03)
    return [((0, high - 0.02, 0), 0.4)]


def _ball(
    shape: Shape, soil: float, phase: float, draws: Array, potted: bool, skin: Paint
) -> list[tuple[Place, float]]:
    radius = (0.22 if potted else 0.36) + 0.06 * draws[0, 0]
    half = radius * (0.85 + 0.35 * draws[0, 1])
    for i in range(6):
        turn = turned(yaw=math.degrees(phase) + 30.0 * i)
        shape.ellipsoid((0, soil + 0.82 * half, 0), (radius, half, 0.34 * radius), skin, turn=turn, blend=0.02)
    return [((0, soil + 1.8 * half, 0), 0.45)]


def _pear(shape: Shape, soil: float, phase: float, draws: Array, skin: Paint) -> list[tuple[Place, float]]:
    def pad(root: Place, lean: float, yaw: float, size: float) -> Place:
        axes = turned(roll=lean, yaw=yaw)
        at = moved(root, axes[1], 0.93 * size)
        shape.ellipsoid(at, (0.05, size, 0.68 * size), skin, turn=axes, rounding=0.0)
        return moved(root, axes[1], 1.85 * size)

    yaw, size = math.degrees(phase), 0.2 + 0.03 * draws[0, 0]
    crotch, tops = pad((0.0, soil - 0.03, 0.0), 20.0 * draws[0, 1] - 10.0, yaw, size), []
    for i in range(3):
        lean = 48.0 * (i - 1) + 20.0 * draws[i + 1, 0] - 10.0
        joint = moved(crotch, turned(yaw=yaw)[2], 0.09 * (i - 1))
        joint = (joint[0], joint[1] - (0.07 if i != 1 else 0.02), joint[2])
        tip = pad(joint, lean, yaw + 120.0 * draws[i + 1, 1] - 60.0, 0.15 + 0.04 * draws[i + 1, 2])
        tops.append((tip, 0.28))
        if draws[i + 4, 0] < 0.6:
            tip = pad(moved(tip, (0, 1, 0), -0.03), 0.6 * lean + 50.0 * draws[i + 4, 1] - 25.0, yaw + 70.0, 0.11)
            tops[-1] = (tip, 0.28)
    return [tops[1], tops[0], tops[2]]


def add_pot(shape: Shape, form: np.random.Generator, paint: np.random.Generator, size: float = 1.0) -> float:
    """A pot full of soil at the origin; returns the height of the soil."""
    high, low = size * form.uniform(0.22, 0.3), size * form.uniform(0.12, 0.15)
    wide = low * form.uniform(1.15, 1.5)
    first, second = POTS[int(paint.integers(len(POTS)))]
    kind = (PLAIN, PLAIN, RIBS, CHECKS, MOTTLED)[int(paint.integers(5))]
    clay = Paint(varied(paint, first), varied(paint, second), kind, 18.0, paint.uniform(0.05, 0.5))
    soil = Paint(varied(paint, (0.07, 0.045, 0.03)), (0.16, 0.1, 0.06), MOTTLED, 30.0)
    shape.cone((0, high / 2, 0), high / 2, low, wide, clay, rounding=0.015)
    shape.rod((0, high - 0.07, 0), (0, high, 0), wide, 1.08 * wide, clay, rounding=0.015)
    shape.ring((0, high, 0), 0.99 * wide, 0.022, clay)
    shape.ellipsoid((0, high, 0), (0.95 * wide, 0.02, 0.95 * wide), soil)
    return high


def _blossom(
    shape: Shape, sort: int, head: Place, axes: Array, size: float, count: int, petals: Paint, heart: Paint,
    green: Paint | None = None,
) -> None:  # fmt: skip
    """Petals around a heart that faces along the first axis, on green leaves: a daisy, tulip, sunflower or poppy."""
    cup, length, width = ((0.1, 0.15, 0.055), (1.25, 0.15, 0.1), (0.15, 0.13, 0.065), (0.5, 0.145, 0.125))[sort]
    start = (0.05, 0.05, 0.1, 0.01)[sort] * size
    count = min(count, (11, 5, 11, 5)[sort])
    for i in range(count):
        angle = 6.2832 * (i + 0.5) / count
        out = math.cos(angle) * axes[1] + math.sin(angle) * axes[2]
        lift = cup + (0.1 if i % 2 else -0.1)
        way, face = math.cos(lift) * out + math.sin(lift) * axes[0], math.cos(lift) * axes[0] - math.sin(lift) * out
        broad = size * width * (1.5 if sort == 0 and count < 8 else 1.0)
        _petal(shape, moved(head, out, start), way, face, size * length, broad, petals)
    if sort != 1:
        half = (0.075, 0.0, 0.15, 0.05)[sort] * size
        shape.ellipsoid(moved(head, axes[0], 0.02), (0.45 * half + 0.01, half, half), heart, turn=axes)
    if green is not None:
        half = (0.07, 0.055, 0.15, 0.05)[sort] * size
        shape.ellipsoid(moved(head, axes[0], -0.015), (0.04, half, half), green, turn=axes)


def _petal(shape: Shape, root: Place, way: Array, face: Array, half: float, width: float, paint: Paint) -> None:
    """A leaf that begins at `root` and runs along `way`, its flat side towards `face`."""
    side = [
        way[1] * face[2] - way[2] * face[1],
        way[2] * face[0] - way[0] * face[2],
        way[0] * face[1] - way[1] * face[0],
    ]
    shape.ellipsoid(moved(root, way, half), (half, 0.017, width), paint, turn=np.array([way, face, side]))
