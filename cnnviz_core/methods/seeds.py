"""Pixels that surely belong to the object, or surely do not, by their saliency."""

import numpy as np
from jaxtyping import Bool, Float

Mask = Bool[np.ndarray, "h w"]


def quantile_seeds(values: Float[np.ndarray, "h w"], *, above: float, below: float) -> tuple[Mask, Mask]:
    """Foreground: values above that quantile of the map. Background: values below that one.

    Simonyan, Vedaldi and Zisserman 2014, section 3.2. Where so many pixels share the largest value that none is above
    the quantile, these are the foreground, and those of the smallest value likewise the background. A map of one
    value says nothing: both are empty.
    """
    if values.min() == values.max():
        nothing = np.zeros(values.shape, dtype=bool)
        return nothing, nothing.copy()
    high, low = values > np.quantile(values, above), values < np.quantile(values, below)
    return high if high.any() else values == values.max(), low if low.any() else values == values.min()


def tied(values: Float[np.ndarray, "h w"], quantile: float) -> float:
    """Share of the pixels that have exactly the value at the quantile, by which a share of seeds may be off."""
    return float((values == np.quantile(values, quantile, method="nearest")).mean())
