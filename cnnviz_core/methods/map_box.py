"""A box around what a map is strongest on."""

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter

from cnnviz_core.methods.boxes import tight_box
from cnnviz_core.methods.components import largest_component


def map_box(values: Float[np.ndarray, "h w"], *, blur: float, share: float) -> Float[np.ndarray, " 4"]:
    """The box around the largest part of the map that exceeds `share` of its maximum, after a blur.

    As Zhou et al., Learning deep features for discriminative localization (2016), section 3.2, draw boxes around class
    activation maps. `blur` is the standard deviation as a share of the shorter side. The whole image where the map says
    nothing.
    """
    smooth = gaussian_filter(values.astype(float), blur * min(values.shape), mode="nearest")
    box = tight_box(largest_component(smooth > share * smooth.max())) if smooth.max() > 0 else None
    return np.array([0.0, 0.0, *values.shape]) if box is None else box
