"""From a scene to pixels: one ray after another, shaded, and more of them where the picture has edges."""

import math

import numpy as np
from numpy.typing import NDArray

from cnnviz_core.world.compiled import compiled
from cnnviz_core.world.distance import (
    FIRST,
    LAST,
    MATERIAL,
    ROTATION,
    Array,
    distance,
    lit,
    open_sky,
    own_place,
    trace,
)  # fmt: skip
from cnnviz_core.world.noise import cloudy, smooth
from cnnviz_core.world.surfaces import (
    BACKDROP,
    COLOUR,
    FILL,
    FREQUENCY,
    GLOSS,
    GROUND,
    GROUND_SCALE,
    HAZE,
    HORIZON,
    PATTERN,
    PLASTER,
    SEED,
    SLANT,
    SUN,
    SUNLIGHT,
    WALL,
    WATER,
    ZENITH,
    far_away,
    ground,
    mixed,
    pattern,
    wall,
)  # fmt: skip

CAMERA_WIDTH = 13
"""Numbers of a camera: its place (3); the directions to the right, up and forward (9); tangent of half its angle."""

NOTHING, FLOOR, BEHIND = -1, -2, -3  # what a ray meets that is no object
CONTRAST = 0.05  # of displayed brightness, between neighbouring pixels, from which on a pixel gets more rays
MORE = 2  # rays per side of a pixel at an edge

Colour = tuple[float, float, float]


@compiled
def _normal(objects: Array, parts: Array, o: int, x: float, y: float, z: float) -> Colour:
    """The outward normal of object o at a point of its surface, in the world (tetrahedron differences)."""
    px, py, pz = own_place(objects, o, x, y, z)
    first, last, h = int(objects[o, FIRST]), int(objects[o, LAST]), 0.004
    a, _i = distance(parts, first, last, px + h, py - h, pz - h)
    b, _i = distance(parts, first, last, px - h, py - h, pz + h)
    c, _i = distance(parts, first, last, px - h, py + h, pz - h)
    d, _i = distance(parts, first, last, px + h, py + h, pz + h)
    u, v, w = a - b - c + d, -a - b + c + d, -a + b - c + d
    r = ROTATION
    x = objects[o, r] * u + objects[o, r + 3] * v + objects[o, r + 6] * w
    y = objects[o, r + 1] * u + objects[o, r + 4] * v + objects[o, r + 7] * w
    z = objects[o, r + 2] * u + objects[o, r + 5] * v + objects[o, r + 8] * w
    length = max(math.sqrt(x * x + y * y + z * z), 1e-12)
    return x / length, y / length, z / length


@compiled
def _light(
    objects: Array, parts: Array, stage: Array, base: Colour, place: Colour, normal: Colour, view: Colour, gloss: float
) -> Colour:
    """What a matt surface with some gloss sends to the eye: sun, sky, light from the ground, highlight."""
    (x, y, z), (u, v, w) = place, normal
    a, b, c = stage[SUN], stage[SUN + 1], stage[SUN + 2]
    facing = u * a + v * b + w * c
    sun = 0.0
    if facing > 0.0:
        sun = facing * lit(objects, parts, x + 0.01 * u, y + 0.01 * v, z + 0.01 * w, a, b, c, 9.0)
    sky = open_sky(objects, parts, x, y, z, u, v, w) * stage[FILL]
    up = 0.5 + 0.5 * v
    shine = 0.0
    if gloss > 0.0 and sun > 0.0:
        hx, hy, hz = a - view[0], b - view[1], c - view[2]
        half = max((hx * u + hy * v + hz * w) / max(math.sqrt(hx * hx + hy * hy + hz * hz), 1e-9), 0.0)
        half = half * half
        half = half * half
        half = half * half
        half = half * half
        shine = gloss * half * half * half
    rim = 1.0 + min(view[0] * u + view[1] * v + view[2] * w, 0.0)
    sheen = gloss * 0.35 * rim * rim * rim * sky
    return (
        base[0] * (sun * stage[SUNLIGHT] + sky * (up * stage[ZENITH] + 0.35 * stage[HORIZON]))
        + shine * stage[SUNLIGHT] + sheen * stage[HORIZON],
        base[1] * (sun * stage[SUNLIGHT + 1] + sky * (up * stage[ZENITH + 1] + 0.35 * stage[HORIZON + 1]))
        + shine * stage[SUNLIGHT + 1] + sheen * stage[HORIZON + 1],
        base[2] * (sun * stage[SUNLIGHT + 2] + sky * (up * stage[ZENITH + 2] + 0.35 * stage[HORIZON + 2]))
        + shine * stage[SUNLIGHT + 2] + sheen * stage[HORIZON + 2],
    )  # fmt: skip


