"""Textures out of whole-number hashes: the same on every processor. All are functions of place, in [0, 1]."""

import math

import numpy as np

from cnnviz_core.world.compiled import compiled

_A, _B, _C, _D = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9), 2.0**-53
_SIZES = (0.11, 0.59, 0.19, 1.03, 0.34, 0.14, 0.8)  # of the discs, front to back
_S29, _S32, _S11 = np.uint64(29), np.uint64(32), np.uint64(11)


@compiled
def hashed(i: int, j: int, k: int) -> float:
    """A number in [0, 1) for three whole numbers, without visible pattern (the finalizer of Steele et al. 2014)."""
    bits = np.uint64(i) * _A ^ np.uint64(j) * _B ^ np.uint64(k) * _C
    bits = (bits ^ (bits >> _S32)) * _A
    bits = (bits ^ (bits >> _S29)) * _B
    return float((bits ^ (bits >> _S32)) >> _S11) * _D


@compiled
def smooth(x: float) -> float:
    """From 0 to 1 for x from 0 to 1, level at both ends, and constant outside."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


@compiled
def value2(x: float, y: float, seed: int) -> float:
    """Smooth noise of the plane with features of size 1."""
    i, j = np.floor(x), np.floor(y)
    u, v = smooth(x - i), smooth(y - j)
    a, b = int(i), int(j)
    low = hashed(a, b, seed) * (1 - u) + hashed(a + 1, b, seed) * u
    high = hashed(a, b + 1, seed) * (1 - u) + hashed(a + 1, b + 1, seed) * u
    return low * (1 - v) + high * v


@compiled
def value3(x: float, y: float, z: float, seed: int) -> float:
    """Smooth noise of space with features of size 1."""
    k = np.floor(z)
    w = smooth(z - k)
    c = int(k) * 7919 + seed
    return value2(x, y, c) * (1 - w) + value2(x, y, c + 7919) * w


@compiled
def cloudy(x: float, y: float, seed: int, octaves: int, width: float) -> float:
    """Noise of many sizes, the finer the weaker.

    Octaves finer than `width`, the size of a pixel in the plane, fade out, so that nothing flickers.
    """
    total, weights, amplitude, frequency = 0.0, 0.0, 1.0, 1.0
    for octave in range(octaves):
        kept = 1.0 - smooth(2.0 * width * frequency - 0.5)
        weights += amplitude
        if kept > 0.0:
            total += amplitude * (0.5 + kept * (value2(x * frequency, y * frequency, seed + octave) - 0.5))
        else:
            total += amplitude * 0.5
        amplitude *= 0.68
        frequency *= 2.03
    return total / weights


@compiled
def cell(x: float, y: float, seed: int) -> tuple[float, float, float]:
    """Distance to the nearest and the second nearest of scattered points, and a number of its own for the nearest."""
    i, j = int(np.floor(x)), int(np.floor(y))
    first, second, own = 9.0, 9.0, 0.0
    for a in range(i - 1, i + 2):
        for b in range(j - 1, j + 2):
            dx, dy = a + hashed(a, b, seed) - x, b + hashed(a, b, seed + 1) - y
            distance = dx * dx + dy * dy
            if distance < first:
                first, second, own = distance, first, hashed(a, b, seed + 2)
            elif distance < second:
                second = distance
    return math.sqrt(first), math.sqrt(second), own


@compiled
def leaves(x: float, y: float, seed: int, width: float) -> tuple[float, float]:
    """Dead leaves: discs of many sizes that hide each other (Lee, Mumford and Huang 2001).

    Returns a number of its own for the disc that is seen at (x, y), and the place on it from its middle, 0, to its
    edge, 1. Discs smaller than `width` are left out.
    """
    for layer in range(7):
        size = _SIZES[layer]
        if size < width:
            continue
        u, v = x / size * 0.5, y / size * 0.5
        i, j = int(np.floor(u)), int(np.floor(v))
        best, own = 9.0, 0.0
        for a in range(i - 1, i + 2):
            for b in range(j - 1, j + 2):
                s = seed + layer * 31
                if hashed(a, b, s + 3) > 0.62:
                    continue
                dx, dy = a + hashed(a, b, s) - u, b + hashed(a, b, s + 1) - v
                radius = 0.3 + 0.35 * hashed(a, b, s + 4)
                place = (dx * dx + dy * dy) / (radius * radius)
                if place < 1.0 and hashed(a, b, s + 2) < best:
                    best, own = hashed(a, b, s + 2), hashed(a, b, s + 5)
                    edge = place
        if best < 9.0:
            return own, edge
    return hashed(int(np.floor(x)), int(np.floor(y)), seed + 99), 0.5
