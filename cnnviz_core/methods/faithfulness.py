"""What curves of deletion and insertion, and places on an object, say of each of several maps, beside random ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from cnnviz_core.methods.blind_maps import RANDOM
from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.removal import area_under
from cnnviz_core.methods.wilson import wilson_interval

Curves = Float[np.ndarray, "n maps steps"]


def number(values: Float[np.ndarray, " n"], rng: np.random.Generator) -> dict[str, Any]:
    """The mean over images and its interval."""
    return {"mean": float(values.mean()), "interval": list(mean_interval(values, rng))}


def by_map(
    names: Sequence[str],
    shares: Float[np.ndarray, " steps"],
    deletion: tuple[Curves, Curves],
    insertion: tuple[Curves, Curves],
    rng: np.random.Generator,
) -> dict[str, dict[str, Any]]:
    """By map, of curves of the probability and of the raw score: areas, and how far they are above random orders.

    `above` has, for each kind of random map, the area under insertion less that under deletion, both of P, minus the
    same for the random map on the same image.
    """
    areas = area_under(deletion[0], shares), area_under(insertion[0], shares)
    gap = areas[1] - areas[0]
    return {
        name: {
            "deletion": number(areas[0][:, k], rng),
            "insertion": number(areas[1][:, k], rng),
            "deletion_score": score_left(deletion[1][:, k], shares, (-1, 0), rng),
            "insertion_score": score_left(insertion[1][:, k], shares, (0, -1), rng),
            "gap": float(gap[:, k].mean()),
            "above": {
                blind: number(gap[:, k] - gap[:, names.index(blind)], rng) for blind in RANDOM if blind != name
            },
        }
        for k, name in enumerate(names)
    }  # fmt: skip


def score_left(
    curves: Float[np.ndarray, "n steps"],
    shares: Float[np.ndarray, " steps"],
    ends: tuple[int, int],
    rng: np.random.Generator,
) -> dict[str, Any] | None:
    """The area under the mean curve of the raw score, which is 0 at its lower of two ends and 1 at the other.

    Both are those of all images together, since single images may have little between them. None where the mean score
    at the lower end is not lower.
    """
    low, high = (curves[:, end] for end in ends)
    scale = float((high - low).mean())
    return None if scale <= 0 else number((area_under(curves, shares) - low) / scale, rng)


def on_object(
    names: Sequence[str], hit: Bool[np.ndarray, "n maps"], ratio: Float[np.ndarray, "n maps"], rng: np.random.Generator
) -> dict[str, Mapping[str, Any]]:
    """By map: how often it points at the object, how much larger it is there, and how far above the map of edges."""
    edges = ratio[:, names.index("edges")]
    return {
        name: {
            "pointing": {
                "mean": float(hit[:, k].mean()),
                "interval": list(wilson_interval(int(hit[:, k].sum()), len(hit))),
            },
            "ratio": number(ratio[:, k], rng),
            "above_edges": number(ratio[:, k] - edges, rng),
        }
        for k, name in enumerate(names)
    }
