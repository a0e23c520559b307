"""Things that are in scenes without being asked for: around an object, or before it."""

import math
from collections.abc import Callable

import numpy as np

from cnnviz_core.world.coats import coat, varied
from cnnviz_core.world.shape import Colour, Paint, Shape, turned
from cnnviz_core.world.surfaces import CHECKS, GRAIN, MOTTLED, PLAIN, RIBS, SPOTS, STRIPES

Rng = np.random.Generator
Pair = tuple[Colour, Colour]

ROCK: tuple[Pair, ...] = (
    ((0.3, 0.29, 0.27), (0.14, 0.14, 0.13)),
    ((0.42, 0.36, 0.28), (0.24, 0.19, 0.14)),
    ((0.2, 0.21, 0.23), (0.36, 0.36, 0.35)),
)
WOOD: tuple[Pair, ...] = (((0.36, 0.22, 0.1), (0.2, 0.11, 0.05)), ((0.25, 0.19, 0.14), (0.12, 0.09, 0.06)))
LEAVES: tuple[Pair, ...] = (((0.06, 0.16, 0.03), (0.2, 0.32, 0.07)), ((0.09, 0.14, 0.05), (0.3, 0.3, 0.1)))
BRIGHT: tuple[Pair, ...] = (
    ((0.6, 0.06, 0.04), (0.7, 0.65, 0.6)),
    ((0.05, 0.16, 0.5), (0.7, 0.6, 0.1)),
    ((0.7, 0.45, 0.03), (0.1, 0.1, 0.1)),
    ((0.1, 0.4, 0.18), (0.7, 0.7, 0.65)),
    ((0.45, 0.12, 0.4), (0.75, 0.55, 0.6)),
)
CLAY: tuple[Pair, ...] = (((0.45, 0.18, 0.09), (0.6, 0.34, 0.2)), ((0.6, 0.58, 0.54), (0.2, 0.28, 0.4)))
GLASS: tuple[Pair, ...] = (((0.03, 0.14, 0.06), (0.06, 0.2, 0.1)), ((0.16, 0.07, 0.02), (0.3, 0.16, 0.06)))


def stone(form: Rng, paint: Rng, texture: int) -> Shape:
    """One to three boulders in a heap."""
    made, look = Shape(), coat(paint, texture, ROCK, (MOTTLED, SPOTS), frequency=7.0)
    for k in range(int(form.integers(1, 4))):
        size = form.uniform(0.22, 0.42) * 0.8**k
        at = (form.uniform(-0.3, 0.3) * k, 0.6 * size, form.uniform(-0.3, 0.3) * k)
        half = (size * form.uniform(0.9, 1.3), 0.8 * size, size)
        made.ellipsoid(at, half, look, turn=turned(yaw=form.uniform(0, 360)), rough=0.05, grain=5.0, blend=0.05)
    return made


def crate(form: Rng, paint: Rng, texture: int) -> Shape:
    """A box of boards with a frame."""
    made, look = Shape(), coat(paint, max(texture, 1), WOOD, (GRAIN, RIBS), frequency=9.0)
    edge = Paint(varied(paint, (0.2, 0.12, 0.06)), (0.1, 0.06, 0.03), GRAIN, 12.0)
    a, b, c = form.uniform(0.25, 0.42), form.uniform(0.2, 0.4), form.uniform(0.25, 0.42)
    made.box((0, b, 0), (a, b, c), look, rounding=0.01)
    for x in (-a, a):
        for z in (-c, c):
            made.box((x, b, z), (0.035, b + 0.01, 0.035), edge)
    for y in (0.03, 2 * b - 0.03):
        made.box((0, y, 0), (a + 0.03, 0.035, c + 0.03), edge)
    return made


def ball(form: Rng, paint: Rng, texture: int) -> Shape:
    """A ball to play with."""
    made, radius = Shape(), form.uniform(0.25, 0.4)
    look = coat(paint, texture, BRIGHT, (STRIPES, CHECKS, SPOTS), frequency=5.0, gloss=0.4)
    made.ellipsoid((0, radius, 0), (radius,) * 3, look)
    return made


def barrel(form: Rng, paint: Rng, texture: int) -> Shape:
    """A barrel of wood or tin, standing or lying."""
    made, tin = Shape(), paint.random() < 0.5
    look = coat(paint, texture, BRIGHT if tin else WOOD, (RIBS, STRIPES), frequency=6.0, gloss=0.3 * tin)
    hoop = Paint(varied(paint, (0.12, 0.12, 0.12)), gloss=0.3)
    radius, half, lying = form.uniform(0.25, 0.33), form.uniform(0.36, 0.48), form.random() < 0.3
    middle = (0.0, radius if lying else half, 0.0)
    way = (half, 0.0, 0.0) if lying else (0.0, half, 0.0)
    ends = [tuple(m + s * w for m, w in zip(middle, way, strict=True)) for s in (-1, 1)]
    made.rod(ends[0], ends[1], radius, radius, look, rounding=0.03)
    for s in (-0.6, 0.6):
        ring = tuple(m + s * w for m, w in zip(middle, way, strict=True))
        made.ring(ring, radius, 0.025, hoop, turn=turned(pitch=90.0 if lying else 0.0))
    return made


