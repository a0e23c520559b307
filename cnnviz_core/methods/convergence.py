"""When the features of a network come to be what they are at the end of training, and how pictures of them change."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from cnnviz_core.methods.bootstrap import pairs_interval
from cnnviz_core.methods.spearman import spearman


def correlations(first: Float[np.ndarray, "n c"], second: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "c d"]:
    """Correlation of every feature of one network with every feature of another, over the same n inputs.

    The similarity of units of Li et al. (Convergent Learning, 2016, sec. 2): the cosine of their activations, each
    less its mean, so that two features are not alike merely because both are positive. 0 for one that never varies.
    """
    found: np.ndarray = _standard(first).T @ _standard(second)
    return found


def _standard(values: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n c"]:
    centered = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    size = np.sqrt((centered**2).sum(axis=0))
    constant = size <= 1e-6 * np.sqrt((values.astype(np.float64) ** 2).sum(axis=0))
    standard: np.ndarray = np.where(constant, 0, centered / np.where(constant, 1, size))
    return standard


def converged_at(similarity: Float[np.ndarray, "times c"], level: float) -> Int[np.ndarray, " c"]:
    """Index of the first time from which on a feature's similarity to its last state is never below `level` again.

    The last time for one that never gets there: it counts as converged when training ends.
    """
    settled = np.minimum.accumulate(similarity[::-1] >= level, axis=0)[::-1]
    settled[-1] = True
    first: np.ndarray = settled.argmax(axis=0)
    return first


def own_similarity(states: Sequence[Float[np.ndarray, "n c"]]) -> Float[np.ndarray, "times c"]:
    """Correlation of each feature at each time with itself at the last time, over the same n inputs."""
    last = _standard(states[-1])
    return np.stack([(_standard(state) * last).sum(axis=0) for state in states])


def unrelated_similarity(state: Float[np.ndarray, "n c"]) -> float:
    """Mean correlation of two different features of one network: what similarity says of features without relation."""
    count = state.shape[1]
    found = correlations(state, state)
    return float((found.sum() - np.trace(found)) / max(count * (count - 1), 1))


def varying(state: Float[np.ndarray, "n c"]) -> Int[np.ndarray, " some"]:
    """The features that are not the same for all inputs."""
    return np.flatnonzero(np.ptp(state, axis=0) > 0)


def settling(
    states: Sequence[Sequence[Float[np.ndarray, "_ _"]]], times: Sequence[float], level: float, rng: np.random.Generator
) -> dict[str, Any]:
    """When the features of each layer settle, from their states by time and layer, and whether upper ones do so later.

    Features that do not vary in the end are left out. `similarity` is the mean of `own_similarity`, `settled` the share
    of features that have settled (times, layers); `epoch` is the median of a layer. `order` is the rank correlation of
    the depth of a feature with the moment at which it settles, 0 with a reason where it is undefined.
    """
    kept = [varying(layer) for layer in states[-1]]
    similar = [own_similarity([state[k][:, some] for state in states]) for k, some in enumerate(kept)]
    settled = [converged_at(each, level) for each in similar]
    depth = np.repeat(np.arange(len(kept)), [len(some) for some in kept]).astype(float)
    when = np.concatenate(settled).astype(float)
    order = spearman(depth, when)
    known = not np.isnan(order)
    return {
        "similarity": np.stack([each.mean(axis=1) for each in similar], axis=1),
        "settled": np.stack([(each <= np.arange(len(times))[:, None]).mean(axis=1) for each in settled], axis=1),
        "layers": [
            {
                "features": len(some),
                "epoch": float(np.median(np.array(times)[settled[k]])),
                "similarity_at_start": float(similar[k][0].mean()),
                "unrelated": unrelated_similarity(states[-1][k][:, some]),
            }
            for k, some in enumerate(kept)
        ],
        "order": order if known else 0.0,
        "order_interval": list(pairs_interval(spearman, depth, when, rng)) if known else [0.0, 0.0],
        "order_undecided": "" if known else "all features settle at the same moment",
    }


def changes(pictures: Float[np.ndarray, "n times *shape"]) -> Float[np.ndarray, "n steps"]:
    """One minus the cosine of each picture and the next; NaN where one of them is zero."""
    flat = pictures.reshape(*pictures.shape[:2], -1).astype(np.float64)
    lengths = np.linalg.norm(flat, axis=2)
    size = lengths[:, 1:] * lengths[:, :-1]
    cosine = (flat[:, 1:] * flat[:, :-1]).sum(axis=2) / np.where(size > 0, size, np.nan)
    found: np.ndarray = 1 - cosine
    return found
