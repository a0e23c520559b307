"""Vehicles: cars, trucks, buses; boats are in boats.

Windows, grilles and number plates are boxes that stand out of the body by a hair; one box that is longer or wider than
the body makes a pair of them, at the front and the rear or at both sides.
"""

import math

import numpy as np

from cnnviz_core.world.boats import boat
from cnnviz_core.world.coats import blended, varied
from cnnviz_core.world.finish import GLASS_PROUD, glazing, lacquer, metallic
from cnnviz_core.world.shape import Paint, Shape, turned
from cnnviz_core.world.surfaces import CHECKS, GRAIN

TYRE = Paint((0.025, 0.025, 0.027), gloss=0.05)
DARK = Paint((0.012, 0.012, 0.014))
LAMP = Paint((0.85, 0.84, 0.74), gloss=1.0)
TAIL = Paint((0.55, 0.012, 0.01), gloss=0.8)
PLATE = Paint((0.72, 0.7, 0.6))


def _axle(
    shape: Shape, name: str, x: float, half: float, radius: float, hub: Paint, steer: float = 0.0, arch: float = 1.22
) -> None:
    """A pair of wheels, their outer faces just outside of a body of half width `half`, in dark arches."""
    if arch > 0.0:
        y = 1.1 * radius
        shape.rod((x, y, -half - 0.004), (x, y, half + 0.004), arch * radius, arch * radius, DARK)
    width = 0.62 * radius
    along, across = math.sin(math.radians(steer)), math.cos(math.radians(steer))
    for side, word in ((-1, "left"), (1, "right")):
        middle = half + 0.014 - 0.5 * width

        def out(
            by: float, side: int = side, middle: float = middle, along: float = along, across: float = across
        ) -> tuple[float, float, float]:
            return x - by * along * side, radius, side * (middle + by * across)

        shape.rod(out(-0.5 * width), out(0.5 * width), radius, radius, TYRE, rounding=0.2 * radius)
        shape.rod(out(0.0), out(0.5 * width + 0.007), 0.66 * radius, 0.55 * radius, hub)
        if name:
            shape.point(f"{name}_{word}_wheel", out(0.5 * width))


def _cabin(
    shape: Shape, rear: float, front: float, low: float, high: float, half: float, slope: float, lean: float,
    body: Paint, glass: Paint, *, pillar: float = 0.035, sill: float = 0.1, blend: float = 0.0,
) -> None:  # fmt: skip
    """A cabin between two places at its foot, narrowing to its roof by the shares `slope` and `lean`, with windows."""
    x, a, b = (rear + front) / 2, (front - rear) / 2, (high - low) / 2
    shape.box((x, low + b, 0), (a, b, half), body, taper_x=slope, taper_z=lean, rounding=0.025, blend=blend)
    head = 0.84
    u, v = 1.0 - slope * sill, 1.0 - lean * sill
    narrow = {"taper_x": 1.0 - (1.0 - slope * head) / u, "taper_z": 1.0 - (1.0 - lean * head) / v}
    at, tall = (x, low + b * (sill + head), 0.0), b * (head - sill)
    shape.box(at, (a * u + GLASS_PROUD, tall, half * v - pillar), glass, **narrow)
    shape.box(at, (a * u - 1.2 * pillar, tall, half * v + GLASS_PROUD), glass, **narrow)
    shape.box(at, (0.013, tall, half * v + 1.6 * GLASS_PROUD), body, taper_z=narrow["taper_z"])


def _lamps(
    shape: Shape, front: float, rear: float, half: float, low: float, high: float, size: float, flat: float
) -> None:
    """Head and tail lamps, at heights `low` and `high`; `flat` is their height by their width."""
    for side, word in ((-1, "left"), (1, "right")):
        shape.ellipsoid((front, low, side * (half - size)), (0.022, size * flat, size), LAMP)
        shape.box((rear, high, side * (half - 0.7 * size)), (0.012, size, 0.6 * size), TAIL, rounding=0.006)
        shape.point(f"{word}_headlamp", (front + 0.012, low, side * (half - size)))


