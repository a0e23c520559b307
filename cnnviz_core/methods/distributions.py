"""How often the values of an attribute occur: words, whole numbers or numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped

OTHER = "other"


@dataclass(frozen=True)
class Distribution:
    """Counts of words or whole numbers (`labels`), or of numbers between `edges`, one more than counts."""

    counts: Int[np.ndarray, " bars"]
    missing: int  # values that are no finite number
    labels: tuple[str, ...] = ()
    edges: Float[np.ndarray, " edges"] | None = None


def distribution(
    values: Shaped[np.ndarray, " n"], orders: Sequence[Sequence[str]] = (), *, most: int = 10, bins: int = 24
) -> Distribution:
    """The distribution of words, or of numbers, whole ones of at most 16 kinds being counted one by one.

    Words stand in the first of the `orders` that has them all, else the most frequent first; beyond `most` of them
    the rest is `OTHER`. Numbers are counted in `bins` of equal width from the least to the largest.
    """
    if values.dtype.kind in "USOb":
        return _of_words(np.array([str(value) for value in values.tolist()]), orders, most)
    numbers = values.astype(float)
    finite = numbers[np.isfinite(numbers)]
    missing = len(numbers) - len(finite)
    if len(finite) and (finite == np.round(finite)).all() and np.ptp(finite) < 16:
        kinds = np.arange(int(finite.min()), int(finite.max()) + 1)
        counts = np.array([(finite == kind).sum() for kind in kinds])
        return Distribution(counts, missing, tuple(map(str, kinds.tolist())))
    counts, edges = np.histogram(finite, bins=bins)
    return Distribution(counts, missing, edges=edges)


def _of_words(words: np.ndarray, orders: Sequence[Sequence[str]], most: int) -> Distribution:
    kinds, counts = np.unique(words, return_counts=True)
    times = dict(zip(kinds.tolist(), counts.tolist(), strict=True))
    order = next((order for order in orders if set(times) <= set(order)), None)
    if order is not None:
        return Distribution(np.array([times.get(word, 0) for word in order]), 0, tuple(order))
    ranked = sorted(times, key=lambda word: -times[word])
    if len(ranked) > most:
        rest = sum(times[word] for word in ranked[most - 1 :])
        ranked, times = [*ranked[: most - 1], OTHER], {**times, OTHER: rest}
    return Distribution(np.array([times[word] for word in ranked]), 0, tuple(ranked))
