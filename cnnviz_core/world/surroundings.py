"""Where scenes play: kinds of ground and backdrop, their colours, the light, and which things are found there."""

import math
from dataclasses import dataclass

import numpy as np

from cnnviz_core.world import surfaces
from cnnviz_core.world.coats import blended, varied
from cnnviz_core.world.distance import Array
from cnnviz_core.world.shape import Colour

Pair = tuple[Colour, Colour]

GRASSES: tuple[Pair, ...] = (
    ((0.05, 0.11, 0.02), (0.14, 0.2, 0.05)),
    ((0.09, 0.12, 0.03), (0.24, 0.22, 0.08)),
    ((0.03, 0.09, 0.03), (0.1, 0.2, 0.05)),
)
SANDS: tuple[Pair, ...] = (
    ((0.302, 0.216, 0.115), (0.418, 0.317, 0.194)),
    ((0.288, 0.144, 0.072), (0.374, 0.216, 0.122)),
    ((0.324, 0.302, 0.259), (0.432, 0.403, 0.346)),
)
TARS: tuple[Pair, ...] = (((0.07, 0.07, 0.08), (0.14, 0.14, 0.14)), ((0.16, 0.15, 0.14), (0.24, 0.23, 0.21)))
WATERS: tuple[Pair, ...] = (
    ((0.01, 0.05, 0.09), (0.02, 0.09, 0.13)),
    ((0.02, 0.07, 0.06), (0.05, 0.11, 0.08)),
    ((0.02, 0.03, 0.05), (0.05, 0.06, 0.09)),
)
WOOD: tuple[Pair, ...] = (
    ((0.14, 0.06, 0.025), (0.32, 0.17, 0.08)),
    ((0.3, 0.2, 0.11), (0.5, 0.37, 0.22)),
    ((0.05, 0.03, 0.02), (0.13, 0.08, 0.05)),
)
STONES: tuple[Pair, ...] = (
    ((0.4, 0.384, 0.352), (0.104, 0.104, 0.12)),
    ((0.416, 0.32, 0.24), (0.288, 0.16, 0.104)),
    ((0.44, 0.44, 0.44), (0.16, 0.224, 0.272)),
)
CLOTHS: tuple[Pair, ...] = (
    ((0.6, 0.58, 0.52), (0.42, 0.05, 0.05)),
    ((0.55, 0.55, 0.55), (0.06, 0.13, 0.35)),
    ((0.5, 0.42, 0.2), (0.2, 0.3, 0.12)),
    ((0.35, 0.1, 0.12), (0.14, 0.04, 0.07)),
)
FOLIAGE: tuple[Pair, ...] = (
    ((0.015, 0.04, 0.01), (0.13, 0.2, 0.05)),
    ((0.02, 0.05, 0.025), (0.08, 0.16, 0.07)),
    ((0.06, 0.03, 0.01), (0.4, 0.22, 0.05)),
)
RIDGES: tuple[Pair, ...] = (
    ((0.07, 0.1, 0.04), (0.14, 0.17, 0.12)),
    ((0.2, 0.13, 0.08), (0.35, 0.26, 0.2)),
    ((0.1, 0.1, 0.11), (0.22, 0.22, 0.25)),
)
FACADES: tuple[Pair, ...] = (
    ((0.35, 0.13, 0.09), (0.5, 0.42, 0.32)),
    ((0.25, 0.27, 0.3), (0.48, 0.47, 0.44)),
    ((0.42, 0.3, 0.16), (0.2, 0.25, 0.22)),
)
CLAY: tuple[Pair, ...] = (
    ((0.25, 0.08, 0.05), (0.42, 0.19, 0.12)),
    ((0.36, 0.3, 0.24), (0.52, 0.46, 0.38)),
    ((0.3, 0.16, 0.08), (0.45, 0.3, 0.18)),
)
WALLS: tuple[Pair, ...] = (
    ((0.5, 0.46, 0.38), (0.6, 0.58, 0.52)),
    ((0.22, 0.32, 0.36), (0.4, 0.5, 0.52)),
    ((0.42, 0.28, 0.2), (0.55, 0.45, 0.35)),
    ((0.2, 0.3, 0.18), (0.48, 0.52, 0.38)),
    ((0.45, 0.2, 0.2), (0.58, 0.5, 0.45)),
    ((0.14, 0.15, 0.25), (0.34, 0.34, 0.42)),
)


@dataclass(frozen=True)
class Surroundings:
    """The kinds of ground and of backdrop of a place, each with the colours that it may have."""

    grounds: tuple[tuple[int, tuple[Pair, ...]], ...]
    backdrops: tuple[tuple[int, tuple[Pair, ...]], ...]
    indoors: bool = False


