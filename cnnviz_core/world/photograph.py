"""A photograph of a scene: 8-bit pixels, and everything that is known about them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz_core.world.coats import TEXTURES
from cnnviz_core.world.distance import OWNER, PLACE, ROTATION, SCALE, Array, trace
from cnnviz_core.world.render import rendered, share_seen
from cnnviz_core.world.scene import CLASSES, FAMILY, Factors, Scene, changed, composed

PROBE = 32  # places per side at which it is found out how much of the first object is seen
LEAST_SEEN = 0.3  # of the first object's pixels in the frame: where less would be seen, what hides it is left out
LEAST_PIXELS = 12  # of 96 x 96, below which an object counts as not seen
NEAR = 0.06  # units within which the surface that is seen counts as the place of a keypoint
GRAIN = 0.006  # noise of the sensor, standard deviation, displayed brightness 1 being white

REAL_SIZE = {
    "cat": "S", "dog": "S", "horse": "M", "bird": "XS", "car": "L", "truck": "XL", "bus": "XL", "boat": "XL",
    "mug": "XS", "teapot": "XS", "chair": "M", "lamp": "S", "tree": "XL", "conifer": "XL", "flower": "XS",
    "cactus": "M",
}  # fmt: skip
"""The sizes of Russakovsky et al. 2015, from XS, a nail, to XL, a church."""

DEFORMABLE = ("cat", "dog", "horse", "bird", "tree", "flower")


@dataclass(frozen=True)
class Photograph:
    """An image and its ground truth. Objects are numbered from 1 and ordered by that; those that are not seen are left
    out.
    """

    pixels: NDArray[np.uint8]  # (size, size, 3)
    instances: NDArray[np.uint8]  # (size, size): the number of the labelled object seen there, or 0
    boxes: NDArray[np.int64]  # (k, 4): top, left, bottom, right of what is seen of each, bottom and right exclusive
    keypoints: Array  # (k, points, 3): row and column in pixels, and 1 where it is seen, else 0
    attributes: Mapping[str, float | str]


def photograph(factors: Factors, size: int) -> Photograph:
    """Take the picture of a scene, (size, size) pixels."""
    scene, hidden = _posed(factors)
    colours, seen = rendered(scene.solids, scene.materials, scene.stage, scene.camera, size)
    pixels = developed(colours, blur=factors.blur * size, grain=GRAIN, seed=factors.setting)
    owner = np.where(seen >= 0, scene.solids.objects[np.maximum(seen, 0), OWNER], 0).astype(np.int64)
    least = LEAST_PIXELS * size * size / 96**2
    numbers = [k for k in range(1, len(scene.points) + 1) if (owner == k).sum() >= least]
    instances = np.zeros((size, size), np.uint8)
    for new, old in enumerate(numbers, 1):
        instances[owner == old] = new
    boxes = np.array([box(owner == k) for k in numbers])
    objects = [int(np.flatnonzero(scene.solids.objects[:, OWNER] == k)[0]) for k in numbers]
    keypoints = np.array([_keypoints(scene, o, k, seen, size) for o, k in zip(objects, numbers, strict=True)])
    others = [
        o
        for o in range(len(scene.solids.objects))
        if scene.solids.objects[o, OWNER] == 0 and (seen == o).sum() >= least
    ]
    return Photograph(pixels, instances, boxes, keypoints, {
        **_of_class(CLASSES[factors.label]), "scale": _area(boxes) / size**2, "instances": len(numbers),
        "clutter": len(others), "occlusion": hidden, "texture": TEXTURES[factors.texture],
        "contrast": rms_contrast(pixels), "blur": factors.blur * size, "illumination": float(luminance(pixels).mean()),
        "surroundings": factors.surroundings, "sun_height": factors.sun_height, "elevation": factors.elevation,
        "yaw": factors.yaw,
    })  # fmt: skip


def _posed(factors: Factors) -> tuple[Scene, float]:
    """The scene as it is photographed, and the share of its first object that is hidden.

    Where too little of the first object would be seen, first the thing before it is taken away, then all other things.
    """
    attempts: list[dict[str, float]] = [{}, {"occluder": 2.0}, {"occluder": 2.0, "clutter": 0, "instances": 1}]
    for values in attempts:
        scene = composed(changed(factors, **values))
        seen = share_seen(scene.solids, scene.camera, 0, PROBE)
        if seen >= LEAST_SEEN:
            break
    return scene, 1.0 - seen


def _of_class(name: str) -> dict[str, str]:
    natural = FAMILY[name] in ("animals", "plants")
    return {
        "real_size": REAL_SIZE[name], "origin": "natural" if natural else "man-made",
        "deformability": "deformable" if name in DEFORMABLE else "rigid",
    }  # fmt: skip


def box(mask: NDArray[np.bool_]) -> list[int]:
    """Top, left, bottom, right (the last two exclusive) of what is True."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1]