@compiled
def _surface(objects: Array, parts: Array, materials: Array, stage: Array, o: int, part: int, place: Colour,
             view: Colour) -> Colour:  # fmt: skip
    """The colour of object o at a point of its surface."""
    px, py, pz = own_place(objects, o, place[0], place[1], place[2])
    m = int(parts[part, MATERIAL])
    t = pattern(int(materials[m, PATTERN]), px, py, pz, materials[m, FREQUENCY], m * 17 + int(stage[SEED]))
    base = mixed(t, materials[m], COLOUR)
    return _light(objects, parts, stage, base, place, _normal(objects, parts, o, place[0], place[1], place[2]), view,
                  materials[m, GLOSS])  # fmt: skip


@compiled
def _hazy(stage: Array, colour: Colour, t: float) -> Colour:
    veil = stage[HAZE] * t
    veil = veil / (1.0 + veil)
    return (
        colour[0] + veil * (stage[HORIZON] - colour[0]),
        colour[1] + veil * (stage[HORIZON + 1] - colour[1]),
        colour[2] + veil * (stage[HORIZON + 2] - colour[2]),
    )


@compiled
def _nearest(objects: Array, parts: Array, place: Colour, way: Colour, fine: float) -> tuple[float, int, int]:
    """The first object that a ray meets: distance, object and part; -1: none."""
    best, found, piece = 1e9, NOTHING, -1
    for o in range(len(objects)):
        t, part = trace(objects, parts, o, place[0], place[1], place[2], way[0], way[1], way[2], fine)
        if part >= 0 and t < best:
            best, found, piece = t, o, part
    return best, found, piece


@compiled
def _water(objects: Array, parts: Array, materials: Array, stage: Array, x: float, z: float, way: Colour, t: float,
           fine: float) -> Colour:  # fmt: skip
    """Water: what is mirrored in its waves, and its own colour where one looks down into it."""
    f, seed = stage[GROUND_SCALE], int(stage[SEED])
    calm = 1.0 - smooth(6.0 * f * fine * t)
    h, width = 0.03, f * fine * t * 2.0
    here = cloudy(x * f * 1.3, z * f * 2.6, seed, 4, width)
    dx = (cloudy(x * f * 1.3 + h, z * f * 2.6, seed, 4, width) - here) / h
    dz = (cloudy(x * f * 1.3, z * f * 2.6 + h, seed, 4, width) - here) / h
    u, w = -0.11 * dx * calm, -0.16 * dz * calm
    along = 2.0 * (way[0] * u + way[1] + way[2] * w) / (1.0 + u * u + w * w)
    rx, ry, rz = way[0] - along * u, abs(way[1] - along), way[2] - along * w
    mirrored = far_away(stage, rx, ry, rz, fine)
    s, o, part = _nearest(objects, parts, (x, 0.002, z), (rx, ry, rz), 4.0 * fine)
    if o >= 0:
        mirrored = _surface(objects, parts, materials, stage, o, part, (x + s * rx, s * ry, z + s * rz), (rx, ry, rz))
    steep = 1.0 - min(-way[1] * 1.6, 1.0)
    share = 0.12 + 0.75 * steep * steep
    own = ground(stage, x, z, fine * t)
    shade = 0.55 + 0.45 * lit(objects, parts, x, 0.01, z, stage[SUN], stage[SUN + 1], stage[SUN + 2], 7.0)
    glow = shade * (0.5 * stage[ZENITH + 1] + 0.5 * stage[SUNLIGHT + 1])
    glint = smooth(14.0 * (here - 0.66)) * calm * 0.5 * shade
    return (
        own[0] * glow * (1 - share) + mirrored[0] * share + glint * stage[SUNLIGHT],
        own[1] * glow * (1 - share) + mirrored[1] * share + glint * stage[SUNLIGHT + 1],
        own[2] * glow * (1 - share) + mirrored[2] * share + glint * stage[SUNLIGHT + 2],
    )


