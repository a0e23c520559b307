"""The best linear guess of some numbers from others: ridge regression, its strength chosen by leaving one out.

Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2009, sections 3.4.1 and 7.10.
"""

import torch
from jaxtyping import Float
from torch import Tensor

STRENGTHS = tuple(10.0**k for k in range(-4, 3))
"""Tried, as shares of the mean of the squared singular values."""


def ridge(codes: Float[Tensor, "n d"], wanted: Float[Tensor, "n p"]) -> tuple[Float[Tensor, "d p"], float]:
    """Weights w that make |wanted - codes w|^2 + s |w|^2 small, for the s of least error on an image left out.

    Both are without their means. Returns the weights and s. Zero weights where all codes are zero.
    """
    left, singular, right = torch.linalg.svd(codes.double(), full_matrices=False)
    squares = singular.square()
    if float(squares.max()) == 0:
        return codes.new_zeros(codes.shape[1], wanted.shape[1]), 0.0
    along = left.T @ wanted.double()
    errors = {}
    for share in STRENGTHS:
        kept = squares / (squares + share * squares.mean())
        own = (left.square() * kept).sum(dim=1, keepdim=True).clamp(max=1 - 1e-9)  # weight of its own in each guess
        errors[share] = float(((wanted - left @ (kept[:, None] * along)) / (1 - own)).square().mean())
    strength = float(min(errors, key=lambda share: errors[share]) * squares.mean())
    weights = right.T @ ((singular / (squares + strength))[:, None] * along)
    return weights.to(codes), strength
