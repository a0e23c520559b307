"""Which images of many to show."""

from collections import Counter

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
