"""What surfaces look like: patterns on objects, kinds of ground, and what closes the view behind them."""

import math

import numpy as np

from cnnviz_core.world.compiled import compiled
from cnnviz_core.world.distance import Array
from cnnviz_core.world.noise import cell, cloudy, hashed, leaves, smooth, value2, value3

PLAIN, MOTTLED, STRIPES, SPOTS, PATCHES, CHECKS, GRAIN, WEAVE, RIBS = range(9)
"""Patterns of two colours on an object."""

COLOUR, OTHER, PATTERN, FREQUENCY, GLOSS = 0, 3, 6, 7, 8
MATERIAL_WIDTH = 9
"""Columns of a material: its two colours (3 each, linear RGB); pattern; its frequency; gloss."""

GRASS, SAND, ASPHALT, WATER, PLANKS, TILES, LITTER, CLOTH = range(8)
"""Kinds of ground."""

HILLS, WOODS, HOUSES, SEA, PLASTER, WALLPAPER, BRICKS, PANELS = range(8)
"""Kinds of backdrops; from PLASTER on they are walls."""

GROUND, GROUND_COLOURS, GROUND_SCALE, BACKDROP, BACKDROP_COLOURS, BACKDROP_SCALE, WALL, SLANT, SEED = (
    0, 1, 7, 8, 9, 15, 16, 17, 18,
)  # fmt: skip
SUN, SUNLIGHT, ZENITH, HORIZON, HAZE, CLOUDS, FILL = 19, 22, 25, 28, 31, 32, 33
STAGE_WIDTH = 34
"""Numbers of a stage: kind, two colours and scale of the ground; kind, two colours and scale of the backdrop; distance
and slope of the wall; a number for its noise; direction and colour of the sun; colours of the sky above and at the
horizon; haze per unit of distance; cover of clouds; strength of the light from the sky."""


@compiled
def mixed(t: float, stage: Array, first: int) -> tuple[float, float, float]:
    """Between two colours that stand at `first` and three further on."""
    return (
        stage[first] * (1 - t) + stage[first + 3] * t,
        stage[first + 1] * (1 - t) + stage[first + 4] * t,
        stage[first + 2] * (1 - t) + stage[first + 5] * t,
    )


@compiled
def wave(x: float) -> float:
    """From 0 to 1 and back with period 1, smooth, without a sine, which processors round differently."""
    return smooth(2.0 * abs(x - np.floor(x) - 0.5))


@compiled
def pattern(kind: int, x: float, y: float, z: float, f: float, seed: int) -> float:
    """Which of its two colours a material has at a point of the object: from 0, the first, to 1, the second."""
    if kind == MOTTLED:
        n = value3(x * f, y * f, z * f, seed) * 0.6 + value3(x * f * 2.7, y * f * 2.7, z * f * 2.7, seed + 1) * 0.4
        return smooth(1.6 * n - 0.3)
    if kind == STRIPES:
        bend = 0.9 * (value3(x * 2.0, y * 2.0, z * 2.0, seed) - 0.5)
        return smooth(4.0 * wave(x * f * 0.5 + bend) - 1.5)
    if kind == SPOTS:
        n = value3(x * f, y * f, z * f, seed)
        return smooth((n - 0.55) * 14.0)
    if kind == PATCHES:
        n = value3(x * f * 0.45, y * f * 0.45, z * f * 0.45, seed)
        return smooth((n - 0.5) * 12.0 + 0.5)
    if kind == CHECKS:
        i, j, k = np.floor(x * f), np.floor(y * f), np.floor(z * f)
        return 1.0 if (int(i) + int(j) + int(k)) % 2 else 0.0
    if kind == GRAIN:
        bend = value3(x * 1.5, y * 0.4, z * 1.5, seed)
        return 0.25 + 0.6 * wave(bend * f * 0.5 + 0.15 * value3(x * 9.0, y * 2.0, z * 9.0, seed + 1))
    if kind == WEAVE:
        return 0.5 * wave(x * f + 0.5 * np.floor(y * f)) + 0.5 * wave(y * f + 0.37 * np.floor(z * f) + z * f)
    if kind == RIBS:
        return smooth(3.0 * wave(y * f * 0.5) - 1.0)
    return 0.0


