"""Top-k accuracy against counting by sorting."""

import numpy as np
import pytest

from cnnviz_core.methods.accuracy import top_k_accuracy


@pytest.mark.parametrize("k", [1, 3, 5])
def test_top_k_accuracy_counts_as_sorting_does(k: int) -> None:
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(200, 12)), rng.integers(0, 12, 200)
    right = [target in np.argsort(-row)[:k] for row, target in zip(logits, targets, strict=True)]
    assert top_k_accuracy(logits, targets, k) == pytest.approx(np.mean(right))
    assert 0 < top_k_accuracy(logits, targets, k) < 1
