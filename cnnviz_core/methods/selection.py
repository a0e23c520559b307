"""Which images of many to show, and which moments."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Int


def of_confidence(
    probabilities: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"] | None, *, level: float, count: int
) -> list[int]:
    """The `count` images whose highest probability is nearest to `level`, of as many predicted classes as there are.

    Wrongly classified images come last, where `labels` says what is right.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.zeros(len(predicted), dtype=bool) if labels is None else predicted != labels
    seen: Counter[int] = Counter()
    ranked = []
    for k in np.lexsort((np.abs(confidence - level), wrong)):
        ranked.append((bool(wrong[k]), seen[predicted[k]], int(k)))
        seen[predicted[k]] += 1
    return [k for *_, k in sorted(ranked, key=lambda entry: entry[:2])[:count]]


def spaced(times: Iterable[float], count: int) -> list[float]:
    """At most `count` of the times (at least 0) in order, the first and last among them, evenly in log(1 + time).

    Learning is fast at first: most is to be seen where equal steps of time would have few moments.
    """
    left = sorted(times)
    if len(left) <= max(count, 2):
        return left
    first, last = np.log1p(left[0]), np.log1p(left[-1])
    chosen = []
    for target in np.linspace(first, last, max(count, 2)):
        nearest = min(left, key=lambda time: abs(np.log1p(time) - target))
        chosen.append(nearest)
        left.remove(nearest)
    return sorted(chosen)
