"""Scenes: what is drawn at random for each image, and how that becomes objects, a stage and a camera."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnviz_core.world.animals import ANIMALS
from cnnviz_core.world.clutter import CLUTTER, INDOORS, OCCLUDERS, OUTDOORS, WATERSIDE
from cnnviz_core.world.distance import BALL, BLEND, MATERIAL, Array, Solids
from cnnviz_core.world.household import HOUSEHOLD
from cnnviz_core.world.plants import PLANTS
from cnnviz_core.world.shape import Shape, turned
from cnnviz_core.world.surroundings import SURROUNDINGS, stage
from cnnviz_core.world.vehicles import VEHICLES

Maker = Callable[[np.random.Generator, np.random.Generator, int], Shape]

FAMILIES: Mapping[str, Mapping[str, Maker]] = {
    "animals": ANIMALS, "vehicles": VEHICLES, "household": HOUSEHOLD, "plants": PLANTS,
}  # fmt: skip
MAKERS = {name: maker for family in FAMILIES.values() for name, maker in family.items()}
CLASSES = tuple(MAKERS)
FAMILY = {name: family for family, members in FAMILIES.items() for name in members}

FOUND = {
    "cat": "room 5 meadow 2 street 2", "dog": "meadow 4 street 3 room 2", "horse": "meadow 7 desert 1 forest 1",
    "bird": "meadow 3 water 2 forest 2 street 2", "car": "street 7 meadow 1 desert 1", "bus": "street 8 meadow 1",
    "truck": "street 7 desert 1 forest 1", "boat": "water 8 desert 1", "mug": "room 8 street 1",
    "teapot": "room 8 meadow 1", "chair": "room 7 street 1 meadow 1", "lamp": "room 8 street 1",
    "tree": "meadow 5 street 2 forest 2",
    "conifer": "forest 5 meadow 3 street 1", "flower": "meadow 5 room 3 forest 1", "cactus": "desert 6 room 3",
}  # fmt: skip
"""Where a class is mostly seen, in tenths; the tenth that is left may be anywhere, water for boats and birds alone."""

HALF_ANGLE = 0.3  # tangent of half the camera's angle
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Factors:
    """All that a scene is made of. Any of them can be changed with everything else equal."""

    label: int  # index into CLASSES
    form: int  # seed of the proportions, pose and parts of the objects
    paint: int  # seed of their colours
    texture: int  # index into TEXTURES
    yaw: float  # degrees by which the first object is turned to its left; at 0 it faces the left side of the image
    scale: float  # size of the first object as a share of the image's side
    place: tuple[float, float]  # of its middle in the image: right and up of the image's middle, in halves of its side
    elevation: float  # of the camera above the horizon, as seen from the object, in degrees
    roll: float  # of the camera, in degrees
    instances: int  # objects of the class, placed at random
    clutter: int  # other things around
    occluder: float  # where a thing stands before the object: -1 its left edge, 1 its right edge; 2: nowhere
    surroundings: str  # one of SURROUNDINGS
    setting: int  # seed of the ground, the backdrop and of where other things stand
    sun_azimuth: float  # degrees to the right of straight behind the camera
    sun_height: float  # degrees above the horizon
    brightness: float  # of all light; 1 is well exposed
    haze: float  # per unit of distance; the objects are 1 unit large
    blur: float  # standard deviation of the blur, as a share of the image's side


def stream(*names: object) -> np.random.Generator:
    """A generator of its own for each list of names."""
    digest = hashlib.sha256(" ".join(map(str, names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def drawn(split: str, index: int, seed: int = 0) -> Factors:
    """The factors of image `index` of a split; its class is `index` modulo the number of classes."""
    rng = stream("diorama", seed, split, index)
    label = index % len(CLASSES)
    form, paint, setting = (int(value) for value in rng.integers(1 << 40, size=3))
    u = rng.random(16).tolist()
    return Factors(
        label=label, form=form, paint=paint, texture=int(4 * u[0]), yaw=360.0 * u[1], scale=0.4 * 2.6 ** u[2],
        place=(0.5 * (u[3] - 0.5), 0.36 * (u[4] - 0.5)), elevation=4.0 + 30.0 * u[5] * u[5], roll=10.0 * (u[6] - 0.5),
        instances=1 + (u[7] > 0.72) + (u[7] > 0.9), clutter=int(6.0 * u[8] * u[8] + 0.35),
        occluder=3.0 * u[9] - 1.5 if u[10] < 0.3 else 2.0, surroundings=_found(CLASSES[label], u[11], u[15]),
        setting=setting, sun_azimuth=240.0 * (u[12] - 0.5), sun_height=14.0 + 56.0 * u[13],
        brightness=0.7 + 0.5 * u[14], haze=0.03 * rng.random() ** 3, blur=(0.3 + rng.random() ** 5) / 96.0,
    )  # fmt: skip


def _found(name: str, u: float, v: float) -> str:
    """Surroundings of a class: the usual ones by their weights, else any."""
    words = FOUND[name].split()
    for place, weight in zip(words[::2], words[1::2], strict=True):
        u -= int(weight) / 10.0
        if u < 0.0:
            return place
    places = [place for place in SURROUNDINGS if place != "water" or name in ("boat", "bird")]
    return places[int(v * len(places))]


@dataclass(frozen=True)
class Scene:
    """What the renderer needs: objects and their parts, materials, the stage, the camera; see their modules."""

    solids: Solids
    materials: Array
    stage: Array
    camera: Array
    points: tuple[Mapping[str, tuple[float, float, float]], ...]  # keypoints of each labelled object, in its own frame


class _Builder:
    """Collects shapes at places."""

    def __init__(self) -> None:
        self.objects: list[list[float]] = []
        self.parts: list[list[float]] = []
        self.materials: list[list[float]] = []
        self.points: list[Mapping[str, tuple[float, float, float]]] = []

    def put(self, shape: Shape, at: tuple[float, float, float], turn: Array, scale: float, labelled: bool) -> None:
        first = len(self.parts)
        for row in shape.rows:
            self.parts.append(row.copy())
            self.parts[-1][MATERIAL] += len(self.materials)
        self.materials += [paint.row for paint in shape.paints]
        if labelled:
            self.points.append(shape.points)
        owner = len(self.points) if labelled else 0
        *middle, radius = shape.ball
        middle = [at[k] + scale * sum(turn[i, k] * middle[i] for i in range(3)) for k in range(3)]
        joint = max(row[BLEND] for row in shape.rows)
        rows = first, len(self.parts)
        self.objects.append([*at, *turn.ravel(), scale, *middle, scale * radius, *rows, owner, joint])

    def free(self, x: float, z: float, radius: float) -> bool:
        """Whether nothing stands within `radius` of a place on the ground."""
        return all(math.hypot(x - o[0], z - o[2]) > radius + 0.75 * o[BALL] for o in self.objects)


def composed(factors: Factors) -> Scene:
    """The scene of these factors."""
    build = _Builder()
    name = CLASSES[factors.label]
    first = _made(name, factors, 0)
    build.put(first, (0.0, 0.0, 0.0), turned(yaw=factors.yaw), 1.0, True)
    camera = _camera(factors, first)
    _companions(build, name, factors)
    _clutter(build, factors, camera)
    _occluder(build, factors, first, camera)
    place = stage(factors.surroundings, factors.setting, azimuth=factors.sun_azimuth, height=factors.sun_height,
                  brightness=factors.brightness, haze=factors.haze)  # fmt: skip
    solids = Solids(np.array(build.objects), np.array(build.parts), np.zeros(len(build.parts), np.int64))
    return Scene(solids, np.array(build.materials), place, camera, tuple(build.points))


def _made(name: str, factors: Factors, number: int) -> Shape:
    form, paint = (np.random.default_rng([seed, number]) for seed in (factors.form, factors.paint))
    return MAKERS[name](form, paint, factors.texture)


def _camera(factors: Factors, shape: Shape) -> Array:
    """A camera that sees the object at its place and size in the image."""
    _x, y, _z, radius = shape.ball
    away = 0.85 * radius / (HALF_ANGLE * factors.scale)
    middle = np.array([0.0, y, 0.0])
    e, roll = math.radians(factors.elevation), math.radians(factors.roll)
    back = np.array([0.0, math.sin(e), -math.cos(e)])
    place = middle + away * back
    place[1] = max(place[1], 0.12)
    forward = middle - place
    forward /= math.dist(forward, (0, 0, 0))
    right = np.array([-1.0, 0.0, 0.0])
    up = np.array([0.0, forward[2], -forward[1]])
    right, up = math.cos(roll) * right + math.sin(roll) * up, math.cos(roll) * up - math.sin(roll) * right
    aside, above = (HALF_ANGLE * away * offset for offset in factors.place)
    place = place - aside * right - above * up
    place[1] = max(place[1], 0.1)
    return np.array([*place, *right, *up, *forward, HALF_ANGLE])


def _companions(build: _Builder, name: str, factors: Factors) -> None:
    """Further objects of the class, beside and behind the first."""
    rng = np.random.default_rng([factors.setting, 2])
    for number in range(1, factors.instances):
        shape = _made(name, factors, number)
        for _ in range(12):
            side = -1.0 if rng.random() < 0.5 else 1.0
            x, z, yaw = side * (0.5 + 1.1 * rng.random()), 1.8 * rng.random() - 0.4, 360.0 * rng.random()
            if build.free(x, z, 0.7 * shape.ball[3]):
                build.put(shape, (x, 0.0, z), turned(yaw=yaw), 0.85 + 0.3 * rng.random(), True)
                break


def _clutter(build: _Builder, factors: Factors, camera: Array) -> None:
    """Other things, on the ground that the camera sees, but not before the object."""
    rng = np.random.default_rng([factors.setting, 3])
    indoors = SURROUNDINGS[factors.surroundings].indoors
    names: Sequence[str] = INDOORS if indoors else WATERSIDE if factors.surroundings == "water" else OUTDOORS
    far = 1.2 if indoors else 4.0
    for number in range(factors.clutter):
        name = names[int(rng.integers(len(names)))]
        form, paint = (
            np.random.default_rng([factors.setting, 4, number]),
            np.random.default_rng([factors.paint, 5, number]),
        )
        shape = CLUTTER[name](form, paint, int(rng.integers(4)))
        scale = 0.3 + 0.5 * rng.random()
        for _ in range(12):
            z = far * rng.random() ** 1.5 - 0.5
            x = (2.0 * rng.random() - 1.0) * 1.1 * HALF_ANGLE * (z - camera[2])
            turn = turned(yaw=360.0 * rng.random())
            if build.free(x, z, 0.8 * shape.ball[3] * scale) and (z > 0.0 or abs(x) > 0.6):
                build.put(shape, (x, 0.0, z), turn, scale, False)
                break


def _occluder(build: _Builder, factors: Factors, first: Shape, camera: Array) -> None:
    """A thing between the camera and the object."""
    if factors.occluder > 1.5:
        return
    rng = np.random.default_rng([factors.setting, 6])
    name = OCCLUDERS[int(rng.integers(len(OCCLUDERS)))]
    shape = CLUTTER[name](np.random.default_rng([factors.setting, 7]), np.random.default_rng([factors.paint, 8]), 2)
    share = 0.45 + 0.25 * rng.random()
    x, y, z = (share * camera[k] for k in range(3))
    sight = y + (1.0 - share) * first.ball[1]
    scale = min(max((sight + 0.1) / max(shape.ball[1] * 2.0, 0.1), 0.3), 1.5 - 1.2 * share)
    aside = factors.occluder * 0.75 * first.ball[3] * (1.0 - share)
    build.put(shape, (x + aside, 0.0, z), turned(yaw=360.0 * rng.random()), scale, False)


def changed(factors: Factors, **values: object) -> Factors:
    """The same scene with some factors changed, all else equal: a counterfactual."""
    return replace(factors, **values)  # type: ignore[arg-type]
