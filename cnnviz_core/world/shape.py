"""An object under construction: its parts, what they are painted with, and its keypoints.

The frame of an object: x points to its front, y up, z to its right; it stands on y = 0 and is about 1 unit large.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnnviz_core.world.distance import BOX, CONE, ELLIPSOID, FAR, LIMB, PART_WIDTH, REACH, RING, Array

Point = Sequence[float]
Colour = Sequence[float]


def turned(*, roll: float = 0.0, yaw: float = 0.0, pitch: float = 0.0) -> Array:
    """The rotation (3, 3) into the frame of something that is rolled about x, then pitched about z, then yawed about y.

    Angles in degrees: positive roll lowers the right side, positive pitch lifts the front, positive yaw turns the front
    to the left.
    """
    a, b, c = math.radians(roll), math.radians(yaw), math.radians(pitch)
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return _product(_product(about_y, about_z), about_x).T


def _product(a: Array, b: Array) -> Array:
    """Matrix product by plain sums, which every processor rounds alike."""
    return np.array([[math.fsum(a[i, k] * b[k, j] for k in range(3)) for j in range(3)] for i in range(3)])


@dataclass(frozen=True)
class Paint:
    """Two colours (linear RGB in [0, 1]), the pattern that they make, its frequency per unit, gloss."""

    colour: Colour
    other: Colour = (0, 0, 0)
    pattern: int = 0
    frequency: float = 1.0
    gloss: float = 0.0

    @property
    def row(self) -> list[float]:
        return [*self.colour, *self.other, self.pattern, self.frequency, self.gloss]


@dataclass
class Shape:
    """The parts of one object. Each method adds a part; all take its paint and, if wished, the options of `_add`."""

    rows: list[list[float]] = field(default_factory=list)
    paints: list[Paint] = field(default_factory=list)
    points: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    def ellipsoid(self, at: Point, size: Point, paint: Paint, **options: Any) -> None:
        """Half axes `size`, along x, y and z before it is turned."""
        self._add(ELLIPSOID, at, size, max(size), paint, **options)

    def limb(self, start: Point, end: Point, first: float, second: float, paint: Paint, **options: Any) -> None:
        """A rod with round ends of radius `first` at `start` and `second` at `end`."""
        middle, half, turn = _along(start, end)
        self._add(LIMB, middle, (first, second, half), half + max(first, second), paint, turn=turn, **options)

    def box(self, at: Point, size: Point, paint: Paint, **options: Any) -> None:
        """Half sides `size`. `taper_x` and `taper_z` are the shares by which it narrows from its bottom to its top."""
        self._add(BOX, at, size, math.dist(size, (0, 0, 0)), paint, **options)

    def cone(self, at: Point, half: float, low: float, high: float, paint: Paint, **options: Any) -> None:
        """A cone along y with flat ends, from radius `low` at its bottom to `high` at its top."""
        self._add(CONE, at, (low, half, high), math.hypot(half, max(low, high)), paint, **options)

    def rod(self, start: Point, end: Point, low: float, high: float, paint: Paint, **options: Any) -> None:
        """The same cone between two points."""
        middle, half, turn = _along(start, end)
        self._add(CONE, middle, (low, half, high), math.hypot(half, max(low, high)), paint, turn=turn, **options)

    def ring(self, at: Point, radius: float, thickness: float, paint: Paint, **options: Any) -> None:
        """A torus about y: the radius of its middle line, and half its thickness."""
        self._add(RING, at, (radius, thickness, 1.0), radius + thickness, paint, **options)

    def point(self, name: str, at: Point) -> None:
        """A keypoint: a named place on or just under the surface."""
        self.points[name] = (float(at[0]), float(at[1]), float(at[2]))

    def _add(
        self, kind: int, at: Point, size: Point, reach: float, paint: Paint, *, turn: Array | None = None,
        rounding: float = 0.0, taper_x: float = 0.0, taper_z: float = 0.0, shell: float = 0.0, cut: float = FAR,
        blend: float = 0.0, rough: float = 0.0, grain: float = 1.0,
    ) -> None:  # fmt: skip
        """Rotation into the part's frame; radius of its edges; thickness of its wall, 0: solid; height in its own frame
        above which it is cut off; radius within which it flows into the parts before it; depth and frequency of bumps.
        """
        if paint not in self.paints:
            self.paints.append(paint)
        turn = np.eye(3) if turn is None else turn
        row = [kind, *at, *turn.ravel(), *size, rounding, taper_x, taper_z, shell, cut, blend, rough, grain,
               self.paints.index(paint), reach + rough, *(1.0 / side for side in size)]  # fmt: skip
        assert len(row) == PART_WIDTH
        self.rows.append([float(value) for value in row])

    @property
    def ball(self) -> tuple[float, float, float, float]:
        """Middle and radius of a ball around all parts."""
        middles, reach = np.array([row[1:4] for row in self.rows]), np.array([row[REACH] for row in self.rows])
        low, high = (middles - reach[:, None]).min(axis=0), (middles + reach[:, None]).max(axis=0)
        x, y, z = ((low + high) / 2).tolist()
        radius = max(math.dist((x, y, z), m) + r for m, r in zip(middles.tolist(), reach.tolist(), strict=True))
        return x, y, z, radius


def _along(start: Point, end: Point) -> tuple[list[float], float, Array]:
    """Middle, half length and the rotation of a part whose y runs from start to end."""
    middle = [(a + b) / 2 for a, b in zip(start, end, strict=True)]
    length = math.dist(start, end)
    up = [(b - a) / length for a, b in zip(start, end, strict=True)]
    side = [0.0, 0.0, 1.0] if abs(up[2]) < 0.9 else [1.0, 0.0, 0.0]
    x = _unit(_cross(up, side))
    return middle, length / 2, np.array([x, up, _cross(x, up)])


def _cross(a: Point, b: Point) -> list[float]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def _unit(a: Point) -> list[float]:
    length = math.dist(a, (0, 0, 0))
    return [value / length for value in a]