@compiled
def ground(stage: Array, x: float, z: float, width: float) -> tuple[float, float, float]:
    """The colour of the ground at a place; `width` is the size of a pixel there."""
    kind, seed = int(stage[GROUND]), int(stage[SEED])
    f = stage[GROUND_SCALE]
    x, z, width = x * f, z * f, width * f
    t = cloudy(x * 0.8, z * 0.8, seed, 5, width)
    r, g, b = mixed(smooth(2.2 * t - 0.6), stage, GROUND_COLOURS)
    light = 1.0
    if kind == GRASS:
        fine = 1.0 - smooth(7.0 * width - 0.3)
        blade = value2(x * 26.0 + 3.0 * t, z * 9.0, seed + 20) - 0.5
        light = 1.0 + 1.1 * fine * blade
        near, _second, own = cell(x * 1.7, z * 1.7, seed + 40)
        if own > 0.8 and near < 0.11:
            warm = 0.5 + 0.5 * (1.0 if own > 0.9 else -1.0)
            r, g, b = 0.75, 0.68 * warm + 0.1, 0.15 + 0.5 * (1.0 - warm)
    elif kind == SAND:
        light = 0.86 + 0.28 * wave(z * 1.4 + 1.3 * t + 0.2 * x) * (1.0 - smooth(3.0 * width))
        light += 0.3 * (1.0 - smooth(14.0 * width - 0.3)) * (value2(x * 40.0, z * 40.0, seed + 21) - 0.5)
    elif kind == ASPHALT:
        light = 1.0 + 0.7 * (1.0 - smooth(14.0 * width - 0.3)) * (value2(x * 34.0, z * 34.0, seed + 22) - 0.5)
        lane = abs(z + 0.25 * x - 2.2 * hashed(seed, 3, 3))
        dash = x * 0.55 + hashed(seed, 4, 4)
        if lane < 0.12 and dash - np.floor(dash) < 0.6:
            r, g, b = 0.62, 0.6, 0.52
    elif kind == PLANKS:
        board = np.floor(z * 1.6)
        shade = hashed(int(board), seed, 7)
        grain = cloudy(x * 1.2 + 17.0 * shade, z * 14.0, seed + 23, 4, width * 4.0)
        r, g, b = mixed(min(max(0.25 + 0.5 * shade + 0.9 * (grain - 0.5), 0.0), 1.0), stage, GROUND_COLOURS)
        gap = abs(z * 1.6 - board - 0.5)
        light = 1.0 - 0.6 * smooth((gap - 0.46) * 40.0) * (1.0 - smooth(5.0 * width))
    elif kind == TILES:
        i, j = np.floor(x * 1.1), np.floor(z * 1.1)
        odd = (int(i) + int(j)) % 2
        r, g, b = mixed(0.15 * t + (0.85 if odd else 0.0), stage, GROUND_COLOURS)
        edge = max(abs(x * 1.1 - i - 0.5), abs(z * 1.1 - j - 0.5))
        light = 1.0 - 0.45 * smooth((edge - 0.46) * 50.0) * (1.0 - smooth(5.0 * width))
    elif kind == LITTER:
        own, place = leaves(x * 1.3, z * 1.3, seed, 3.0 * width)
        r, g, b = mixed(own, stage, GROUND_COLOURS)
        light = (0.75 + 0.5 * hashed(int(own * 4096.0), 1, seed)) * (1.1 - 0.35 * place)
    elif kind == CLOTH:
        s = smooth(3.0 * wave(x * 1.1) - 1.0) * 0.5 + smooth(3.0 * wave(z * 1.1) - 1.0) * 0.5
        r, g, b = mixed(s, stage, GROUND_COLOURS)
        light = 1.0 + 0.25 * (1.0 - smooth(12.0 * width)) * (wave(x * 14.0) * wave(z * 14.0) - 0.25)
    return r * light, g * light, b * light


