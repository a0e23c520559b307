"""Signed distances to parts of objects, and where a ray meets them (sphere tracing, Hart 1996).

A part is a row of numbers, laid out below; an object is a range of rows with a place in the world. Shapes and their
formulas are the usual ones of solid modelling by distance functions (Quilez, "Distance functions", iquilezles.org).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz_core.world.compiled import compiled
from cnnviz_core.world.noise import value3

Array = NDArray[np.float64]

ELLIPSOID, LIMB, BOX, CONE, RING = range(5)
"""Kinds of parts: half axes; a cone with round ends; a box that may taper; a flat-ended cone; a torus."""

KIND, X, TURN, SIZE, ROUND, TAPER_X, TAPER_Z, SHELL, CUT, BLEND, ROUGH, GRAIN, MATERIAL, REACH, INVERSE = (
    0, 1, 4, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
)  # fmt: skip
PART_WIDTH = 29
"""Columns of a part: kind; middle (3); rotation into its own frame (9); size (3); rounding of edges; narrowing towards
the top; thickness of a hollow part, 0: solid; height above which it is cut off; radius of the blend with the parts
before it; depth and grain of its roughness; material; radius of the ball around it; the reciprocals of
size (3), since division is slow."""

PLACE, ROTATION, SCALE, MIDDLE, BALL, FIRST, LAST, OWNER, JOINT = 0, 3, 12, 13, 16, 17, 18, 19, 20
OBJECT_WIDTH = 21
"""Columns of an object: place (3); rotation into its own frame (9); size of its unit; middle (3) and radius, in the
world, of the ball around it; its rows among the parts; the number of the labelled object that it is, 0: clutter;
the largest radius within which its parts flow into each other, in its own unit."""

FAR = 1e9


class Solids(NamedTuple):
    """The rows of all objects and of their parts, and room for a list of parts, in which functions take notes."""

    objects: Array
    parts: Array
    near: NDArray[np.int64]


@compiled
def _box(x: float, y: float, z: float, a: float, b: float, c: float, r: float) -> float:
    u, v, w = abs(x) - a + r, abs(y) - b + r, abs(z) - c + r
    p, q, s = max(u, 0.0), max(v, 0.0), max(w, 0.0)
    return math.sqrt(p * p + q * q + s * s) + min(max(u, max(v, w)), 0.0) - r


@compiled
def _cone(x: float, y: float, z: float, low: float, high: float, h: float, r: float) -> float:
    """A cone of radius `low` at y = -h and `high` at y = h."""
    low, high, h = low - r, high - r, h - r
    q = math.sqrt(x * x + z * z)
    end = low if y < 0.0 else high
    cx, cy = q - min(q, end), abs(y) - h
    kx, ky = high - low, 2.0 * h
    t = min(max(((high - q) * kx + (h - y) * ky) / (kx * kx + ky * ky), 0.0), 1.0)
    bx, by = q - high + kx * t, y - h + ky * t
    sign = -1.0 if bx < 0.0 and cy < 0.0 else 1.0
    return sign * math.sqrt(min(cx * cx + cy * cy, bx * bx + by * by)) - r


@compiled
def _part(parts: Array, i: int, x: float, y: float, z: float) -> float:
    """Distance from a point of the object's frame to part i."""
    x, y, z = x - parts[i, X], y - parts[i, X + 1], z - parts[i, X + 2]
    t = TURN
    u = parts[i, t] * x + parts[i, t + 1] * y + parts[i, t + 2] * z
    v = parts[i, t + 3] * x + parts[i, t + 4] * y + parts[i, t + 5] * z
    w = parts[i, t + 6] * x + parts[i, t + 7] * y + parts[i, t + 8] * z
    a, b, c, r = parts[i, SIZE], parts[i, SIZE + 1], parts[i, SIZE + 2], parts[i, ROUND]
    kind = int(parts[i, KIND])
    if kind == ELLIPSOID:
        i_a, i_b, i_c = parts[i, INVERSE], parts[i, INVERSE + 1], parts[i, INVERSE + 2]
        p, q, s = u * i_a, v * i_b, w * i_c
        k = math.sqrt(p * p + q * q + s * s)
        p, q, s = p * i_a, q * i_b, s * i_c
        d = k * (k - 1.0) / max(math.sqrt(p * p + q * q + s * s), 1e-9)
    elif kind == LIMB:
        h = min(max(0.5 * (v / c + 1.0), 0.0), 1.0)
        q = v - c * (2.0 * h - 1.0)
        d = math.sqrt(u * u + q * q + w * w) - (a + (b - a) * h)
    elif kind == BOX and parts[i, TAPER_X] == 0.0 and parts[i, TAPER_Z] == 0.0:
        d = _box(u, v, w, a, b, c, r)
    elif kind == BOX:
        h = min(max(0.5 * (v / b + 1.0), 0.0), 1.0)
        fx, fz = 1.0 - parts[i, TAPER_X] * h, 1.0 - parts[i, TAPER_Z] * h
        d = _box(u / fx, v, w / fz, a, b, c, r) * min(1.0, min(fx, fz))
    elif kind == CONE:
        d = _cone(u, v, w, a, c, b, r)
    else:
        q = math.sqrt(u * u + w * w) - a
        d = math.sqrt(q * q + v * v) - b
    if parts[i, SHELL] > 0.0:
        d = max(d, -d - parts[i, SHELL])
    return float(max(d, v - parts[i, CUT]))


