"""Vehicles: cars, trucks, buses and boats. The front is at +x; wheels and keels stand at the same places of a class.

Windows, grilles and number plates are boxes that stand out of the body by a hair; one box that is longer or wider than
the body makes a pair of them, at the front and the rear or at both sides.
"""

import math

import numpy as np

from cnnviz_core.world.coats import blended, coat, varied
from cnnviz_core.world.shape import Colour, Paint, Shape, turned
from cnnviz_core.world.surfaces import CHECKS, GRAIN, MOTTLED, PATCHES, RIBS, SPOTS

LACQUERS: tuple[tuple[Colour, Colour], ...] = (
    ((0.55, 0.03, 0.03), (0.75, 0.72, 0.66)),
    ((0.04, 0.1, 0.42), (0.7, 0.72, 0.75)),
    ((0.7, 0.7, 0.68), (0.08, 0.16, 0.4)),
    ((0.33, 0.35, 0.37), (0.6, 0.25, 0.05)),
    ((0.06, 0.065, 0.07), (0.55, 0.5, 0.4)),
    ((0.04, 0.22, 0.1), (0.7, 0.65, 0.4)),
    ((0.75, 0.48, 0.03), (0.08, 0.08, 0.08)),
    ((0.68, 0.2, 0.03), (0.7, 0.68, 0.6)),
    ((0.08, 0.36, 0.42), (0.72, 0.68, 0.55)),
    ((0.55, 0.46, 0.32), (0.3, 0.12, 0.06)),
)
"""Colours of the main surface of every vehicle."""

TYRE = Paint((0.025, 0.025, 0.027), gloss=0.05)
DARK = Paint((0.012, 0.012, 0.014))
LAMP = Paint((0.85, 0.84, 0.74), gloss=1.0)
TAIL = Paint((0.55, 0.012, 0.01), gloss=0.8)
PLATE = Paint((0.72, 0.7, 0.6))
PROUD = 0.008
"""How far windows stand out of the body."""


def _glass(paint: np.random.Generator) -> Paint:
    """Dark, with the suggestion of something mirrored."""
    light = varied(paint, (0.13, 0.19, 0.24), 0.3)
    return Paint(varied(paint, (0.022, 0.03, 0.038), 0.3), light, MOTTLED, 2.2, 0.9)


def _metal(paint: np.random.Generator) -> Paint:
    return Paint(varied(paint, ((0.55, 0.56, 0.58), (0.3, 0.31, 0.33))[int(paint.integers(2))]), gloss=0.8)


def _lacquer(paint: np.random.Generator, texture: int) -> Paint:
    return coat(paint, texture, LACQUERS, (RIBS, CHECKS, PATCHES, SPOTS), frequency=9.0, gloss=0.7)


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
    shape.box(at, (a * u + PROUD, tall, half * v - pillar), glass, **narrow)
    shape.box(at, (a * u - 1.2 * pillar, tall, half * v + PROUD), glass, **narrow)
    shape.box(at, (0.013, tall, half * v + 1.6 * PROUD), body, taper_z=narrow["taper_z"])


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
    body, glass, hub = _lacquer(paint, texture), _glass(paint), _metal(paint)
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
    main, glass, hub = _lacquer(paint, texture), _glass(paint), _metal(paint)
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
    top = {0: load, 1: 0.19, 2: 0.41, 3: 0.19 + 1.87 * half}[kind]
    shape.point("roof_front", (front - 0.3 * deep, tall - 0.006, 0))
    shape.point("roof_rear", (end + 0.03, top - 0.01, 0 if kind != 2 else half))
    return shape