def post(form: Rng, paint: Rng, texture: int) -> Shape:
    """A thin pole, sometimes with a board."""
    made, high, thick = Shape(), form.uniform(0.9, 1.3), form.uniform(0.035, 0.06)
    look = coat(paint, texture, (*WOOD, *ROCK, *BRIGHT), (RIBS, GRAIN), frequency=8.0)
    made.cone((0, high / 2, 0), high / 2, thick, thick, look)
    made.ellipsoid((0, high, 0), (1.3 * thick,) * 3, look)
    board, wide, tall = form.random(), form.uniform(0.14, 0.24), form.uniform(0.1, 0.2)
    if board < 0.4:
        sign = Paint(varied(paint, BRIGHT[int(paint.integers(len(BRIGHT)))][0]), gloss=0.2)
        made.box((0, high - 0.2, 0), (wide, tall, 0.02), sign, rounding=0.01)
    return made


def cone(form: Rng, paint: Rng, texture: int) -> Shape:
    """A traffic cone."""
    made, high = Shape(), form.uniform(0.55, 0.8)
    look = Paint(varied(paint, (0.75, 0.2, 0.03)), (0.75, 0.73, 0.7), RIBS, 2.0 / high + texture, 0.15)
    made.box((0, 0.025, 0), (0.28, 0.025, 0.28), Paint(varied(paint, (0.1, 0.1, 0.1))), rounding=0.02)
    made.cone((0, 0.05 + high / 2, 0), high / 2, 0.21, 0.04, look, rounding=0.02)
    return made


def log(form: Rng, paint: Rng, texture: int) -> Shape:
    """A piece of a trunk on the ground, with a stump of a branch."""
    made, half, thick = Shape(), form.uniform(0.35, 0.55), form.uniform(0.12, 0.18)
    bark = coat(paint, max(texture, 1), WOOD, (SPOTS, MOTTLED), frequency=9.0)
    made.rod((-half, thick, 0), (half, thick, 0), thick, 0.9 * thick, bark, rough=0.02, grain=9.0)
    cut = Paint(varied(paint, (0.5, 0.36, 0.2)), (0.36, 0.23, 0.11), GRAIN, 30.0)
    for x in (-half, half):
        made.rod((x - 0.01, thick, 0), (x + 0.012, thick, 0), 0.8 * thick, 0.8 * thick, cut)
    side = form.uniform(-0.5, 0.5) * half
    made.limb((side, thick, 0), (side + 0.1, 2.2 * thick, 0.12), 0.06, 0.045, bark, blend=0.05)
    return made


def bush(form: Rng, paint: Rng, texture: int) -> Shape:
    """A low shrub."""
    made, look = Shape(), coat(paint, max(texture, 1), LEAVES, (MOTTLED, SPOTS), frequency=12.0)
    for k in range(int(form.integers(3, 6))):
        angle, out, size = 2.4 * k, 0.2 * (k > 0), form.uniform(0.22, 0.36)
        at = (out * math.cos(angle), 0.85 * size, out * math.sin(angle))
        made.ellipsoid(at, (size, 0.9 * size, size), look, rough=0.07, grain=11.0, blend=0.06)
    return made


def fence(form: Rng, paint: Rng, texture: int) -> Shape:
    """A section of a fence: pickets and two rails."""
    made, count, high = Shape(), int(form.integers(3, 6)), form.uniform(0.55, 0.85)
    look = coat(paint, min(texture, 2), (*WOOD, ((0.65, 0.64, 0.6), (0.5, 0.5, 0.48))), (GRAIN,), frequency=12.0)
    for k in range(count):
        x = 0.22 * (k - (count - 1) / 2)
        made.box((x, high / 2, 0), (0.055, high / 2, 0.02), look, rounding=0.01)
        made.ellipsoid((x, high, 0), (0.055, 0.06, 0.02), look)
    for y in (0.3 * high, 0.75 * high):
        made.box((0, y, 0.03), (0.11 * count, 0.035, 0.02), look, rounding=0.01)
    return made


