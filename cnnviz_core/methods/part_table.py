"""Which changes are compared with which in table 1 of Zeiler and Fergus, and with controls that know only the place."""

from typing import Any

import numpy as np
from jaxtyping import Float

from cnnviz_core.methods.bootstrap import percentiles
from cnnviz_core.methods.part_changes import sign_distances, signs

ROWS = {
    "part": "the same part",
    "mixed": "different parts",
    "elsewhere": "the same places, other images",
    "random": "random places",
}


def distances(changes: Float[np.ndarray, "n masks d"], size: float) -> Float[np.ndarray, "masks masks n n"]:
    """How far the change of image i by the first mask is from that of image j by the second."""
    n, masks, features = changes.shape
    found = signs(changes.reshape(n * masks, features), size)
    every: np.ndarray = sign_distances(found, found).reshape(n, masks, n, masks).transpose(1, 3, 0, 2)
    return every


def faults(found: Float[np.ndarray, "measures masks masks n n"]) -> tuple[float, float]:
    """The largest distance of a change to itself, and the largest difference between the two orders."""
    own = np.diagonal(np.diagonal(found, axis1=1, axis2=2), axis1=1, axis2=2)
    return float(own.max()), float(np.abs(found - found.transpose(0, 2, 1, 4, 3)).max())


def table_rows(
    found: Float[np.ndarray, "measures masks masks n n"], parts: int
) -> Float[np.ndarray, "measures rows n n"]:
    """Of each part alone, and then as named in `ROWS`; the masks are of the parts, of those elsewhere, and random."""
    own = np.stack([found[:, k, k] for k in range(2 * parts)], axis=1)
    apart = ~np.eye(parts, dtype=bool)
    means = [
        own[:, :parts].mean(axis=1),
        found[:, :parts, :parts][:, apart].mean(axis=1),
        own[:, parts:].mean(axis=1),
        found[:, 2 * parts :, 2 * parts :].mean(axis=(1, 2)),
    ]
    return np.concatenate([own[:, :parts], np.stack(means, axis=1)], axis=1)


def over_classes(means: np.ndarray, drawn: np.ndarray, measures: int) -> dict[str, Any]:
    """Means over classes with intervals, and intervals of differences.

    `means` is (2 measures - 1, rows) and `drawn` has all draws before it: of the network, and of the same without its
    last measure for random weights.
    """

    def interval(values: np.ndarray) -> list[float]:
        return [float(value) for value in percentiles(values, 0.95)]

    rows = {row: k for k, row in enumerate(ROWS)}
    gaps, beyond = (
        [values[..., rows[row]] - values[..., rows["part"]] for values in (means, drawn)]
        for row in ("random", "elsewhere")
    )
    places_apart = measures - 2  # the totals, where there are maps
    untrained = measures + places_apart
    return {
        "delta": {row: means[:measures, k].tolist() for row, k in rows.items()},
        "delta_interval": {row: [interval(values) for values in drawn[:, :measures, k].T] for row, k in rows.items()},
        "gap": gaps[0][:measures].tolist(),
        "gap_untrained": float(gaps[0][measures]),
        "beyond": [float(beyond[0][places_apart]), float(beyond[0][untrained])],
        "intervals": {
            **{row: interval(drawn[:, 0, k] - drawn[:, 0, rows["part"]]) for row, k in rows.items() if row != "part"},
            "top": interval(gaps[1][:, 0] - gaps[1][:, measures - 1]),
            "untrained": interval(gaps[1][:, 0] - gaps[1][:, measures]),
            "beyond": interval(beyond[1][:, places_apart] - beyond[1][:, untrained]),
        },
    }
