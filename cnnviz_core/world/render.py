"""From a scene to pixels: one ray after another, shaded, and more of them where the picture has edges."""

import math

import numpy as np
from numpy.typing import NDArray

from cnnviz_core.world.compiled import compiled
from cnnviz_core.world.distance import MATERIAL, Array, Solids, lit, normal, open_sky, own_place, trace
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
CONTRAST = 0.12  # of displayed brightness, between neighbouring pixels of an object, from which on there are more rays
PLAIN_CONTRAST = 0.15  # the same where there is no object, whose fine texture has faded out already
MORE = ((0.15, 0.3), (0.85, 0.7))  # further rays through a pixel at an edge, besides that of its middle

Colour = tuple[float, float, float]
Whole = NDArray[np.int64]
Shade = tuple[float, float]  # how much of the sun and of the sky reaches a point; UNKNOWN: to be found out
UNKNOWN = (-1.0, -1.0)


@compiled
def _light(
    solids: Solids, stage: Array, base: Colour, place: Colour, facing: Colour, view: Colour, gloss: float, shade: Shade
) -> tuple[Colour, Shade]:
    """What a matt surface with some gloss sends to the eye, from sun, sky and ground; and the shade there."""
    (x, y, z), (u, v, w) = place, facing
    a, b, c = stage[SUN], stage[SUN + 1], stage[SUN + 2]
    towards = u * a + v * b + w * c
    reached, free = shade
    if reached < 0.0:
        reached = lit(solids, x + 0.01 * u, y + 0.01 * v, z + 0.01 * w, a, b, c, 9.0) if towards > 0.0 else 0.0
        free = open_sky(solids, x, y, z, u, v, w)
    sun, sky = max(towards, 0.0) * reached, free * stage[FILL]
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
    colour = (
        base[0] * (sun * stage[SUNLIGHT] + sky * (up * stage[ZENITH] + 0.35 * stage[HORIZON]))
        + shine * stage[SUNLIGHT] + sheen * stage[HORIZON],
        base[1] * (sun * stage[SUNLIGHT + 1] + sky * (up * stage[ZENITH + 1] + 0.35 * stage[HORIZON + 1]))
        + shine * stage[SUNLIGHT + 1] + sheen * stage[HORIZON + 1],
        base[2] * (sun * stage[SUNLIGHT + 2] + sky * (up * stage[ZENITH + 2] + 0.35 * stage[HORIZON + 2]))
        + shine * stage[SUNLIGHT + 2] + sheen * stage[HORIZON + 2],
    )  # fmt: skip
    return colour, (reached, free)


@compiled
def _surface(
    solids: Solids, materials: Array, stage: Array, o: int, part: int, place: Colour, view: Colour, shade: Shade
) -> tuple[Colour, Shade]:
    """The colour of object o at a point of its surface, and the shade there."""
    px, py, pz = own_place(solids.objects, o, place[0], place[1], place[2])
    m = int(solids.parts[part, MATERIAL])
    t = pattern(int(materials[m, PATTERN]), px, py, pz, materials[m, FREQUENCY], m * 17 + int(stage[SEED]))
    base = mixed(t, materials[m], COLOUR)
    facing = normal(solids, o, place[0], place[1], place[2])
    return _light(solids, stage, base, place, facing, view, materials[m, GLOSS], shade)


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
def _nearest(solids: Solids, place: Colour, way: Colour, fine: float) -> tuple[float, int, int]:
    """The first object that a ray meets: distance, object and part; -1: none."""
    best, found, piece = 1e9, NOTHING, -1
    for o in range(len(solids.objects)):
        t, part = trace(solids, o, place[0], place[1], place[2], way[0], way[1], way[2], fine)
        if part >= 0 and t < best:
            best, found, piece = t, o, part
    return best, found, piece


@compiled
def _water(
    solids: Solids, materials: Array, stage: Array, x: float, z: float, way: Colour, t: float, fine: float
) -> Colour:
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
    s, o, part = _nearest(solids, (x, 0.002, z), (rx, ry, rz), 4.0 * fine)
    if o >= 0:
        point, ray_there = (x + s * rx, s * ry, z + s * rz), (rx, ry, rz)
        mirrored, _shade = _surface(solids, materials, stage, o, part, point, ray_there, (0.7, 0.8))
    steep = 1.0 - min(-way[1] * 1.6, 1.0)
    share = 0.12 + 0.75 * steep * steep
    own = ground(stage, x, z, fine * t)
    reached = 0.55 + 0.45 * lit(solids, x, 0.01, z, stage[SUN], stage[SUN + 1], stage[SUN + 2], 7.0)
    glow = reached * (0.5 * stage[ZENITH + 1] + 0.5 * stage[SUNLIGHT + 1])
    glint = smooth(16.0 * (here - 0.7)) * calm * 0.1 * reached
    return (
        own[0] * glow * (1 - share) + mirrored[0] * share + glint * stage[SUNLIGHT],
        own[1] * glow * (1 - share) + mirrored[1] * share + glint * stage[SUNLIGHT + 1],
        own[2] * glow * (1 - share) + mirrored[2] * share + glint * stage[SUNLIGHT + 2],
    )