def _area(boxes: NDArray[np.int64]) -> float:
    """Pixels in the largest box."""
    return float(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).max())


def _keypoints(scene: Scene, o: int, number: int, seen: NDArray[np.int64], size: int) -> list[list[float]]:
    return [_seen_at(scene, o, point, seen, size) for point in scene.points[number - 1].values()]


def _seen_at(
    scene: Scene, o: int, point: tuple[float, float, float], seen: NDArray[np.int64], size: int
) -> list[float]:
    """Row and column, in pixels, of a point of object o, and whether it is seen."""
    row = scene.solids.objects[o]
    turn, scale, camera = row[ROTATION : ROTATION + 9].reshape(3, 3), row[SCALE], scene.camera
    ray = [row[PLACE + k] + scale * sum(turn[i, k] * point[i] for i in range(3)) - camera[k] for k in range(3)]
    right, up, ahead = (sum(ray[k] * camera[first + k] for k in range(3)) for first in (3, 6, 9))
    column, line = (0.5 * size * (1.0 + sign * v / (ahead * camera[12])) for sign, v in ((1, right), (-1, up)))
    i, j = math.floor(line), math.floor(column)
    if not (0 <= i < size and 0 <= j < size) or seen[i, j] != o:
        return [line, column, 0.0]
    length = math.dist(ray, (0, 0, 0))
    u, v, w = (value / length for value in ray)
    t, part = trace(scene.solids, o, camera[0], camera[1], camera[2], u, v, w, 2.0 * camera[12] / size)
    return [line, column, float(part >= 0 and t > length - NEAR * scale)]


def developed(colours: Array, *, blur: float, grain: float, seed: int) -> NDArray[np.uint8]:
    """8-bit sRGB of linear colours, blurred (standard deviation in pixels) and with noise of the sensor."""
    light = _blurred(colours, blur)
    light = 1.18 * light / (1.0 + 0.18 * light)  # highlights saturate softly
    light = np.clip(light, 0.0, 1.0)
    shown = np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    noise = np.random.default_rng([seed, 9]).random((2, *light.shape)).sum(axis=0) - 1.0
    levels: NDArray[np.float64] = np.round(255.0 * np.clip(shown + grain * math.sqrt(6.0) * noise, 0.0, 1.0))
    return levels.astype(np.uint8)


def _blurred(colours: Array, sigma: float) -> Array:
    """A Gaussian blur of standard deviation `sigma` pixels, with the border repeated."""
    reach = math.ceil(3.0 * sigma)
    weights = [math.exp(-0.5 * (k / sigma) ** 2) for k in range(-reach, reach + 1)]
    for axis in (0, 1):
        length = colours.shape[axis]
        padded = np.pad(colours, [(reach, reach) if a == axis else (0, 0) for a in range(3)], mode="edge")
        shifted = (w * padded.take(range(k, k + length), axis=axis) for k, w in enumerate(weights))
        colours = np.asarray(sum(shifted, np.zeros_like(colours)) / math.fsum(weights))
    return colours


def luminance(pixels: NDArray[np.uint8]) -> Array:
    """(h, w) in [0, 1]: Rec. 601 luma of 8-bit sRGB."""
    return np.asarray(0.299 * pixels[..., 0] + 0.587 * pixels[..., 1] + 0.114 * pixels[..., 2]) / 255.0


def rms_contrast(pixels: NDArray[np.uint8]) -> float:
    """Standard deviation of the luminance (Peli 1990)."""
    return float(luminance(pixels).std())
