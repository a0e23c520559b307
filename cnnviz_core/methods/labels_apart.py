"""Places for the labels of points that lie close together."""

import numpy as np
from jaxtyping import Float


def labels_apart(
    points: Float[np.ndarray, "n 2"], *, least: float, size: tuple[float, float], rounds: int = 60
) -> Float[np.ndarray, "n 2"]:
    """A place (row, column) beside each point, away from the middle of all, at least about `least` from each other.

    Labels begin `least` outwards from their points; those that are nearer to each other, or to another point, than
    `least` are pushed apart, again and again. All stay in an image of `size`, at `least` / 2 from its border.
    """
    away = points - points.mean(axis=0, keepdims=True)
    turns = np.arange(len(points)) * 2.4  # a direction for points in the very middle, another for each
    away += 1e-3 * np.stack([np.sin(turns), np.cos(turns)], axis=1)
    places: np.ndarray = points + least * away / np.linalg.norm(away, axis=1, keepdims=True)
    for _ in range(rounds):
        places = places + _push(places, places, least) + _push(places, points, 0.8 * least)
        places = np.clip(places, least / 2, np.array(size) - 1 - least / 2)
    return places


def _push(places: np.ndarray, others: np.ndarray, least: float) -> np.ndarray:
    """Half a step away from all of `others` that are nearer than `least`."""
    between = places[:, None] - others[None]
    distance = np.linalg.norm(between, axis=2, keepdims=True)
    short = np.where((distance > 0) & (distance < least), least - distance, 0)
    return np.asarray((0.5 * short * between / np.maximum(distance, 1e-9)).sum(axis=1))
