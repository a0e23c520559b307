"""A map of codes: principal components, then t-SNE (van der Maaten and Hinton 2008), by scikit-learn."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from cnnviz_core.methods.perplexity import Nearness, divergence, nearness

START = 1e-4  # standard deviation along the first axis at the start, as in scikit-learn
JITTER = 0.01  # of that: equal codes must not stay together for ever, nor a map on a line


@dataclass(frozen=True)
class Map:
    """Points in the plane for codes, with what they were made from."""

    place: Float[np.ndarray, "n 2"]
    near: Nearness  # of the principal components
    perplexity: float
    kept: float  # the share of the variance of the codes that the principal components have
    divergence: float  # of P from Q, in nats, computed over all pairs
    divergence_at_start: float


def usual_perplexity(count: int) -> float:
    """For so many points: 30, or the largest that they allow, a third of the others, but above 1."""
    return max(min(30.0, (count - 1) / 3), 1.5)


def perplexity_problem(perplexity: float, count: int) -> str | None:
    """What is wrong with a perplexity for so many points, to be read after its value, or None."""
    if 1 < perplexity <= (count - 1) / 3:
        return None
    return f"must be above 1 and at most {(count - 1) / 3:.4g}, a third of the other {count - 1} images"


def principal(codes: Float[np.ndarray, "n d"], components: int, seed: int) -> tuple[Float[np.ndarray, "n c"], float]:
    """At most so many principal components of the codes, and the share of the variance that they have."""
    centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
    total = float((centred**2).sum())
    if total == 0:
        return centred[:, :1], 1.0
    count = min(components, *codes.shape)
    found = np.asarray(PCA(count, random_state=seed).fit_transform(centred))
    return found, min(float((found**2).sum()) / total, 1.0)


def tsne(
    codes: Float[np.ndarray, "n d"], *, perplexity: float, components: int, iterations: int, rng: np.random.Generator
) -> Map:
    """The map of the codes, the same for any number of threads.

    It starts from the first two principal components. scikit-learn's gradient of Barnes and Hut runs in one thread:
    several wait for each other on a busy machine, and a map of 5,000 points takes half a minute without them. A descent
    that ends higher than it began has found nothing, as for codes that are all equal: its start is the map.
    """
    points, kept = principal(codes, components, int(rng.integers(2**31)))
    start = _start(points, rng)
    with threadpool_limits(1):
        method = TSNE(
            perplexity=perplexity, init=start, max_iter=iterations, n_jobs=1, random_state=int(rng.integers(2**31))
        )
        place = np.asarray(method.fit_transform(points), dtype=np.float64)
    near, start = nearness(points, perplexity), start.astype(np.float64)
    before, after = divergence(near, start), divergence(near, place)
    return Map(place if after < before else start, near, perplexity, kept, min(after, before), before)


def _start(points: Float[np.ndarray, "n c"], rng: np.random.Generator) -> Float[np.ndarray, "n 2"]:
    plane = np.zeros((len(points), 2))
    plane[:, : points.shape[1]] = points[:, :2]
    spread = plane[:, 0].std()
    scaled = plane / spread if spread > 0 else plane
    return ((scaled + JITTER * rng.standard_normal(plane.shape)) * START).astype(np.float32)