@compiled
def _near_ray(
    solids: Solids, o: int, x: float, y: float, z: float, u: float, v: float, w: float, margin: float
) -> tuple[int, float, float]:
    """Put the parts of object o that a ray passes within `margin` into `solids.near`.

    Gives their number, and the distances along the ray between which it is near any of them.
    """
    parts, count, start, end = solids.parts, 0, FAR, 0.0
    margin += solids.objects[o, JOINT]
    for i in range(int(solids.objects[o, FIRST]), int(solids.objects[o, LAST])):
        dx, dy, dz = parts[i, X] - x, parts[i, X + 1] - y, parts[i, X + 2] - z
        along = dx * u + dy * v + dz * w
        reach = parts[i, REACH] + margin
        chord = reach * reach - (dx * dx + dy * dy + dz * dz - along * along)
        if chord > 0.0 and along > -reach:
            half = math.sqrt(chord)
            start, end = min(start, along - half), max(end, along + half)
            solids.near[count] = i
            count += 1
    return count, max(start, 0.0), end


@compiled
def _near_point(solids: Solids, o: int, x: float, y: float, z: float, margin: float) -> int:
    """Put the parts of object o within `margin` of a point into `solids.near`; gives their number."""
    parts, count = solids.parts, 0
    margin += solids.objects[o, JOINT]
    for i in range(int(solids.objects[o, FIRST]), int(solids.objects[o, LAST])):
        dx, dy, dz = parts[i, X] - x, parts[i, X + 1] - y, parts[i, X + 2] - z
        reach = parts[i, REACH] + margin
        if dx * dx + dy * dy + dz * dz < reach * reach:
            solids.near[count] = i
            count += 1
    return count


@compiled
def _distance(solids: Solids, count: int, x: float, y: float, z: float) -> tuple[float, int]:
    """Distance from a point of the object's frame to the union of the first parts in `near`; which is nearest."""
    parts = solids.parts
    best, nearest, closest = FAR, -1, FAR
    for n in range(count):
        i = solids.near[n]
        k = parts[i, BLEND]
        dx, dy, dz = x - parts[i, X], y - parts[i, X + 1], z - parts[i, X + 2]
        far = best + k + parts[i, REACH]
        if far < 0.0 or dx * dx + dy * dy + dz * dz > far * far:
            continue
        d = _part(parts, i, x, y, z)
        rough = parts[i, ROUGH]
        if rough > 0.0 and d < 3.0 * rough:
            g = parts[i, GRAIN]
            d += rough * (value3(x * g, y * g, z * g, 5) - 0.5) * 2.0
        if d < closest:
            closest, nearest = d, i
        if k > 0.0 and best < FAR:
            h = max(k - abs(best - d), 0.0) / k
            best = min(best, d) - h * h * k * 0.25
        else:
            best = min(best, d)
    return best, nearest


@compiled
def distance(parts: Array, first: int, last: int, x: float, y: float, z: float) -> tuple[float, int]:
    """Distance from a point to the union of the parts from `first` to before `last`, and which of them is nearest."""
    return _distance(Solids(np.zeros((0, 0)), parts, np.arange(first, last)), last - first, x, y, z)


