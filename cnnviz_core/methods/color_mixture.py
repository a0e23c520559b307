"""How likely a color is among those of some pixels, by a mixture of Gaussians.

The color models of Rother, Kolmogorov and Blake, GrabCut, 2004, section 3.
"""

import warnings

import numpy as np
from jaxtyping import Bool, Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

NARROWEST = 1e-4  # least variance in any direction: 2.5 of 255 levels


def color_cost(
    image: Float[np.ndarray, "3 h w"], seeds: Bool[np.ndarray, "h w"], *, parts: int, seed: int
) -> Float[np.ndarray, "h w"]:
    """-log p(color) of every pixel, with a density of `parts` Gaussians fitted to the colors (0 to 1) of the seeds.

    There must be at least two seeds; fewer Gaussians are fitted where there are fewer different colors. The same
    `seed` gives the same result.
    """
    colors = image[:, seeds].T.astype(float)
    parts = min(parts, len(np.unique(colors, axis=0)))
    mixture = GaussianMixture(
        parts, reg_covar=NARROWEST, init_params="k-means++", max_iter=50, tol=1e-2, random_state=seed
    )
    with warnings.catch_warnings(), threadpool_limits(1):  # for matrices this small more threads only wait
        warnings.simplefilter("ignore", ConvergenceWarning)  # 50 rounds are enough for a color model
        mixture.fit(colors)
    found: np.ndarray = -mixture.score_samples(image.reshape(3, -1).T.astype(float))
    return found.reshape(image.shape[1:])
