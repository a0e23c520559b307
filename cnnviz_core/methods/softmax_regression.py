"""A linear classifier: softmax regression with weight decay, which for two classes is logistic regression."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from threadpoolctl import threadpool_limits


@dataclass(frozen=True)
class Linear:
    """The scores of classes as a linear function of features."""

    weights: Float[np.ndarray, "classes d"]
    biases: Float[np.ndarray, " classes"]

    def scores(self, features: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n classes"]:
        return np.asarray(features @ self.weights.T + self.biases)

    def answers(self, features: Float[np.ndarray, "n d"]) -> Int[np.ndarray, " n"]:
        return np.asarray(self.scores(features).argmax(axis=1))

    def slopes(self, features: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n d"]:
        """The derivative of the cross-entropy of these labels by the features."""
        return np.asarray((softmax(self.scores(features), axis=1) - np.eye(len(self.biases))[labels]) @ self.weights)


def fits(
    features: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, " n"],
    classes: int,
    decays: Sequence[float],
    *,
    iterations: int = 60,
) -> list[Linear]:
    """For each decay the classifier with the least mean cross-entropy plus decay / 2 times its sum of squared weights.

    The biases are not decayed. With decays above 0 the problem has one solution, found by L-BFGS from zeros and without
    any random choice. It searches along the principal axes of the features, stretched so that all are about equally
    curved: few steps do then, where neighbouring pixels are alike.
    """
    middle, targets, found = features.mean(axis=0), np.eye(classes)[labels], []
    with threadpool_limits(1):  # for matrices this small more threads only wait for each other
        variances, axes = np.linalg.eigh(np.cov(features.T, bias=True).reshape(features.shape[1], -1))
        rotated = (features - middle) @ axes
        for decay in decays:
            stretch = 1 / np.sqrt(variances.clip(0) / classes + decay)
            weights, biases = _solved(rotated * stretch, targets, decay * stretch**2, iterations)
            back = weights * stretch @ axes.T
            found.append(Linear(back, biases - back @ middle))
    return found


def _solved(
    features: Float[np.ndarray, "n d"],
    targets: Float[np.ndarray, "n classes"],
    decays: Float[np.ndarray, " d"],
    steps: int,
) -> tuple[Float[np.ndarray, "classes d"], Float[np.ndarray, " classes"]]:
    """Weights and biases, where each feature's weights have a decay of their own."""
    (n, d), classes = features.shape, targets.shape[1]

    def value_and_slope(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, biases = np.split(flat.reshape(classes, d + 1), [d], axis=1)
        logs = log_softmax(features @ weights.T + biases.T, axis=1)
        wrong = (np.exp(logs) - targets) / n
        slope = np.column_stack([wrong.T @ features + decays * weights, wrong.sum(axis=0)])
        return float(-(targets * logs).sum() / n + (decays * weights**2).sum() / 2), slope.ravel()

    start = np.zeros(classes * (d + 1))
    options = {"maxiter": steps, "ftol": 1e-12, "gtol": 1e-6}
    solution = minimize(value_and_slope, start, jac=True, method="L-BFGS-B", options=options).x.reshape(classes, d + 1)
    return solution[:, :d], solution[:, d]
