"""Ridge regression, and its strength by leaving out one after another in truth."""

import numpy as np
import torch

from cnnviz_core.methods.ridge import STRENGTHS, ridge


def solved(codes: np.ndarray, wanted: np.ndarray, strength: float) -> np.ndarray:
    """The normal equations."""
    return np.linalg.solve(codes.T @ codes + strength * np.eye(codes.shape[1]), codes.T @ wanted)


def test_weights_and_strength_are_those_of_leaving_each_out() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((12, 5)) * [3, 1, 1, 0.5, 0.1]
    wanted = codes @ rng.standard_normal((5, 4)) + 2 * rng.standard_normal((12, 4))
    weights, strength = ridge(torch.from_numpy(codes), torch.from_numpy(wanted))
    mean = (np.linalg.svd(codes)[1] ** 2).mean()
    errors = []
    for share in STRENGTHS:
        kept = [np.arange(12) != i for i in range(12)]
        without = [solved(codes[k], wanted[k], share * mean) for k in kept]
        errors.append(np.mean([(wanted[i] - codes[i] @ without[i]) ** 2 for i in range(12)]))
    best = STRENGTHS[int(np.argmin(errors))]
    assert 0 < int(np.argmin(errors)) < len(STRENGTHS) - 1
    np.testing.assert_allclose(strength, best * mean)
    np.testing.assert_allclose(weights, solved(codes, wanted, strength), rtol=1e-9)


def test_codes_without_any_value_tell_nothing() -> None:
    weights, strength = ridge(torch.zeros(4, 3), torch.ones(4, 2))
    assert strength == 0
    assert not weights.any()
