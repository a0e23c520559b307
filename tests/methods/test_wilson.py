"""Wilson's interval as the shares that a score test does not reject."""

import numpy as np
import pytest

from cnnviz_core.methods.wilson import share_told, wilson_interval


@pytest.mark.parametrize(("hits", "total"), [(3, 10), (50, 100), (1, 400), (399, 400)])
def test_ends_are_the_shares_that_lie_just_z_errors_away(hits: int, total: int) -> None:
    low, high = wilson_interval(hits, total)
    shares = np.linspace(1e-6, 1 - 1e-6, 2_000_001)
    errors = np.abs(hits / total - shares) / np.sqrt(shares * (1 - shares) / total)
    kept = shares[errors <= 1.959964]
    assert (low, high) == pytest.approx((kept[0], kept[-1]), abs=2e-6)


def test_the_human_error_of_karpathys_experiment_has_the_published_interval() -> None:
    assert wilson_interval(76, 1500) == pytest.approx((0.0407, 0.0630), abs=5e-5)


def test_all_none_and_nothing() -> None:
    assert wilson_interval(0, 20)[0] == 0
    assert 0.1 < wilson_interval(0, 20)[1] < 0.2
    assert wilson_interval(20, 20) == pytest.approx(tuple(1 - end for end in wilson_interval(0, 20)[::-1]))
    assert wilson_interval(0, 0) == (0, 1)


def test_the_level_widens_it() -> None:
    narrow, wide = wilson_interval(7, 20, level=0.5), wilson_interval(7, 20, level=0.99)
    assert wide[0] < narrow[0] < 7 / 20 < narrow[1] < wide[1]


def test_a_share_is_told_with_its_interval() -> None:
    assert share_told(np.array([True, False, True, True])) == {"share": 0.75, "interval": list(wilson_interval(3, 4))}
