"""Boats: they float, with the water at y = 0 and the keel somewhat below it."""

import math

import numpy as np

from cnnviz_core.world.coats import varied
from cnnviz_core.world.finish import GLASS_PROUD, LACQUERS, glazing, lacquer, metallic
from cnnviz_core.world.shape import Paint, Point, Shape, turned
from cnnviz_core.world.surfaces import GRAIN

SOOT = Paint((0.012, 0.012, 0.014))


def _hull(shape: Shape, size: tuple[float, float, float], deck: float, paints: tuple[Paint, ...], hollow: bool) -> None:
    """A cut ellipsoid of half axes `size` about y = deck, in bands: rim, side and bottom; and what one stands on."""
    rim, side, bottom, floor = paints
    a, b, c = size
    shape.ellipsoid((0, deck, 0), size, rim, cut=0.0, shell=0.035)
    shape.ellipsoid((0, deck, 0), (a + 0.008, b + 0.008, c + 0.008), side, cut=-0.035, shell=0.035)
    shape.ellipsoid((0, deck, 0), (a + 0.014, b + 0.014, c + 0.014), bottom, cut=0.02 - deck, shell=0.035)
    shape.ellipsoid((0, deck, 0), (a - 0.02, b - 0.02, c - 0.02), floor, cut=0.025 - deck if hollow else -0.012)


def _benches(shape: Shape, a: float, c: float, deck: float, wood: Paint) -> Point:
    """The thwarts and the oars of a rowing boat; gives the place of its highest point."""
    for x in (-0.45 * a, 0.0, 0.45 * a):
        shape.box((x, deck - 0.03, 0), (0.05, 0.014, 0.93 * c * math.sqrt(1.0 - (x / a) ** 2)), wood, rounding=0.01)
    for side in (-1, 1):
        shape.limb((0.0, deck + 0.03, 0.7 * side * c), (-0.3, deck - 0.05, side * (c + 0.16)), 0.016, 0.016, wood)
        blade = (-0.34, deck - 0.06, side * (c + 0.19))
        shape.box(blade, (0.09, 0.012, 0.035), wood, turn=turned(yaw=25.0 * side))
    return 0.0, deck - 0.02, 0.0


def _rig(shape: Shape, a: float, deck: float, high: float, boom: float, paints: tuple[Paint, Paint, Paint]) -> Point:
    """Mast, boom, a main sail behind it and a fore sail; the boom is swung by `boom` degrees. Gives the mast's top."""
    wood, main, fore = paints
    x, top, foot = 0.1, deck + high, deck + 0.12
    shape.limb((x, deck - 0.05, 0), (x, top, 0), 0.024, 0.017, wood)
    aft = (-math.cos(math.radians(boom)), math.sin(math.radians(boom)))
    shape.limb((x, foot - 0.02, 0), (x + 0.48 * aft[0], foot + 0.08, 0.48 * aft[1]), 0.016, 0.014, wood)
    half, wide = 0.44 * high, 0.235
    slant = math.atan2(0.45 * wide, half)  # turned by this, the front edge of the sail runs along the mast
    away = 0.55 * wide * math.cos(slant) + 0.022
    middle = (x + away * aft[0], foot + wide * math.sin(slant) + half * math.cos(slant), away * aft[1])
    shape.box(middle, (wide, half, 0.015), main, turn=turned(yaw=boom, pitch=-math.degrees(slant)), taper_x=0.9)
    low, head = ((x + a) / 2, deck + 0.06), (x + 0.02, deck + 0.85 * high)
    tall, lean = math.dist(low, head), math.degrees(math.atan2(low[0] - head[0], head[1] - low[1]))
    middle = ((low[0] + head[0]) / 2, (low[1] + head[1]) / 2, 0.0)
    shape.box(middle, (0.42 * (a - x), 0.5 * tall, 0.015), fore, turn=turned(pitch=lean), taper_x=0.9)
    return x, top, 0.0