@compiled
def _sky(stage: Array, x: float, y: float, z: float) -> tuple[float, float, float]:
    up = smooth(1.6 * y)
    r = stage[HORIZON] * (1 - up) + stage[ZENITH] * up
    g = stage[HORIZON + 1] * (1 - up) + stage[ZENITH + 1] * up
    b = stage[HORIZON + 2] * (1 - up) + stage[ZENITH + 2] * up
    n = cloudy(1.3 * x / (y + 0.25), 1.3 * z / (y + 0.25), int(stage[SEED]) + 60, 5, 0.02)
    c = smooth(5.0 * (n - 0.62 + 0.35 * stage[CLOUDS])) * smooth(6.0 * y)
    white = 0.55 * (stage[HORIZON] + stage[HORIZON + 1] + stage[HORIZON + 2]) / 3.0 + 0.4
    return r + c * (white - r), g + c * (white - g), b + c * (white - b)


@compiled
def _ridge(stage: Array, a: float, e: float, width: float) -> tuple[float, float, float, float]:
    """What stands at the horizon at azimuth a and elevation e (tangents), and how much of it: 0 is sky."""
    kind, seed, f = int(stage[BACKDROP]), int(stage[SEED]), stage[BACKDROP_SCALE]
    if kind == HOUSES:
        for row in range(2):
            u = a * f * (3.0 - row) + 5.0 * row
            i = np.floor(u)
            tall = (0.16 + 0.3 * hashed(int(i), seed, 70 + row)) * (0.75 + 0.25 * row) / f
            roof = 0.1 * (1.0 - abs(2.0 * (u - i) - 1.0)) / f if hashed(int(i), seed, 76) > 0.5 else 0.0
            if e < tall + roof:
                own = hashed(int(i), seed, 72 + row)
                r, g, b = mixed(own, stage, BACKDROP_COLOURS)
                p, q = (u - i) * 4.0, e * f * 22.0
                pane = max(abs(p - np.floor(p) - 0.5), abs(q - np.floor(q) - 0.5))
                light = 0.8 + 0.3 * hashed(int(i), seed, 74)
                if e > tall:
                    r, g, b = 0.35 * r + 0.1, 0.3 * g, 0.3 * b
                elif pane < 0.27:
                    light *= 0.35 + 0.5 * hashed(int(np.floor(p)) + 9 * int(i), int(np.floor(q)), seed + 75)
                light *= 1.0 - 0.25 * row
                return r * light, g * light, b * light, 1.0
        return 0.0, 0.0, 0.0, 0.0
    layers = 1 if kind == SEA else 3
    for layer in range(layers):
        base = (0.02, 0.07, 0.13)[layer] * (1.0 if kind != WOODS else 2.6) + 0.02
        if kind == SEA:
            base = 0.012
        u = a * f * (2.2 - 0.6 * layer) + 31.0 * layer
        top = base + (0.1 if kind != WOODS else 0.16) / f * (cloudy(u, 0.5, seed + 80 + layer, 5, width * f) - 0.35)
        if e < top:
            r, g, b = mixed(0.35 * layer, stage, BACKDROP_COLOURS)
            if kind == WOODS:
                own, place = leaves(a * f * 7.0 + 13.0 * layer, e * f * 7.0, seed + 85 + layer, 10.0 * width)
                r, g, b = mixed(own * 0.8, stage, BACKDROP_COLOURS)
                light = (0.45 + 0.75 * hashed(int(own * 4096.0), 2, seed)) * (1.1 - 0.4 * place)
                stem = wave(a * f * 1.9 + 0.4 * value2(a * 3.0, e * 4.0, seed + 88))
                if e < 0.4 * top and stem > 0.86:
                    r, g, b, light = 0.09, 0.065, 0.045, 0.8
            else:
                light = 0.7 + 0.6 * (cloudy(u * 5.0, e * f * 26.0, seed + 90, 4, width * f * 6.0) - 0.3)
            veil = (0.1, 0.38, 0.6)[layer] * (0.5 if kind == WOODS else 1.0)
            return (
                r * light * (1 - veil) + stage[HORIZON] * veil,
                g * light * (1 - veil) + stage[HORIZON + 1] * veil,
                b * light * (1 - veil) + stage[HORIZON + 2] * veil,
                1.0,
            )
    return 0.0, 0.0, 0.0, 0.0


