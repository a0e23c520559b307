import numpy as np
import pytest
from scipy.stats import hypergeom
from sklearn.metrics import cohen_kappa_score

from cnnviz_core.methods.kappa import error_consistency


@pytest.mark.parametrize("seed", range(4))
def test_kappa_and_band_agree_with_libraries(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.random(80) < 0.7, rng.random(80) < 0.4
    second[:20] = first[:20]
    found = error_consistency(first, second)
    assert found.kappa == pytest.approx(cohen_kappa_score(first, second))
    assert found.observed == pytest.approx(np.mean(first == second))
    n, a, b = 80, int(first.sum()), int(second.sum())
    both = hypergeom(n, a, b).ppf([0.025, 0.975])
    shares = (n - a - b + 2 * both) / n
    assert found.band == pytest.approx((shares - found.expected) / (1 - found.expected))


def test_the_same_and_the_opposite() -> None:
    right = np.array([True, False] * 20)
    assert error_consistency(right, right).kappa == 1
    assert error_consistency(right, ~right).kappa == -1


def test_independent_observers_lie_in_the_band() -> None:
    rng = np.random.default_rng(0)
    first = rng.random(100) < 0.8
    inside = 0
    for _ in range(300):
        found = error_consistency(first, rng.permutation(rng.random(100) < 0.6))
        assert found.kappa is not None
        assert found.band is not None
        inside += found.band[0] <= found.kappa <= found.band[1]
    assert inside / 300 > 0.93


def test_two_who_are_always_right_cannot_be_compared() -> None:
    always = np.ones(5, dtype=bool)
    found = error_consistency(always, always)
    assert (found.observed, found.expected, found.kappa, found.band) == (1, 1, None, None)
    once = error_consistency(always, np.array([True, True, False, True, True]))
    assert once.kappa == pytest.approx(0)
    assert once.band == pytest.approx((0, 0))
