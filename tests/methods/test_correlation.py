import numpy as np
import pytest

from cnnviz_core.methods.bootstrap import pairs_interval
from cnnviz_core.methods.correlation import correlation


def test_it_is_numpys_coefficient() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 9))
    assert correlation(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert correlation(x, 3 - 2 * x) == pytest.approx(-1)
    assert np.isnan(correlation(x, np.full(9, 0.3)))


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng, inside = np.random.default_rng(1), 0
    for _ in range(100):
        x = rng.standard_normal(60)
        low, high = pairs_interval(correlation, x, 0.5 * x + np.sqrt(0.75) * rng.standard_normal(60), rng, draws=300)
        inside += low <= 0.5 <= high
    assert 85 <= inside <= 100
    assert np.isnan(pairs_interval(correlation, np.ones(4), np.arange(4.0), rng)).all()
