"""Bodies of four-legged animals: skeletons in several poses, and the trunk, legs and tail that cover them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cnnviz_core.world.distance import Array
from cnnviz_core.world.shape import Paint, Point, Shape, turned

FUR = 48.0
"""Bumps of long fur per unit."""

SIDES = (("left", -1.0), ("right", 1.0))


@dataclass(frozen=True)
class Frame:
    """A frame within that of the object, such as that of a head: its origin and the rotation into it."""

    at: Point
    turn: Array

    def __call__(self, x: float, y: float, z: float) -> Point:
        """The point of the object at these coordinates of the frame."""
        own = (x, y, z)
        return [self.at[j] + math.fsum(float(self.turn[i, j]) * own[i] for i in range(3)) for j in range(3)]

    def turned(self, *, roll: float = 0.0, yaw: float = 0.0, pitch: float = 0.0) -> Array:
        """The rotation into something that is turned within this frame."""
        a, b = turned(roll=roll, yaw=yaw, pitch=pitch), self.turn
        return np.array([[math.fsum(a[i, k] * b[k, j] for k in range(3)) for j in range(3)] for i in range(3)])


@dataclass(frozen=True)
class Build:
    """Proportions: from hip to shoulder; height of both; radii of chest and waist; half the distance between left and
    right legs; radii of a leg at its top and its bottom; how far the hock stands behind the paw, relative to the
    height; size of a paw relative to the leg."""

    length: float
    height: float
    girth: float
    waist: float
    width: float
    upper: float
    lower: float
    heel: float = 0.1
    paw: float = 1.35


@dataclass(frozen=True)
class Skeleton:
    """Where the joints are: hip and shoulder in the middle, and of each leg from its top to its paw."""

    hip: Point
    shoulder: Point
    front: Sequence[Sequence[Point]]
    hind: Sequence[Sequence[Point]]


def varying(rng: np.random.Generator, middle: float, by: float) -> float:
    """A number within a share of `by` of the middle."""
    return middle * (1.0 + by * (2.0 * float(rng.random()) - 1.0))


def between(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(rng.random())


def plus(a: Point, x: float, y: float, z: float = 0.0) -> Point:
    return (a[0] + x, a[1] + y, a[2] + z)


def bent(start: Point, end: Point, first: float, second: float) -> Point:
    """The joint of a leg whose two bones have these lengths, bent to the front."""
    x, y = end[0] - start[0], end[1] - start[1]
    d = min(max(math.hypot(x, y), 1e-6), first + second)
    along = (first * first - second * second + d * d) / (2.0 * d)
    off = math.sqrt(max(first * first - along * along, 0.0))
    return (start[0] + (x * along - y * off) / d, start[1] + (y * along + x * off) / d, (start[2] + end[2]) / 2)


def on_feet(form: np.random.Generator, build: Build, stride: float) -> Skeleton:
    """Standing (a small stride) or walking: each leg at its own time of the four-beat walk."""
    h, w, time = build.height, build.width, float(form.random())
    hip, shoulder = (-build.length / 2, h, 0.0), (build.length / 2, h * between(form, 0.97, 1.05), 0.0)
    front: list[Sequence[Point]] = []
    hind: list[Sequence[Point]] = []
    for side, (_name, z) in enumerate(SIDES):
        for legs, root, shift in ((front, shoulder, 0.25), (hind, hip, 0.0)):
            phase = (time + shift + 0.5 * side) % 1.0
            swing = max(phase - 0.65, 0.0) / 0.35
            forth = 1.0 - 2.0 * phase / 0.65 if swing == 0.0 else 2.0 * swing - 1.0
            lift = 0.7 * stride * math.sin(math.pi * swing)
            top = plus(root, 0.0, -0.15 * h, w * z)
            paw: Point = (root[0] + stride * forth, build.lower + lift, 0.85 * w * z)
            if legs is front:
                legs.append((top, bent(top, paw, 0.42 * h, 0.425 * h), paw))
            else:
                paw = plus(paw, (build.heel - 0.16) * h, 0.0)
                hock = plus(paw, -build.heel * h - 0.3 * lift, 0.27 * h - 0.1 * lift)
                legs.append((top, bent(top, hock, 0.33 * h, 0.32 * h), hock, paw))
    return Skeleton(hip, shoulder, front, hind)


def sitting(form: np.random.Generator, build: Build) -> Skeleton:
    tilt, length, w = math.radians(between(form, 46, 60)), build.length * 0.92, build.width
    hip = (-0.4 * length, 1.1 * build.waist, 0.0)
    shoulder = plus(hip, length * math.cos(tilt), length * math.sin(tilt))
    front = []
    for _name, z in SIDES:
        top, paw = plus(shoulder, 0.0, -0.2 * length, w * z), (shoulder[0] + 0.04, build.lower, 0.6 * w * z)
        front.append((top, plus(top, 0.02, 0.48 * (paw[1] - top[1]), -0.2 * w * z), paw))
    return Skeleton(hip, shoulder, front, _folded(form, build, hip))


def lying(form: np.random.Generator, build: Build) -> Skeleton:
    """On its belly, with the front legs before it."""
    w, low = build.width, build.lower
    hip, shoulder = (-build.length / 2, 1.05 * build.waist, 0.0), (build.length / 2, 1.4 * build.girth, 0.0)
    front = []
    for _name, z in SIDES:
        reach = between(form, 0.35, 0.6) * build.height
        elbow = (shoulder[0] - 0.05, 1.2 * build.lower, 1.05 * w * z)
        front.append((plus(shoulder, 0.0, -0.03, w * z), elbow, (shoulder[0] + reach, low, 0.9 * w * z)))
    return Skeleton(hip, shoulder, front, _folded(form, build, hip))


def _folded(form: np.random.Generator, build: Build, hip: Point) -> Sequence[Sequence[Point]]:
    """Hind legs as in sitting: knees beside the belly, feet on the ground."""
    legs, h = [], build.height
    for _name, z in SIDES:
        out, ahead = build.width * z * between(form, 1.2, 1.5), between(form, 0.9, 1.15)
        knee = (hip[0] + 0.42 * h * ahead, 0.42 * h, out)
        hock = (hip[0] + 0.02, build.lower, out)
        legs.append(
            (plus(hip, 0.0, 0.05 * h, build.width * z), knee, hock, (hip[0] + 0.5 * h * ahead, build.lower, out))
        )
    return legs


def body(shape: Shape, build: Build, bones: Skeleton, fur: Paint, socks: Paint, rough: float = 0.0) -> None:
    """Trunk and legs. A deep chest hangs at the shoulder end of the trunk."""
    (x, y, _z), chest = bones.hip, bones.shoulder
    slope = math.degrees(math.atan2(chest[1] - y, chest[0] - x))
    shape.limb(bones.hip, chest, build.waist, 0.9 * build.girth, fur, rough=rough, grain=FUR)
    size = (1.35 * build.girth, 1.15 * build.girth, 0.95 * build.girth)
    at = plus(chest, -0.02, -0.12 * build.girth)
    shape.ellipsoid(at, size, fur, turn=turned(pitch=slope), blend=0.05, rough=rough, grain=FUR)
    a, b = build.upper, build.lower
    for legs in (bones.front, bones.hind):
        radii = (1.15 * a, 1.12 * b, b) if legs is bones.front else (1.6 * a, 0.95 * a, 1.1 * b, b)
        for *bends, paw in legs:
            ends = [*bends[1:], plus(paw, 0.0, 0.2 * b)]
            for i, (start, end) in enumerate(zip(bends, ends, strict=True)):
                last = i == len(bends) - 1
                # the upper part alone forms the joint: two equal spheres of different paint would flicker
                shape.limb(
                    start, end, radii[i] * (0.93 if last else 1.0), radii[i + 1], socks if last else fur,
                    blend=0.012 if i else 0.06,
                    rough=0.0 if i else rough, grain=FUR,
                )  # fmt: skip


def paws(shape: Shape, build: Build, bones: Skeleton, paint: Paint) -> None:
    r = build.lower * build.paw
    for legs in (bones.front, bones.hind):
        for *_joints, paw in legs:
            shape.ellipsoid(plus(paw, 0.5 * r, 0.8 * r - build.lower), (1.45 * r, 0.8 * r, r), paint, blend=0.02)


def paw_points(shape: Shape, build: Build, bones: Skeleton, ahead: float, up: float) -> None:
    """Keypoints of the paws, before and above the ends of the legs by these multiples of the leg's radius."""
    for place, legs in (("front", bones.front), ("hind", bones.hind)):
        for (name, _z), leg in zip(SIDES, legs, strict=True):
            shape.point(f"{name}_{place}_paw", plus(leg[-1], ahead * build.lower, up * build.lower))


def curve(controls: Sequence[Point], count: int) -> list[Point]:
    """The ends of `count` pieces of the curve that these points control (de Casteljau)."""
    places = []
    for i in range(count + 1):
        t, row = i / count, list(controls)
        while len(row) > 1:
            row = [[u + t * (v - u) for u, v in zip(a, b, strict=True)] for a, b in pairwise(row)]
        places.append(row[0])
    return places


def tail(shape: Shape, places: Sequence[Point], radii: Sequence[float], fur: Paint, tip: Paint, rough: float) -> None:
    """A chain of limbs, the last of which may have another paint; its end is a keypoint."""
    for i, (start, end) in enumerate(pairwise(places)):
        last = i == len(places) - 2
        low = radii[i] * (0.95 if last else 1.0)
        blend = 0.01 if i else 0.04
        shape.limb(start, end, low, radii[i + 1], tip if last else fur, blend=blend, rough=rough, grain=FUR)
    (*_rest, before, end), out = places, max(radii[-1] - 0.012, 0.0)
    share = out / math.dist(before, end)
    shape.point("tail_tip", [v + share * (v - u) for u, v in zip(before, end, strict=True)])
