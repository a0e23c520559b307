"""How often a classifier is right."""

import numpy as np


def top_k_accuracy(logits: np.ndarray, targets: np.ndarray, k: int) -> float:
    """Share of the rows of (n, classes) in which fewer than k outputs are larger than the right one (n,)."""
    right = logits[np.arange(len(targets)), targets]
    return float(((logits > right[:, None]).sum(axis=1) < k).mean())
