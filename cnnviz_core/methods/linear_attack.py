"""The worst that a small change of every feature can do to a linear classifier, exactly.

Goodfellow, Shlens and Szegedy, Explaining and Harnessing Adversarial Examples, 2015, sections 3 and 5.
"""

import numpy as np
from jaxtyping import Float, Int

from cnnviz_core.methods.softmax_regression import Linear

LEVELS = 255
TOY_IMAGE = np.array([2.0, -1, 3, -2, 2, 2, 1, -4, 5, 1])
TOY_WEIGHTS = np.array([-1.0, -1, 1, -1, 1, -1, 1, 1, -1, 1])
"""Karpathy's example of ten features (Breaking Linear Classifiers on ImageNet, 2015)."""


def worst_drop(weights: Float[np.ndarray, "*n d"], epsilon: float) -> Float[np.ndarray, "*n"]:
    """How far a score with these weights can fall where no feature changes by more than epsilon.

    It is epsilon times their 1-norm, reached where each feature moves by epsilon against the sign of its weight.
    """
    return np.asarray(epsilon * np.abs(weights).sum(axis=-1))


def smallest_changes(
    linear: Linear, features: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Of each image the smallest epsilon at which some change of that size lets another class win, and that class.

    The margin to class j falls by at most epsilon times the 1-norm of w_y - w_j, so that the smallest is the least of
    margin over norm. 0 where another class wins already; infinite where no change does anything.
    """
    scores, every = linear.scores(features), np.arange(len(labels))
    margins = scores[every, labels][:, None] - scores
    norms = np.abs(linear.weights[:, None] - linear.weights[None]).sum(axis=2)[labels]
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(norms > 0, np.maximum(margins, 0) / norms, np.where(margins < 0, 0, np.inf))
    needed[every, labels] = np.inf
    rivals = np.where((margins < 0).any(axis=1), scores.argmax(axis=1), needed.argmin(axis=1))
    return np.where((margins < 0).any(axis=1), 0, needed.min(axis=1)), rivals


def directions(
    linear: Linear, labels: Int[np.ndarray, " n"], rivals: Int[np.ndarray, " n"]
) -> Float[np.ndarray, "n d"]:
    """The signs of the change that brings each rival up on the label fastest."""
    return np.asarray(np.sign(linear.weights[rivals] - linear.weights[labels]))


def roughness(weights: Float[np.ndarray, "classes d"], side: int) -> Float[np.ndarray, " classes"]:
    """Of each weight image (3 x side x side) the mean difference of neighbours over the mean magnitude; 0: even.

    Independent normal weights have the square root of 2. NaN for a weight image that is zero.
    """
    images = weights.reshape(len(weights), 3, side, side)
    steps = [np.abs(np.diff(images, axis=axis)).mean(axis=(1, 2, 3)) for axis in (2, 3)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.mean(steps, axis=0) / np.abs(images).mean(axis=(1, 2, 3)))


def saved(images: Float[np.ndarray, "*n d"]) -> Float[np.ndarray, "*n d"]:
    """Images as 8 bits hold them: clipped to [0, 1], in steps of 1/255."""
    return np.asarray(np.round(np.clip(images, 0, 1) * LEVELS) / LEVELS)


def fooling_levels(
    linear: Linear, image: Float[np.ndarray, " d"], signs: Float[np.ndarray, " d"], label: int, *, first: int
) -> int | None:
    """The fewest whole levels along the signs after which the saved image is given another label; None: no number."""
    if linear.answers(saved(image)[None])[0] != label:
        return None
    for levels in range(max(first, 1), LEVELS + 1):
        if linear.answers(saved(image + levels / LEVELS * signs)[None])[0] != label:
            return levels
    return None


def disagreements(linear: Linear, x: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"]) -> int:
    """Of how many images the computed smallest change fools not when lengthened, or still when shortened."""
    needed, rivals = smallest_changes(linear, x, labels)
    told = np.flatnonzero((needed > 1e-9) & np.isfinite(needed))
    x, labels, needed, rivals = x[told], labels[told], needed[told, None], rivals[told]
    longer = x + 1.001 * needed * directions(linear, labels, rivals)
    wrong = linear.answers(longer) == labels
    for rival in range(len(linear.biases)):
        shorter = x + 0.999 * needed * directions(linear, labels, np.full_like(labels, rival))
        wrong |= linear.answers(shorter) != labels
    return int(wrong.sum())


def two_class_margins(
    linear: Linear,
    features: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, " n"],
    epsilon: float,
    searches: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    """What the worst change does to a classifier of two classes, by its formula and by trying it.

    `drop_wrong` is how far the two differ, as a share of the largest number; `best_random` the largest drop that
    so many random corners of the box, and as many random points inside, give, as a share of the formula's. The losses
    are the logistic ones of section 5: the mean of softplus(-margin), with the margin as it is and at its worst.
    """
    weights, bias = linear.weights[1] - linear.weights[0], linear.biases[1] - linear.biases[0]
    sides, formula = np.where(labels == 1, 1.0, -1.0), float(worst_drop(weights, epsilon))
    clean = sides * (features @ weights + bias)
    moved = sides * ((features - epsilon * sides[:, None] * np.sign(weights)) @ weights + bias)
    size = (searches, len(weights))
    random = np.concatenate([rng.choice([-1.0, 1.0], size=size), rng.uniform(-1, 1, size=size)])
    found = np.abs(epsilon * random @ weights).max(initial=0)
    return {
        "norm": float(np.abs(weights).sum()),
        "formula": formula,
        "drop_wrong": float(np.abs(clean - moved - formula).max() / max(formula, np.abs(clean).max(), 1e-30)),
        "best_random": float(found / max(formula, 1e-30)),
        "error": float((clean <= 0).mean()),
        "worst_error": float((clean - formula <= 0).mean()),
        "loss": float(np.logaddexp(0, -clean).mean()),
        "worst_loss": float(np.logaddexp(0, formula - clean).mean()),
    }
