"""How smooth, oriented and colored convolution filters are, in numbers that do not depend on their scale."""

from typing import Any

import numpy as np
from jaxtyping import Float

from cnnviz_core.methods.bootstrap import difference_interval

_SAMPLES = 64  # of the frequency response in each direction, for what has no exact formula


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


def orientation_selectivity(filters: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, " n"]:
    """How much a filter prefers gratings of one direction: from 0 for none to 1 for one direction alone.

    One minus the circular variance of Ringach, Shapley and Hawken (2002, J. Neuroscience 22, p. 5640), that is
    |sum r exp(2i theta)| / sum r, where r is here the energy of the frequency response (as that of a linear filter to
    gratings), over all frequencies up to Nyquist's, which gratings of all directions have. NaN for a filter of zeros.
    """
    weights = filters.astype(np.float64)
    frequencies = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5  # cycles per pixel; none of them zero
    waves = [np.exp(-2j * np.pi * frequencies[:, None] * np.arange(size)) for size in weights.shape[2:]]
    energy = (np.abs(np.einsum("fh,nchw,gw->ncfg", waves[0], weights, waves[1], optimize=True)) ** 2).sum(axis=1)
    vertical, horizontal = np.meshgrid(frequencies, frequencies, indexing="ij")
    energy = energy * (np.hypot(vertical, horizontal) <= 0.5)
    turned = (energy * np.exp(2j * np.arctan2(vertical, horizontal))).sum(axis=(1, 2))
    return _ratio(np.abs(turned), energy.sum(axis=(1, 2)))


def color_share(filters: Float[np.ndarray, "n 3 h w"]) -> Float[np.ndarray, " n"]:
    """Share of the energy of each filter that is orthogonal to gray, the axis on which all channels are equal.

    0 for a filter that is blind to color, 1 for one that is blind to gray: its weights for red, green and blue add up
    to zero at each pixel. White noise gives 2/3 on average, two of three dimensions; NaN for a filter of zeros.
    """
    weights = filters.astype(np.float64)
    colored = weights - weights.mean(axis=1, keepdims=True)
    return _ratio((colored**2).sum(axis=(1, 2, 3)), (weights**2).sum(axis=(1, 2, 3)))


def mixtures(filters: Float[np.ndarray, "n c h w"], rng: np.random.Generator) -> Float[np.ndarray, "n c h w"]:
    """As many random mixtures of the filters, each of which enters with the same energy.

    They are as smooth and as colored as the filters are on average, and span the same patterns: a control for what is
    special about single filters. What smoothness alone brings about, they show too.
    """
    weights = filters.astype(np.float64).reshape(len(filters), -1)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    mixed = rng.standard_normal((len(filters), len(filters))) @ (weights / np.where(lengths > 0, lengths, 1))
    return mixed.reshape(filters.shape)


def smoothness(
    weights: Float[np.ndarray, "n c h w"], control: Float[np.ndarray, "n c h w"], rng: np.random.Generator, draws: int
) -> dict[str, Any]:
    """Both measures of smoothness: means of network and control, and how much less the network has.

    `..._less` is the bootstrap interval, over filters that are not all zero, of the control's mean minus the network's.
    """
    found: dict[str, Any] = {"zero_filters": int((~weights.any(axis=(1, 2, 3))).sum())}
    for name, measure in (("high_frequency", high_frequency_share), ("variation", total_variation)):
        ours, theirs = (known(measure(filters)) for filters in (weights, control))
        found[f"{name}_here"], found[f"{name}_random"] = float(ours.mean()), float(theirs.mean())
        found[f"{name}_less"] = list(difference_interval(theirs, ours, rng, draws=draws))
    return found


def known(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
    """The values that are not NaN."""
    found: np.ndarray = values[~np.isnan(values)]
    return found


def _ratio(above: Float[np.ndarray, " n"], below: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    ratio = np.full(len(below), np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
