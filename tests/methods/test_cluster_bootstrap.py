import numpy as np
import pytest

from cnnviz_core.methods.bootstrap import mean_interval
from cnnviz_core.methods.cluster_bootstrap import cluster_interval


def test_clusters_of_one_are_the_plain_bootstrap() -> None:
    values = np.random.default_rng(0).random(60)
    found = cluster_interval(values, np.arange(60), np.random.default_rng(1))
    assert found == pytest.approx(mean_interval(values, np.random.default_rng(1)))


def test_equal_values_inside_of_clusters_widen_the_interval() -> None:
    clusters = np.repeat(np.arange(20), 9)
    values = np.random.default_rng(0).random(20)[clusters]
    low, high = cluster_interval(values, clusters, np.random.default_rng(1))
    alone = mean_interval(values, np.random.default_rng(1))
    assert (high - low) / (alone[1] - alone[0]) == pytest.approx(3, rel=0.15)


def test_weights_count() -> None:
    values, weights = np.array([0.0, 1.0, 1.0, 1.0]), np.array([3.0, 1.0, 1.0, 1.0])
    assert cluster_interval(values, np.zeros(4, dtype=int), np.random.default_rng(0), weights=weights) == (0.5, 0.5)
