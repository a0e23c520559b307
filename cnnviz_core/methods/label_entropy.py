"""How mixed the labels of a few images are."""

import numpy as np
from jaxtyping import Float, Int


def label_entropy(labels: Int[np.ndarray, "groups n"]) -> Float[np.ndarray, " groups"]:
    """Shannon entropy in bits of the labels of each group: 0 where all are equal, log2(n) where all differ."""
    shares = [np.unique(group, return_counts=True)[1] / labels.shape[1] for group in labels]
    return np.array([float(-(share * np.log2(share)).sum()) + 0.0 for share in shares])
