"""Which of some coarse categories a classifier of finer classes decides for."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int


def category_means(
    logits: Float[np.ndarray, "n outputs"], members: Sequence[Sequence[int]]
) -> Float[np.ndarray, "n categories"]:
    """The mean probability of the outputs that make up each category (Geirhos et al. 2019, section 2.2)."""
    shares = torch.from_numpy(logits).double().softmax(1).numpy()
    return np.stack([shares[:, list(outputs)].mean(axis=1) for outputs in members], axis=1)


def decisions(means: Float[np.ndarray, "n categories"], *, most: int) -> Int[np.ndarray, "n most"]:
    """The categories from the highest mean down, the earlier one first where two are equal; filled up with -1."""
    order = np.argsort(-means, axis=1, kind="stable")[:, :most]
    return np.pad(order, ((0, 0), (0, most - order.shape[1])), constant_values=-1)
