"""How much of a picture lies in few of its pixels."""

from math import ceil

import numpy as np
from jaxtyping import Float


def brightest_share(pictures: Float[np.ndarray, "n c h w"], share: float) -> Float[np.ndarray, " n"]:
    """Share of the energy, the sum of squares over all channels, in that share of the pixels with most of it.

    Every picture of noise has more there than `share` itself. Not a number (nan) for a picture of zeros.
    """
    energy = np.sort((pictures.astype(np.float64) ** 2).sum(axis=1).reshape(len(pictures), -1), axis=1)[:, ::-1]
    total = energy.sum(axis=1)
    brightest = energy[:, : ceil(share * energy.shape[1])].sum(axis=1)
    return np.asarray(np.divide(brightest, total, out=np.full(len(total), np.nan), where=total > 0))