@compiled
def _seen(objects: Array, parts: Array, materials: Array, stage: Array, place: Colour, way: Colour, fine: float) -> tuple[
    Colour, int, int, float
]:  # fmt: skip
    """What a ray sees: colour (linear RGB), object, part of it, distance."""
    t, o, part = _nearest(objects, parts, place, way, fine)
    down = place[1] / -way[1] if way[1] < -1e-6 else 1e9
    back = 1e9
    if stage[BACKDROP] >= PLASTER:
        towards = way[2] - stage[SLANT] * way[0]
        if towards > 1e-6:
            back = (stage[WALL] - (place[2] - stage[SLANT] * place[0])) / towards
    if o >= 0 and t < min(down, back):
        point = (place[0] + t * way[0], place[1] + t * way[1], place[2] + t * way[2])
        return _hazy(stage, _surface(objects, parts, materials, stage, o, part, point, way), t), o, part, t
    if back < down:
        x, y, z = place[0] + back * way[0], place[1] + back * way[1], place[2] + back * way[2]
        length = math.sqrt(1.0 + stage[SLANT] * stage[SLANT])
        normal = (stage[SLANT] / length, 0.0, -1.0 / length)
        base = wall(stage, x * length, y, fine * back)
        lights = _light(objects, parts, stage, base, (x, y, z), normal, way, 0.0)
        return _hazy(stage, lights, back), BEHIND, -1, back
    if down < 60.0:
        x, z = place[0] + down * way[0], place[2] + down * way[2]
        if int(stage[GROUND]) == WATER:
            colour = _water(objects, parts, materials, stage, x, z, way, down, fine)
        else:
            base = ground(stage, x, z, fine * down / max(-way[1], 0.05) * 0.6)
            colour = _light(objects, parts, stage, base, (x, 0.0, z), (0.0, 1.0, 0.0), way, 0.0)
        return _hazy(stage, colour, down), FLOOR, -1, down
    return far_away(stage, way[0], way[1], way[2], fine), NOTHING, -1, 1e9


@compiled
def ray(camera: Array, column: float, row: float, size: int) -> Colour:
    """The direction of the ray through a place in the image, in pixels from its upper left corner."""
    half = camera[12]
    p, q = half * (2.0 * column / size - 1.0), half * (1.0 - 2.0 * row / size)
    x = camera[9] + p * camera[3] + q * camera[6]
    y = camera[10] + p * camera[4] + q * camera[7]
    z = camera[11] + p * camera[5] + q * camera[8]
    length = math.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


@compiled
def _brightness(colour: Array) -> float:
    """Roughly as displayed: the square root of the luminance."""
    return math.sqrt(0.25 * colour[0] + 0.6 * colour[1] + 0.15 * colour[2])


@compiled
def rendered(
    objects: Array, parts: Array, materials: Array, stage: Array, camera: Array, size: int
) -> tuple[Array, NDArray[np.int64], Array]:
    """Colours (size, size, 3), linear RGB; the object (size, size) seen at the middle of each pixel, or a negative
    number for none; and its distance there."""
    place = (camera[0], camera[1], camera[2])
    fine = 2.0 * camera[12] / size
    colours, seen, depth = np.zeros((size, size, 3)), np.zeros((size, size), np.int64), np.zeros((size, size))
    pieces = np.zeros((size, size), np.int64)
    for i in range(size):
        for j in range(size):
            colour, o, part, t = _seen(
                objects, parts, materials, stage, place, ray(camera, j + 0.5, i + 0.5, size), fine
            )
            colours[i, j, 0], colours[i, j, 1], colours[i, j, 2] = colour
            seen[i, j], pieces[i, j], depth[i, j] = o, part, t
    smoothed = colours.copy()
    for i in range(size):
        for j in range(size):
            here, edge = _brightness(colours[i, j]), False
            for a in range(max(i - 1, 0), min(i + 2, size)):
                for b in range(max(j - 1, 0), min(j + 2, size)):
                    other = seen[a, b] != seen[i, j] or pieces[a, b] != pieces[i, j]
                    edge = edge or other or abs(_brightness(colours[a, b]) - here) > CONTRAST
            if edge:
                for k in range(MORE * MORE):
                    p, q = (k % MORE + 0.5) / MORE, (k // MORE + 0.5) / MORE
                    colour, _o, _p, _t = _seen(
                        objects, parts, materials, stage, place, ray(camera, j + p, i + q, size), fine / MORE
                    )
                    for c in range(3):
                        smoothed[i, j, c] += colour[c]
                for c in range(3):
                    smoothed[i, j, c] /= 1 + MORE * MORE
    return smoothed, seen, depth


@compiled
def covered(objects: Array, parts: Array, camera: Array, size: int, o: int) -> NDArray[np.bool_]:
    """Where object o would be seen if nothing hid it, (size, size)."""
    found = np.zeros((size, size), np.bool_)
    fine = 2.0 * camera[12] / size
    for i in range(size):
        for j in range(size):
            u, v, w = ray(camera, j + 0.5, i + 0.5, size)
            _t, part = trace(objects, parts, o, camera[0], camera[1], camera[2], u, v, w, fine)
            found[i, j] = part >= 0
    return found