@compiled
def into(objects: Array, o: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """A vector of the world in the axes of object o, in the world's unit."""
    r = ROTATION
    return (
        objects[o, r] * x + objects[o, r + 1] * y + objects[o, r + 2] * z,
        objects[o, r + 3] * x + objects[o, r + 4] * y + objects[o, r + 5] * z,
        objects[o, r + 6] * x + objects[o, r + 7] * y + objects[o, r + 8] * z,
    )


@compiled
def own_place(objects: Array, o: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """A point of the world in the frame and unit of object o."""
    u, v, w = into(objects, o, x - objects[o, PLACE], y - objects[o, PLACE + 1], z - objects[o, PLACE + 2])
    s = objects[o, SCALE]
    return u / s, v / s, w / s


@compiled
def _meets(objects: Array, o: int, x: float, y: float, z: float, u: float, v: float, w: float, margin: float) -> bool:
    """Whether a ray meets the ball around object o, enlarged by `margin`."""
    px, py, pz = objects[o, MIDDLE] - x, objects[o, MIDDLE + 1] - y, objects[o, MIDDLE + 2] - z
    radius = objects[o, BALL] * margin
    along = px * u + py * v + pz * w
    far = px * px + py * py + pz * pz
    return bool(far - along * along < radius * radius and (along > 0.0 or far < radius * radius))


@compiled
def trace(
    solids: Solids, o: int, x: float, y: float, z: float, u: float, v: float, w: float, fine: float
) -> tuple[float, int]:
    """Distance along a ray of the world at which it meets object o, and the part that it meets; -1: none.

    `fine` is the width of a pixel at distance 1: surfaces are found to less than half of it.
    """
    objects = solids.objects
    if not _meets(objects, o, x, y, z, u, v, w, 1.0):
        return -1.0, -1
    scale = objects[o, SCALE]
    px, py, pz = own_place(objects, o, x, y, z)
    u, v, w = into(objects, o, u, v, w)
    count, t, end = _near_ray(solids, o, px, py, pz, u, v, w, 0.0)
    if count == 0:
        return -1.0, -1
    for _ in range(80):
        d, part = _distance(solids, count, px + u * t, py + v * t, pz + w * t)
        if d < 0.4 * fine * max(t, 0.1):
            return t * scale, part
        t += 0.9 * d
        if t > end:
            break
    return -1.0, -1


@compiled
def normal(solids: Solids, o: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """The outward normal of object o at a point of its surface, in the world (tetrahedron differences)."""
    objects, h = solids.objects, 0.004
    px, py, pz = own_place(objects, o, x, y, z)
    count = _near_point(solids, o, px, py, pz, 0.03)
    a, _i = _distance(solids, count, px + h, py - h, pz - h)
    b, _i = _distance(solids, count, px - h, py - h, pz + h)
    c, _i = _distance(solids, count, px - h, py + h, pz - h)
    d, _i = _distance(solids, count, px + h, py + h, pz + h)
    u, v, w = a - b - c + d, -a - b + c + d, -a + b - c + d
    r = ROTATION
    x = objects[o, r] * u + objects[o, r + 3] * v + objects[o, r + 6] * w
    y = objects[o, r + 1] * u + objects[o, r + 4] * v + objects[o, r + 7] * w
    z = objects[o, r + 2] * u + objects[o, r + 5] * v + objects[o, r + 8] * w
    length = max(math.sqrt(x * x + y * y + z * z), 1e-12)
    return x / length, y / length, z / length


@compiled
def lit(solids: Solids, x: float, y: float, z: float, u: float, v: float, w: float, hard: float) -> float:
    """How much of a light in direction (u, v, w) reaches a point, from 0 to 1, with soft edges (Quilez 2010).

    `hard` is the reciprocal of the angle that the light fills.
    """
    objects, most = solids.objects, 1.0
    for o in range(len(objects)):
        if not _meets(objects, o, x, y, z, u, v, w, 1.15):
            continue
        px, py, pz = own_place(objects, o, x, y, z)
        a, b, c = into(objects, o, u, v, w)
        count, t, end = _near_ray(solids, o, px, py, pz, a, b, c, 0.1)
        if count == 0:
            continue
        t = max(t, 0.02)
        for _ in range(28):
            d, _part = _distance(solids, count, px + a * t, py + b * t, pz + c * t)
            most = min(most, max(hard * d / t, 0.0))
            t += max(d, 0.02)
            if most < 0.02 or t > end:
                break
        if most < 0.02:
            return 0.0
    return most * most * (3.0 - 2.0 * most)


@compiled
def open_sky(solids: Solids, x: float, y: float, z: float, u: float, v: float, w: float) -> float:
    """How little the surroundings of a point with normal (u, v, w) close it in, from 0 to 1 (Evans 2006)."""
    objects = solids.objects
    low, high = max(y + 0.07 * v, 0.0), max(y + 0.3 * v, 0.0)
    for o in range(len(objects)):
        dx, dy, dz = x - objects[o, MIDDLE], y - objects[o, MIDDLE + 1], z - objects[o, MIDDLE + 2]
        reach = objects[o, BALL] + 0.5
        if dx * dx + dy * dy + dz * dz < reach * reach:
            px, py, pz = own_place(objects, o, x, y, z)
            a, b, c = into(objects, o, u, v, w)
            s = objects[o, SCALE]
            count = _near_point(solids, o, px + 0.2 * a / s, py + 0.2 * b / s, pz + 0.2 * c / s, 0.3 / s)
            if count:
                near, _i = _distance(solids, count, px + 0.07 * a / s, py + 0.07 * b / s, pz + 0.07 * c / s)
                far, _i = _distance(solids, count, px + 0.3 * a / s, py + 0.3 * b / s, pz + 0.3 * c / s)
                low, high = min(low, near * s), min(high, far * s)
    return max(1.0 - 0.5 * max(0.07 - low, 0.0) / 0.07 - 0.4 * max(0.3 - high, 0.0) / 0.3, 0.0)