def bus(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A single or double decker, with the door on its right; some have a bonnet."""
    double, bonneted = form.random() < 0.3, form.random() < 0.2
    length, half, radius = form.uniform(1.14, 1.28), form.uniform(0.155, 0.185), form.uniform(0.08, 0.092)
    high = form.uniform(0.58, 0.64) if double else form.uniform(0.4, 0.47)
    count, steer, unit = int(form.integers(4, 7)), form.uniform(-20, 20), form.random()
    length -= 0.2 if double else 0.0
    main, glass, hub = _lacquer(paint, texture), _glass(paint), _metal(paint)
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


def _hull(shape: Shape, size: tuple[float, float, float], deck: float, paints: tuple[Paint, ...], open_: bool) -> None:
    """A cut ellipsoid of half axes `size` about y = deck, in bands: rim, side and bottom; and what one stands on."""
    rim, side, bottom, floor = paints
    a, b, c = size
    shape.ellipsoid((0, deck, 0), size, rim, cut=0.0, shell=0.035)
    shape.ellipsoid((0, deck, 0), (a + 0.008, b + 0.008, c + 0.008), side, cut=-0.035, shell=0.035)
    shape.ellipsoid((0, deck, 0), (a + 0.014, b + 0.014, c + 0.014), bottom, cut=0.02 - deck, shell=0.035)
    shape.ellipsoid((0, deck, 0), (a - 0.02, b - 0.02, c - 0.02), floor, cut=0.025 - deck if open_ else -0.012)


def _benches(shape: Shape, a: float, c: float, deck: float, wood: Paint) -> tuple[float, float, float]:
    """The thwarts and the oars of a rowing boat; gives the place of its highest point."""
    for x in (-0.45 * a, 0.0, 0.45 * a):
        shape.box((x, deck - 0.03, 0), (0.05, 0.014, 0.93 * c * math.sqrt(1.0 - (x / a) ** 2)), wood, rounding=0.01)
    for side in (-1, 1):
        shape.limb((0.0, deck + 0.03, 0.7 * side * c), (-0.3, deck - 0.05, side * (c + 0.16)), 0.016, 0.016, wood)
        shape.ellipsoid(
            (-0.34, deck - 0.06, side * (c + 0.19)), (0.09, 0.012, 0.035), wood, turn=turned(yaw=25.0 * side)
        )
    return 0.0, deck + 0.03, 0.0


def _rig(shape: Shape, deck: float, high: float, boom: float, wood: Paint, cloth: Paint) -> tuple[float, float, float]:
    """Mast, boom and two sails; the boom is swung by `boom` degrees. Gives the top of the mast."""
    foot, top = (0.1, deck - 0.05, 0.0), (0.08, deck + high, 0.0)
    shape.limb(foot, top, 0.024, 0.016, wood)
    angle = math.radians(boom)
    x, z = -0.46 * math.cos(angle), 0.46 * math.sin(angle)
    shape.limb((0.1, deck + 0.1, 0), (0.1 + x, deck + 0.12, z), 0.016, 0.014, wood)
    half = 0.46 * high
    for share, length, place in ((0.5, 0.23, 0.5), (-0.45, 0.14, -0.55)):
        middle = (0.1 + place * x, deck + 0.12 + half * (1.0 if share > 0 else 0.85), place * z)
        shape.box(
            middle, (length, half * (1.0 if share > 0 else 0.8), 0.016), cloth, turn=turned(yaw=boom), taper_x=0.86
        )
    return top


def _upper_works(
    shape: Shape, at: tuple[float, float, float], size: float, funnels: int, paints: tuple[Paint, ...]
) -> tuple[float, float, float]:
    """A cabin with windows, and above it a wheelhouse or funnels; gives the place of its highest point."""
    (x, deck, c), (white, glass, second, metal) = at, paints
    low = deck + 0.02
    shape.box((x, low + 0.08, 0), (size, 0.09, 0.62 * c), white, rounding=0.015, taper_x=0.08)
    shape.box((x, low + 0.1, 0), (0.94 * size, 0.03, 0.62 * c + 0.008), glass)
    shape.box((x, low + 0.1, 0), (size + 0.006, 0.03, 0.5 * c), glass)
    shape.box((x, low + 0.175, 0), (size + 0.02, 0.012, 0.68 * c), second, rounding=0.01)
    top = low + 0.18
    if funnels == 0:
        shape.box((x + 0.3 * size, top + 0.06, 0), (0.4 * size, 0.07, 0.45 * c), white, rounding=0.015, taper_x=0.2)
        shape.box((x + 0.3 * size, top + 0.07, 0), (0.37 * size, 0.026, 0.45 * c + 0.007), glass)
        shape.limb((x - 0.5 * size, top, 0), (x - 0.5 * size, top + 0.3, 0), 0.016, 0.013, metal)
        return x - 0.5 * size, top + 0.3, 0.0
    for k in range(funnels):
        place = x + size * (0.0 if funnels == 1 else 0.45 - 0.9 * k)
        shape.rod((place, top - 0.02, 0), (place - 0.04, top + 0.24, 0), 0.06, 0.055, second, rounding=0.01)
        shape.rod((place - 0.042, top + 0.24, 0), (place - 0.048, top + 0.29, 0), 0.057, 0.057, DARK)
    first = x + size * (0.0 if funnels == 1 else 0.45)
    return first - 0.048, top + 0.29, 0.0


def boat(form: np.random.Generator, paint: np.random.Generator, texture: int) -> Shape:
    """A rowing boat, a sailing boat, a launch with a cabin or a small steamer. It floats: its keel is below y = 0."""
    kind = int(form.integers(4))
    a, c, deck = form.uniform(0.5, 0.6), form.uniform(0.16, 0.2), form.uniform(0.11, 0.15)
    mast, boom = form.uniform(0.85, 1.05), form.uniform(-35, 35)
    cabin, place, funnels = form.uniform(0.15, 0.22), form.uniform(-0.12, 0.1), int(form.integers(1, 3))
    side, glass, metal = _lacquer(paint, texture), _glass(paint), _metal(paint)
    wood = Paint(varied(paint, (0.42, 0.25, 0.12), 0.25), varied(paint, (0.28, 0.15, 0.06)), GRAIN, 14.0)
    white = Paint(varied(paint, (0.7, 0.69, 0.65)), gloss=0.3)
    bottom = Paint(varied(paint, ((0.35, 0.05, 0.03), (0.04, 0.07, 0.12))[int(paint.integers(2))]))
    second = Paint(varied(paint, LACQUERS[int(paint.integers(len(LACQUERS)))][0]), gloss=0.5)
    shape = Shape()
    _hull(shape, (a, deck + 0.11, c), deck, (white if kind else wood, side, bottom, wood), kind == 0)
    if kind == 0:
        top = _benches(shape, a, c, deck, wood)
    elif kind == 1:
        top = _rig(shape, deck, mast, boom, wood, second if paint.random() < 0.4 else white)
    else:
        top = _upper_works(shape, (place, deck, c), cabin, funnels if kind == 3 else 0, (white, glass, second, metal))
    shape.point("bow", (a - 0.01, deck - 0.015, 0))
    shape.point("stern", (0.01 - a, deck - 0.015, 0))
    shape.point("port_side", (0, deck - 0.03, -c))
    shape.point("starboard_side", (0, deck - 0.03, c))
    shape.point("deck_front", (0.68 * a, deck - 0.02, 0))
    shape.point("deck_rear", (-0.75 * a, deck - 0.02, 0))
    shape.point("top", top)
    return shape


VEHICLES = {"car": car, "truck": truck, "bus": bus, "boat": boat}
