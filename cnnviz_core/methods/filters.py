"""How smooth the weights of convolution filters are, in numbers that do not depend on their scale."""

from typing import Any

import numpy as np
from jaxtyping import Float

from cnnviz_core.methods.bootstrap import difference_interval


def _low_pass(size: int) -> Float[np.ndarray, "size size"]:
    """The quadratic form that gives the energy of a filter's response at frequencies up to half of Nyquist's.

    Parseval: the integral of |H(f)|^2 over |f| <= 1/4 cycles per pixel is w'Sw with S_ij = sinc((i - j) / 2) / 2
    (the concentration problem of Slepian 1978, bandwidth 1/4).
    """
    steps = np.arange(size)
    return np.sinc((steps[:, None] - steps[None, :]) / 2) / 2


def high_frequency_share(filters: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, " n"]:
    """Share of the energy of each filter's frequency response above half the Nyquist frequency in either direction.

    White noise gives 3/4 on average whatever the size of the filter, a constant filter nearly 0 when it is large; NaN
    for a filter of zeros. Exact: an integral over all frequencies, not only those of the filter's own grid.
    """
    weights = filters.astype(np.float64)
    vertical, horizontal = _low_pass(weights.shape[2]), _low_pass(weights.shape[3])
    low = np.einsum("nchw,hi,wj,ncij->n", weights, vertical, horizontal, weights, optimize=True)
    return 1 - _ratio(low, (weights**2).sum(axis=(1, 2, 3)))


def total_variation(filters: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, " n"]:
    """Mean absolute difference of neighboring weights, vertical and horizontal, over the filter's root mean square.

    Anisotropic total variation (Rudin, Osher and Fatemi 1992) per pair of neighbors. White Gaussian noise gives
    2 / sqrt(pi) = 1.13 on average, a constant filter 0; NaN for a filter of zeros.
    """
    weights = filters.astype(np.float64)
    vertical, horizontal = np.abs(np.diff(weights, axis=2)), np.abs(np.diff(weights, axis=3))
    pairs = (vertical.size + horizontal.size) / len(weights)
    variation = (vertical.sum(axis=(1, 2, 3)) + horizontal.sum(axis=(1, 2, 3))) / pairs
    return _ratio(variation, np.sqrt((weights**2).mean(axis=(1, 2, 3))))


def smoothness(
    weights: Float[np.ndarray, "n c h w"], control: Float[np.ndarray, "n c h w"], rng: np.random.Generator, draws: int
) -> dict[str, Any]:
    """Both measures of the filters that are not all zero: means of network and control, and how much less it has.

    `..._less` is the bootstrap interval, over filters, of the control's mean minus the network's.
    """
    found: dict[str, Any] = {"zero_filters": int((~weights.any(axis=(1, 2, 3))).sum())}
    for name, measure in (("high_frequency", high_frequency_share), ("variation", total_variation)):
        ours, theirs = (values[~np.isnan(values)] for values in (measure(weights), measure(control)))
        found[f"{name}_here"], found[f"{name}_random"] = float(ours.mean()), float(theirs.mean())
        found[f"{name}_less"] = list(difference_interval(theirs, ours, rng, draws=draws))
    return found


def _ratio(above: Float[np.ndarray, " n"], below: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    ratio = np.full(len(below), np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
