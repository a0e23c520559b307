"""A classifier that is sure only near what it knows: one radial basis function for each class.

Goodfellow, Shlens and Szegedy, Explaining and Harnessing Adversarial Examples, 2015, section 7.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import cdist

RANGE = 1e4  # how far beta may be from one over the median squared distance, as a factor
TINY = 1e-300


@dataclass(frozen=True)
class Radial:
    """For each class a probability of its own, exp(-beta d^2) at the distance d from its center.

    They need not sum to 1. Normalized to do so they would be the softmax of a linear function of the features, and as
    sure far away as that is.
    """

    centers: Float[np.ndarray, "classes d"]
    beta: float

    def probabilities(self, features: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n classes"]:
        return np.asarray(np.exp(-self.beta * cdist(features, self.centers, "sqeuclidean")))


def fitted(features: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"], classes: int) -> Radial:
    """The centers are the means of the classes, and beta is that under which the labels are most likely.

    Each class is a question of its own, yes or no. The logarithm of the likelihood is concave in beta. Where all
    features are the same, beta is 1.
    """
    centers = np.stack([features[labels == k].mean(axis=0) for k in range(classes)])
    squares = cdist(features, centers, "sqeuclidean")
    own = np.eye(classes, dtype=bool)[labels]
    middle = float(np.median(squares))
    if not middle:
        return Radial(centers, 1.0)

    def unlikely(power: float) -> float:
        powers = 10.0**power / middle * squares
        others = np.log(np.maximum(-np.expm1(-powers[~own]), TINY))
        return float(powers[own].sum() - others.sum())

    reach = np.log10(RANGE)
    found = minimize_scalar(unlikely, bounds=(-reach, reach), method="bounded", options={"xatol": 1e-9})
    return Radial(centers, float(10.0**found.x / middle))