def pot(form: Rng, paint: Rng, texture: int) -> Shape:
    """An empty flower pot."""
    made, high, wide = Shape(), form.uniform(0.2, 0.3), form.uniform(0.2, 0.3)
    look = coat(paint, texture, CLAY, (RIBS, STRIPES, SPOTS), frequency=8.0, gloss=0.1)
    made.cone((0, high, 0), high, 0.7 * wide, wide, look, shell=0.04, cut=high - 0.06, rounding=0.01)
    made.ring((0, 2 * high - 0.07, 0), wide - 0.01, 0.03, look)
    return made


def books(form: Rng, paint: Rng, texture: int) -> Shape:
    """A stack of books."""
    made, y = Shape(), 0.0
    pages = Paint(varied(paint, (0.65, 0.6, 0.5)), (0.5, 0.45, 0.36), RIBS, 60.0)
    for k in range(int(form.integers(2, 5))):
        a, b, c = form.uniform(0.26, 0.34), form.uniform(0.035, 0.07), form.uniform(0.18, 0.24)
        turn = turned(yaw=form.uniform(-25, 25))
        cover = coat(paint, texture, BRIGHT, (STRIPES, PLAIN), frequency=6.0)
        made.box((0, y + b, 0), (0.94 * a, 0.75 * b, 0.94 * c), pages, turn=turn)
        for edge in (0.012, 2 * b - 0.012):
            made.box((0, y + edge, 0), (a, 0.014, c), cover, turn=turn)
        y += 2 * b + 0.004 * k
    return made


def bottle(form: Rng, paint: Rng, texture: int) -> Shape:
    """A bottle with a label and a cork."""
    made, thick, high = Shape(), form.uniform(0.13, 0.19), form.uniform(0.24, 0.34)
    glass = coat(paint, min(texture, 1), GLASS, (MOTTLED,), gloss=0.9)
    made.cone((0, high, 0), high, thick, thick, glass, rounding=0.03)
    made.ellipsoid((0, 2 * high, 0), (thick, 0.8 * thick, thick), glass, blend=0.03)
    made.limb((0, 2 * high, 0), (0, 2 * high + 0.32, 0), 0.06, 0.05, glass, blend=0.08)
    made.cone((0, 2 * high + 0.37, 0), 0.04, 0.045, 0.045, Paint(varied(paint, (0.45, 0.3, 0.16))))
    label = coat(paint, texture, BRIGHT, (STRIPES, CHECKS), frequency=8.0)
    made.cone((0, 0.9 * high, 0), 0.4 * high, thick + 0.006, thick + 0.006, label)
    return made


def mushroom(form: Rng, paint: Rng, texture: int) -> Shape:
    """A toadstool."""
    made, high, wide = Shape(), form.uniform(0.3, 0.5), form.uniform(0.22, 0.34)
    stem = Paint(varied(paint, (0.6, 0.55, 0.45)))
    cap = coat(paint, texture, (((0.55, 0.06, 0.03), (0.75, 0.7, 0.6)), ((0.35, 0.2, 0.1), (0.5, 0.36, 0.2))), (SPOTS,))
    made.limb((0, 0.05, 0), (0, high, 0), 0.1, 0.07, stem)
    made.ellipsoid((0, high, 0), (wide, 0.6 * wide, wide), cap)
    made.cone((0, high - 0.04, 0), 0.05, 0.5 * wide, 0.95 * wide, stem)
    return made


def buoy(form: Rng, paint: Rng, texture: int) -> Shape:
    """A buoy with a lamp."""
    made, look = Shape(), coat(paint, texture, BRIGHT, (RIBS,), frequency=3.0, gloss=0.3)
    high = form.uniform(0.5, 0.8)
    made.cone((0, 0.06, 0), 0.12, 0.26, 0.3, look, rounding=0.04)
    made.cone((0, 0.15 + high / 2, 0), high / 2, 0.2, 0.07, look, rounding=0.02)
    made.ellipsoid((0, 0.2 + high, 0), (0.08,) * 3, Paint((0.75, 0.6, 0.2), gloss=0.6))
    return made


CLUTTER: dict[str, Callable[[Rng, Rng, int], Shape]] = {
    "stone": stone, "crate": crate, "ball": ball, "barrel": barrel, "post": post, "cone": cone, "log": log,
    "bush": bush, "fence": fence, "pot": pot, "books": books, "bottle": bottle, "mushroom": mushroom, "buoy": buoy,
}  # fmt: skip
OUTDOORS = (
    "stone",
    "crate",
    "ball",
    "barrel",
    "post",
    "cone",
    "log",
    "bush",
    "fence",
    "pot",
    "mushroom",
    "stone",
    "bush",
)
INDOORS = ("crate", "ball", "pot", "books", "bottle", "books", "bottle", "pot")
WATERSIDE = ("buoy", "post", "stone", "barrel", "log")
OCCLUDERS = ("post", "fence", "bush", "crate", "barrel", "bottle", "stone", "cone", "post", "fence")