SURROUNDINGS = {
    "meadow": Surroundings(
        ((surfaces.GRASS, GRASSES),), ((surfaces.HILLS, RIDGES), (surfaces.WOODS, FOLIAGE), (surfaces.HILLS, RIDGES))
    ),
    "forest": Surroundings(((surfaces.LITTER, FOLIAGE), (surfaces.GRASS, GRASSES)), ((surfaces.WOODS, FOLIAGE),)),
    "desert": Surroundings(((surfaces.SAND, SANDS),), ((surfaces.HILLS, RIDGES[1:]),)),
    "street": Surroundings(
        ((surfaces.ASPHALT, TARS), (surfaces.ASPHALT, TARS), (surfaces.TILES, STONES)),
        ((surfaces.HOUSES, FACADES), (surfaces.HOUSES, FACADES), (surfaces.BRICKS, CLAY)),
    ),
    "water": Surroundings(
        ((surfaces.WATER, WATERS),), ((surfaces.SEA, RIDGES), (surfaces.HILLS, RIDGES), (surfaces.WOODS, FOLIAGE))
    ),
    "room": Surroundings(
        ((surfaces.PLANKS, WOOD), (surfaces.PLANKS, WOOD), (surfaces.TILES, STONES), (surfaces.CLOTH, CLOTHS)),
        ((surfaces.PLASTER, WALLS), (surfaces.WALLPAPER, WALLS), (surfaces.PANELS, WOOD), (surfaces.BRICKS, CLAY)),
        indoors=True,
    ),
}  # fmt: skip


def chosen(rng: np.random.Generator, options: tuple[tuple[int, tuple[Pair, ...]], ...]) -> tuple[int, list[float]]:
    """One of the kinds, and its two colours side by side."""
    kind, palette = options[int(rng.integers(len(options)))]
    first, second = palette[int(rng.integers(len(palette)))]
    return kind, [*varied(rng, first, 0.2), *varied(rng, second, 0.2)]


def stage(name: str, seed: int, *, azimuth: float, height: float, brightness: float, haze: float) -> Array:
    """The numbers of a stage (see `surfaces`): which ground, which backdrop, drawn from `seed`, and the light.

    The sun stands `height` degrees above the horizon, `azimuth` degrees to the right of straight behind the viewer.
    """
    place, rng = SURROUNDINGS[name], np.random.default_rng([seed, 1])
    made = np.zeros(surfaces.STAGE_WIDTH)
    kind, colours = chosen(rng, place.grounds)
    made[surfaces.GROUND], made[surfaces.GROUND_COLOURS : surfaces.GROUND_COLOURS + 6] = kind, colours
    kind, colours = chosen(rng, place.backdrops)
    made[surfaces.BACKDROP], made[surfaces.BACKDROP_COLOURS : surfaces.BACKDROP_COLOURS + 6] = kind, colours
    made[surfaces.GROUND_SCALE], made[surfaces.BACKDROP_SCALE] = 0.8 + 0.8 * rng.random(), 0.8 + 0.6 * rng.random()
    made[surfaces.WALL], made[surfaces.SLANT] = 1.3 + 1.7 * rng.random(), 0.9 * (rng.random() - 0.5)
    made[surfaces.SEED], made[surfaces.CLOUDS] = rng.integers(1 << 20), rng.random()
    made[surfaces.HAZE] = haze
    _light(made, place.indoors, azimuth, height, brightness, rng)
    return made


def _light(
    made: Array, indoors: bool, azimuth: float, height: float, brightness: float, rng: np.random.Generator
) -> None:
    """Sun and sky. A low sun is warm; a room has light from a window and from all its walls."""
    a, h = math.radians(azimuth), math.radians(height)
    made[surfaces.SUN : surfaces.SUN + 3] = -math.cos(h) * math.sin(a), math.sin(h), -math.cos(h) * math.cos(a)
    warm = max(0.0, 1.0 - height / 45.0)
    overcast = rng.random()
    sun = brightness * (1.4 if indoors else 2.4 - 0.9 * overcast)
    made[surfaces.SUNLIGHT : surfaces.SUNLIGHT + 3] = sun, sun * (0.95 - 0.18 * warm), sun * (0.88 - 0.4 * warm)
    if indoors:
        zenith: Colour = (0.75, 0.72, 0.68)
        horizon: Colour = (0.62, 0.58, 0.54)
    else:
        zenith = blended((0.12, 0.28, 0.66), (0.55, 0.6, 0.66), overcast)
        horizon = blended(blended((0.55, 0.68, 0.85), (0.72, 0.74, 0.77), overcast), (0.85, 0.6, 0.42), 0.6 * warm)
    made[surfaces.ZENITH : surfaces.ZENITH + 3] = [brightness * value for value in zenith]
    made[surfaces.HORIZON : surfaces.HORIZON + 3] = [brightness * value for value in horizon]
    made[surfaces.FILL] = 0.75