def _upper_works(shape: Shape, at: Point, size: float, funnels: int, paints: tuple[Paint, ...]) -> Point:
    """A cabin with windows, and above it a wheelhouse or funnels; gives the place of its highest point."""
    (x, deck, c), (white, glass, second, metal) = at, paints
    low = deck + 0.02
    shape.box((x, low + 0.08, 0), (size, 0.09, 0.62 * c), white, rounding=0.015, taper_x=0.08)
    for k in (-0.64, 0.0, 0.64):
        shape.box((x + k * size, low + 0.1, 0), (0.25 * size, 0.03, 0.62 * c + GLASS_PROUD), glass)
    shape.box((x, low + 0.1, 0), (size + 0.006, 0.03, 0.5 * c), glass)
    shape.box((x, low + 0.175, 0), (size + 0.02, 0.012, 0.68 * c), second, rounding=0.01)
    top = low + 0.18
    if funnels == 0:
        shape.box((x + 0.3 * size, top + 0.06, 0), (0.4 * size, 0.07, 0.45 * c), white, rounding=0.015, taper_x=0.2)
        shape.box((x + 0.3 * size, top + 0.07, 0), (0.37 * size, 0.026, 0.45 * c + GLASS_PROUD), glass)
        shape.limb((x - 0.5 * size, top, 0), (x - 0.5 * size, top + 0.3, 0), 0.016, 0.013, metal)
        return x - 0.5 * size, top + 0.3, 0.0
    for k in range(funnels):
        place = x + size * (0.0 if funnels == 1 else 0.45 - 0.9 * k)
        shape.rod((place, top - 0.02, 0), (place - 0.04, top + 0.24, 0), 0.06, 0.055, second, rounding=0.01)
        shape.rod((place - 0.042, top + 0.24, 0), (place - 0.048, top + 0.29, 0), 0.057, 0.057, SOOT)
    return x + size * (0.0 if funnels == 1 else 0.45) - 0.048, top + 0.28, 0.0


def boat(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A rowing boat, a sailing boat, a launch with a wheelhouse or a small steamer."""
    kind = int(form.integers(4))
    a, c, deck = form.uniform(0.5, 0.6), form.uniform(0.16, 0.2), form.uniform(0.11, 0.15)
    mast, boom = form.uniform(0.85, 1.05), form.uniform(-35, 35)
    cabin, place, funnels = form.uniform(0.15, 0.22), form.uniform(-0.12, 0.1), int(form.integers(1, 3))
    side, glass, metal = lacquer(paint, texture), glazing(paint), metallic(paint)
    wood = Paint(varied(paint, (0.42, 0.25, 0.12), 0.25), varied(paint, (0.28, 0.15, 0.06)), GRAIN, 14.0)
    white = Paint(varied(paint, (0.7, 0.69, 0.65)), gloss=0.3)
    bottom = Paint(varied(paint, ((0.35, 0.05, 0.03), (0.04, 0.07, 0.12))[int(paint.integers(2))]))
    second = Paint(varied(paint, LACQUERS[int(paint.integers(len(LACQUERS)))][0]), gloss=0.5)
    main, fore = ((white, white), (white, second), (second, white), (side, white))[int(paint.integers(4))]
    walls = side if paint.random() < 0.3 else white
    shape = Shape()
    _hull(shape, (a, deck + 0.11, c), deck, (white if kind else wood, side, bottom, wood), kind == 0)
    if kind == 0:
        top = _benches(shape, a, c, deck, wood)
    elif kind == 1:
        top = _rig(shape, a, deck, mast, boom, (wood, main, fore))
    else:
        top = _upper_works(shape, (place, deck, c), cabin, funnels if kind == 3 else 0, (walls, glass, second, metal))
    floor = 0.015 if kind == 0 else deck - 0.02
    for name, at in (("bow", (a - 0.01, deck - 0.015, 0)), ("stern", (0.01 - a, deck - 0.015, 0)),
                     ("port_side", (0, deck - 0.05, 0.005 - c)), ("starboard_side", (0, deck - 0.05, c - 0.005)),
                     ("deck_front", (0.68 * a, floor, 0)), ("deck_rear", (-0.75 * a, floor, 0)),
                     ("top", top)):  # fmt: skip
        shape.point(name, at)
    return shape