@compiled
def far_away(stage: Array, x: float, y: float, z: float, width: float) -> tuple[float, float, float]:
    """What is seen in a direction in which nothing is near: the sky, and what stands at the horizon."""
    a, e = x / max(z, 0.2), y / max(z, 0.2)
    if e < 1.2:
        r, g, b, there = _ridge(stage, a, e, width)
        if there > 0.0:
            return r, g, b
    return _sky(stage, x, max(y, 0.0), z)


@compiled
def wall(stage: Array, x: float, y: float, width: float) -> tuple[float, float, float]:
    """The colour of the wall at a place along it and a height."""
    kind, seed, f = int(stage[BACKDROP]), int(stage[SEED]), stage[BACKDROP_SCALE]
    t = cloudy(x * 0.7, y * 0.7, seed + 50, 5, width)
    r, g, b = mixed(0.5 * smooth(2.0 * t - 0.5), stage, BACKDROP_COLOURS)
    u, v, light = x * f, y * f, 0.92 + 0.16 * t
    clear = 1.0 - smooth(4.0 * width * f)
    if kind == WALLPAPER:
        if hashed(seed, 5, 5) < 0.5:
            s = smooth(3.0 * wave(u * 1.2) - 1.0)
        else:
            i, j = np.floor(u * 1.5), np.floor(v * 1.5)
            p, q = u * 1.5 - i - 0.5, v * 1.5 - j - 0.5
            s = smooth(8.0 * (0.3 - math.sqrt(p * p + q * q)))
        r, g, b = mixed(s * clear + 0.5 * (1.0 - clear), stage, BACKDROP_COLOURS)
    elif kind == BRICKS:
        j = np.floor(v * 3.4)
        p = u * 1.5 + 0.5 * (int(j) % 2)
        i = np.floor(p)
        r, g, b = mixed(hashed(int(i), int(j), seed + 51), stage, BACKDROP_COLOURS)
        edge = max((abs(p - i - 0.5) - 0.5) / 1.5 + 0.5, abs(v * 3.4 - j - 0.5))
        mortar = smooth((edge - 0.4) * 22.0) * clear
        light *= 0.85 + 0.3 * hashed(int(i), int(j), seed + 52)
        r, g, b = r + mortar * (0.42 - r), g + mortar * (0.4 - g), b + mortar * (0.37 - b)
    elif kind == PANELS:
        i = np.floor(u * 1.3)
        own = hashed(int(i), seed, 53)
        grain = cloudy(u * 9.0 + 7.0 * own, v * 0.8, seed + 54, 4, width * f * 4.0)
        r, g, b = mixed(min(max(0.2 + 0.6 * own + 0.8 * (grain - 0.5), 0.0), 1.0), stage, BACKDROP_COLOURS)
        light *= 1.0 - 0.5 * smooth((abs(u * 1.3 - i - 0.5) - 0.45) * 30.0) * clear
    if y < 0.16 and kind != BRICKS:
        r, g, b, light = 0.55, 0.53, 0.5, 0.9 if y < 0.14 else 0.5
    return r * light, g * light, b * light