@compiled
def _seen(
    solids: Solids, materials: Array, stage: Array, place: Colour, way: Colour, fine: float, known: int, shade: Shade
) -> tuple[Colour, int, Shade]:
    """What a ray sees: colour (linear RGB), object or what else it meets, and the shade there.

    Where it meets `known`, the shade is taken to be the one that is given.
    """
    t, o, part = _nearest(solids, place, way, fine)
    down = place[1] / -way[1] if way[1] < -1e-6 else 1e9
    back = 1e9
    if stage[BACKDROP] >= PLASTER:
        towards = way[2] - stage[SLANT] * way[0]
        if towards > 1e-6:
            back = (stage[WALL] - (place[2] - stage[SLANT] * place[0])) / towards
    if o < 0 or t > min(down, back):
        t = min(down, back)
        o = NOTHING if t > 60.0 else (BEHIND if back < down else FLOOR)
    if o == NOTHING:
        return far_away(stage, way[0], way[1], way[2], fine), o, UNKNOWN
    given = shade if o == known else UNKNOWN
    x, y, z = place[0] + t * way[0], place[1] + t * way[1], place[2] + t * way[2]
    if o >= 0:
        colour, found = _surface(solids, materials, stage, o, part, (x, y, z), way, given)
    elif o == BEHIND:
        length = math.sqrt(1.0 + stage[SLANT] * stage[SLANT])
        facing = (stage[SLANT] / length, 0.0, -1.0 / length)
        base = wall(stage, x * length, y, fine * t)
        colour, found = _light(solids, stage, base, (x, y, z), facing, way, 0.0, given)
    elif int(stage[GROUND]) == WATER:
        colour, found = _water(solids, materials, stage, x, z, way, t, fine), UNKNOWN
    else:
        base = ground(stage, x, z, fine * t / max(-way[1], 0.05) * 0.6)
        colour, found = _light(solids, stage, base, (x, 0.0, z), (0.0, 1.0, 0.0), way, 0.0, given)
    return _hazy(stage, colour, t), o, found


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
def _is_edge(colours: Array, seen: Whole, i: int, j: int) -> bool:
    """Whether a pixel differs from one of its neighbours in the object seen there or clearly in brightness."""
    size, here = len(seen), _brightness(colours[i, j])
    limit = CONTRAST if seen[i, j] >= 0 else PLAIN_CONTRAST
    for a in range(max(i - 1, 0), min(i + 2, size)):
        for b in range(max(j - 1, 0), min(j + 2, size)):
            if seen[a, b] != seen[i, j] or abs(_brightness(colours[a, b]) - here) > limit:
                return True
    return False


@compiled
def rendered(solids: Solids, materials: Array, stage: Array, camera: Array, size: int) -> tuple[Array, Whole]:
    """Colours (size, size, 3), linear RGB; and the object (size, size) seen at the middle of each pixel, or a
    negative number for none."""
    place, fine = (camera[0], camera[1], camera[2]), 2.0 * camera[12] / size
    colours, shades = np.zeros((size, size, 3)), np.zeros((size, size, 2))
    seen = np.zeros((size, size), np.int64)
    for i in range(size):
        for j in range(size):
            way = ray(camera, j + 0.5, i + 0.5, size)
            colour, o, shade = _seen(solids, materials, stage, place, way, fine, NOTHING, UNKNOWN)
            seen[i, j] = o
            colours[i, j, 0], colours[i, j, 1], colours[i, j, 2] = colour
            shades[i, j, 0], shades[i, j, 1] = shade
    smoothed = colours.copy()
    for i in range(size):
        for j in range(size):
            if _is_edge(colours, seen, i, j):
                shade = (shades[i, j, 0], shades[i, j, 1])
                for p, q in MORE:
                    way = ray(camera, j + p, i + q, size)
                    colour, _o, _shade = _seen(solids, materials, stage, place, way, fine / 2.0, seen[i, j], shade)
                    for c in range(3):
                        smoothed[i, j, c] += colour[c]
                for c in range(3):
                    smoothed[i, j, c] /= 1 + len(MORE)
    return smoothed, seen


@compiled
def share_seen(solids: Solids, camera: Array, o: int, size: int) -> float:
    """The share of object o, of what of it is in the image, that nothing hides; looked at in size x size places."""
    whole, free = 0, 0
    place, fine = (camera[0], camera[1], camera[2]), 2.0 * camera[12] / size
    for i in range(size):
        for j in range(size):
            way = ray(camera, j + 0.5, i + 0.5, size)
            _t, part = trace(solids, o, place[0], place[1], place[2], way[0], way[1], way[2], fine)
            if part >= 0:
                whole += 1
                _t, first, _part = _nearest(solids, place, way, fine)
                free += first == o
    return free / max(whole, 1)
