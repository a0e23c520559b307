"""Keypoints at the outermost places of an object."""

import math

import numpy as np

from cnnviz_core.world.distance import ELLIPSOID, KIND, LIMB, SIZE, TURN, Array, X, distance
from cnnviz_core.world.shape import Point, Shape

Place = tuple[float, float, float]


def moved(at: Point, way: Point | Array, by: float) -> Place:
    return at[0] + by * way[0], at[1] + by * way[1], at[2] + by * way[2]


def mark(shape: Shape, base: Place, middle: Place, below: range, stem: range, crown: range) -> None:
    """The keypoints; the parts are given by their ranges among the rows."""
    below = below if len(below) else stem
    shape.point("base", _under(shape, base, (1, 0, 0), below))
    shape.point("stem_middle", _under(shape, middle, (1, 0, 0), stem))
    ways = {"top": (0, 1, 0), "left": (0, 0, -1), "right": (0, 0, 1), "front": (1, 0, 0), "back": (-1, 0, 0)}
    for name, way in ways.items():
        places = [_outermost(shape.rows[i], way) for i in crown]
        far = [x * way[0] + y * way[1] + z * way[2] for x, y, z in places]
        most = far.index(max(far))
        heart = shape.rows[crown[most]][X : X + 3]
        length = math.dist(places[most], heart)
        outward = [(p - m) / length for p, m in zip(places[most], heart, strict=True)]
        shape.point(name, _under(shape, places[most], outward, crown))


def _outermost(row: list[float], way: Point) -> Place:
    """The place of a smooth part that is farthest in a direction."""
    axes, (a, b, c) = [row[TURN + 3 * i : TURN + 3 * i + 3] for i in range(3)], row[SIZE : SIZE + 3]
    u, v, w = (sum(p * q for p, q in zip(axis, way, strict=True)) for axis in axes)
    if row[KIND] == ELLIPSOID:
        length = math.hypot(a * u, b * v, c * w)
        own = (a * a * u / length, b * b * v / length, c * c * w / length)
    elif row[KIND] == LIMB:
        end = min(max(4.0 * v, -1.0), 1.0)
        radius = a + (b - a) * (0.5 + 0.5 * end)
        own = (radius * u, c * end + radius * v, radius * w)
    else:
        flat = max(math.hypot(u, w), 1e-9)
        low, high = a * flat - b * v, c * flat + b * v
        radius, end = (a, -b) if low > high else (c, b)
        radius = 0.0 if abs(v) > 0.9 else radius
        own = (radius * u / flat, end, radius * w / flat)
    x, y, z = (row[X + i] + sum(own[k] * axes[k][i] for k in range(3)) for i in range(3))
    return x, y, z


def _under(shape: Shape, place: Place, way: Point, rows: range) -> Place:
    """A place just under the surface of some parts, found by coming from outside, against `way`, towards `place`."""
    parts = np.array(shape.rows)
    for step in range(240):
        at = moved(place, way, 0.3 - 0.005 * step)
        if distance(parts, rows.start, rows.stop, *at)[0] < -0.008:
            return at
    return place