def car(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A saloon, hatchback, estate or pick-up."""
    kind = int(form.integers(4))
    length = form.uniform(1.02, 1.16) - (0.12 if kind == 1 else 0.0)
    half, belt, high = form.uniform(0.2, 0.235), form.uniform(0.23, 0.26), form.uniform(0.39, 0.44)
    bonnet, slope, radius = form.uniform(0.25, 0.31), form.uniform(-0.04, 0.04), form.uniform(0.088, 0.105)
    steer, flat, extra = form.uniform(-25, 25), form.uniform(0.45, 1.0), int(form.integers(4))
    body, glass, hub = lacquer(paint, texture), glazing(paint), metallic(paint)
    trim = (DARK, Paint(body.colour, gloss=0.6), hub)[int(paint.integers(3))]
    shape, end, nose = Shape(), -length / 2, length / 2
    back = (0.17, 0.015, 0.02, 0.44)[kind] * length + end
    front = nose - bonnet * length * (0.9 if kind == 1 else 1.0)
    shape.box((0, 0.5 * (belt + 0.07), 0), (nose, 0.5 * (belt - 0.07), half), body, rounding=0.05, taper_x=0.03,
              taper_z=0.07)  # fmt: skip
    if kind == 3:
        middle, a = (end + back) / 2 - 0.005, (back - end) / 2
        shape.box((middle, 0.225, 0), (a, 0.1, half - 0.005), body, shell=0.035, cut=0.055, rounding=0.012)
    _cabin(shape, back, front, belt - 0.03, high, half - 0.012, (0.42, 0.3, 0.2, 0.3)[kind] + slope, 0.22, body, glass,
           blend=0.04, sill=0.2)  # fmt: skip
    shape.box((0, 0.105, 0), (nose + 0.012, 0.032, half - 0.004), trim, rounding=0.02)
    _axle(shape, "front", nose - 0.2 * length, half, radius, hub, steer)
    _axle(shape, "rear", end + 0.2 * length, half, radius, hub)
    _lamps(shape, nose - 0.012, end + 0.003, half - 0.012, 0.185, 0.19, 0.038, flat)
    shape.box((nose - 0.01, 0.175, 0), (0.012, 0.025, 0.45 * half), hub if extra == 1 else DARK, rounding=0.008)
    shape.box((0, 0.125, 0), (nose + 0.018, 0.018, 0.06), PLATE)
    mirror = front - 0.1
    shape.limb((mirror, belt + 0.03, -half - 0.02), (mirror, belt + 0.03, half + 0.02), 0.024, 0.024, body)
    roof = high - 0.006
    if extra == 2 and kind != 3:
        shape.box(((back + front) / 2, high + 0.015, 0), (0.035, 0.022, 0.08), PLATE, taper_x=0.4, rounding=0.01)
    shape.point("roof_front", (front - 0.25 * (front - back), roof, 0))
    shape.point("roof_rear", (back + 0.25 * (front - back), roof, 0))
    return shape


def truck(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A lorry with a box, a flatbed with crates, a tipper or a tank behind its cab."""
    kind, bonneted = int(form.integers(4)), form.random() < 0.3
    length, half, radius = form.uniform(1.08, 1.22), form.uniform(0.17, 0.2), form.uniform(0.085, 0.1)
    deep, tall, load = form.uniform(0.24, 0.3), form.uniform(0.44, 0.52), form.uniform(0.44, 0.6)
    third, steer, slope = form.random() < 0.4, form.uniform(-25, 25), form.uniform(0.05, 0.2)
    crates, lift = form.uniform(0.08, 0.17, 3), form.uniform(0, 1) ** 3 * 28
    main, glass, hub = lacquer(paint, texture), glazing(paint), metallic(paint)
    pale = Paint(varied(paint, ((0.65, 0.65, 0.62), (0.3, 0.32, 0.34), (0.5, 0.4, 0.28))[int(paint.integers(3))]))
    cab = main if kind == 1 or paint.random() < 0.6 else Paint(varied(paint, pale.colour), gloss=0.5)
    wood = Paint(varied(paint, (0.33, 0.19, 0.09)), varied(paint, (0.2, 0.1, 0.04)), GRAIN, 14.0)
    shape, end, nose = Shape(), -length / 2, length / 2
    front = nose - (0.14 if bonneted else 0.0)
    back = front - deep
    shape.box((0, 0.125, 0), (nose - 0.02, 0.03, 0.75 * half), DARK)
    shape.box(((back + nose) / 2, 0.2, 0), ((nose - back) / 2, 0.1, half), cab, rounding=0.03)
    _cabin(shape, back, front, 0.22, tall, half, slope, 0.08, cab, glass, sill=0.32 if bonneted else 0.2)
    if kind == 0:
        a, b = (back - 0.03 - end) / 2, (load - 0.16) / 2
        shape.box((end + a, 0.16 + b, 0), (a, b, half + 0.01), main, rounding=0.012)
        shape.box((end + a, 0.17, 0), (a + 0.006, 0.02, half + 0.016), DARK)
        shape.box((end, 0.16 + b, 0), (0.008, 0.88 * b, 0.008), DARK)
    elif kind == 1:
        a = (back - 0.03 - end) / 2
        shape.box((end + a, 0.17, 0), (a, 0.022, half + 0.012), wood)
        shape.box((back - 0.04, 0.27, 0), (0.015, 0.12, half), hub)
        for i, size in enumerate(crates.tolist()):
            x = end + 0.12 + (2 * a - 0.24) * i / 2.4
            shape.box((x, 0.192 + 0.6 * size, 0.1 * (i - 1) * half), (0.1, 0.6 * size, 0.8 * half), main, rounding=0.01)
    elif kind == 2:
        a, b, turn = (back - 0.03 - end) / 2, 0.12, turned(pitch=lift)
        x, y = a * math.cos(math.radians(lift)), a * math.sin(math.radians(lift))
        shape.box((end + x, 0.29 + y, 0), (a, b, half + 0.01), main, turn=turn, shell=0.03, cut=0.075, rounding=0.01)
        shape.limb((end + 0.06, 0.15, 0), (end + 1.5 * x, 0.2 + 1.5 * y, 0), 0.03, 0.02, hub)
    else:
        a, y = (back - 0.03 - end) / 2, 0.19 + 0.92 * half
        shape.rod((end, y, 0), (end + 2 * a, y, 0), 0.95 * half, 0.95 * half, main, rounding=0.05)
        for x in (end + 0.35 * a, end + 1.65 * a):
            shape.rod((x - 0.015, y, 0), (x + 0.015, y, 0), half, half, hub)
        shape.cone((end + a, y + 0.95 * half, 0), 0.03, 0.05, 0.05, hub)
        shape.box((end + a, 0.2, 0), (0.9 * a, 0.05, 0.6 * half), DARK)
    _axle(shape, "front", nose - 0.16, half, radius, hub, steer)
    _axle(shape, "rear", end + (0.3 if third else 0.2), half, radius, hub, arch=0.0)
    if third:
        _axle(shape, "", end + 0.3 - 2.25 * radius, half, radius, hub, arch=0.0)
    shape.box((nose - 0.006, 0.12, 0), (0.02, 0.03, half + 0.004), hub if bonneted else DARK, rounding=0.012)
    _lamps(shape, nose - 0.004, end - 0.002, half, 0.18, 0.125, 0.032, 0.8)
    shape.box((nose - 0.008, 0.21, 0), (0.014, 0.04, 0.5 * half), DARK, rounding=0.008)
    shape.box((0, 0.115, 0), (max(nose + 0.018, -end), 0.018, 0.055), PLATE)
    last = (end + 0.03, (load, 0.19, 0.0, 0.19 + 1.87 * half)[kind] - 0.01, 0.0)
    if kind == 2:
        c, s = math.cos(math.radians(lift)), math.sin(math.radians(lift))
        last = (end + 0.03 * c - 0.065 * s, 0.29 + 0.03 * s + 0.065 * c, half)
    shape.point("roof_front", (front - 0.3 * deep, tall - 0.006, 0))
    shape.point("roof_rear", last)
    return shape


def bus(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A single or double decker, with the door on its right; some have a bonnet."""
    double, bonneted = form.random() < 0.3, form.random() < 0.2
    length, half, radius = form.uniform(1.14, 1.28), form.uniform(0.155, 0.185), form.uniform(0.08, 0.092)
    high = form.uniform(0.58, 0.64) if double else form.uniform(0.4, 0.47)
    count, steer, unit = int(form.integers(4, 7)), form.uniform(-20, 20), form.random()
    length -= 0.2 if double else 0.0
    main, glass, hub = lacquer(paint, texture), glazing(paint), metallic(paint)
    second = Paint(varied(paint, main.other if texture else blended(main.colour, (0.6, 0.6, 0.6), 0.7)), gloss=0.6)
    sign = Paint((0.02, 0.02, 0.02), varied(paint, (0.8, 0.45, 0.03)), CHECKS, 60.0)
    shape, end, nose = Shape(), -length / 2, length / 2
    bonneted = bonneted and not double
    front = nose - (0.15 if bonneted else 0.0)
    x, a = (end + front) / 2, (front - end) / 2
    shape.box((x, 0.5 * (high + 0.075), 0), (a, 0.5 * (high - 0.075), half), main, rounding=0.035, taper_z=0.06)
    if bonneted:
        shape.box((nose - 0.13, 0.17, 0), (0.13, 0.095, half - 0.015), main, rounding=0.03, taper_z=0.15)
    shape.box((x, 0.1, 0), (a + 0.008, 0.028, half + 0.006), second if paint.random() < 0.5 else DARK, rounding=0.01)
    low, top = (0.2 if double else 0.235), high - 0.055
    tall, y, wide = (top - low) / 2, (low + top) / 2, half * (1.0 - 0.06 * (low - 0.075) / (high - 0.075))
    narrow = 0.06 * (top - low) / (high - 0.075)
    step = (2 * a - 0.1) / count
    for i in range(count):
        at = (end + 0.05 + (i + 0.5) * step, y, 0)
        shape.box(at, (0.5 * step - 0.014, tall, wide + 0.007), glass, taper_z=narrow)
    shape.box((x, y - 0.015, 0), (a + 0.007, tall, wide - 0.025), glass, taper_z=narrow)
    shape.box((front - 0.1, 0.08 + 0.13, half), (0.05, 0.125, 0.012), glass, turn=turned(roll=0))
    if double:
        shape.box((x, y + 0.01, 0), (a + 0.012, 0.045, half + 0.004), main, rounding=0.01)
    shape.box((front - 0.01, high - 0.045 if not double else y + 0.01, 0), (0.026, 0.026, 0.6 * half), sign)
    if unit < 0.5:
        shape.box((x + (unit - 0.25) * a, high, 0), (0.16, 0.025, 0.6 * half), second, rounding=0.012)
    _axle(shape, "front", nose - (0.13 if bonneted else 0.2), half, radius, hub, steer)
    _axle(shape, "rear", end + 0.25, half, radius, hub)
    _lamps(shape, nose - 0.004, end + 0.001, half - 0.01, 0.155, 0.16, 0.032, 0.8)
    shape.box((0, 0.115, 0), (nose + 0.012, 0.018, 0.055), PLATE)
    shape.box((nose - 0.006, 0.16, 0), (0.014, 0.022, 0.45 * half), DARK, rounding=0.008)
    shape.point("roof_front", (front - 0.06, high - 0.012, 0))
    shape.point("roof_rear", (end + 0.06, high - 0.012, 0))
    return shape


VEHICLES = {"car": car, "truck": truck, "bus": bus, "boat": boat}
