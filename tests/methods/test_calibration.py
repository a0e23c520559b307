import numpy as np
import pytest

from cnnviz_core.methods.calibration import by_sureness


def test_each_image_counts_in_the_bin_of_its_sureness() -> None:
    rng = np.random.default_rng(0)
    sureness = rng.random(400)
    right = rng.random(400) < sureness
    expected = []
    for low in (0, 0.2, 0.4, 0.6, 0.8):
        inside = [k for k in range(400) if low <= sureness[k] < low + 0.2]
        expected.append((np.mean(sureness[inside]), len(inside), sum(right[k] for k in inside)))
    assert by_sureness(right, sureness) == [pytest.approx(entry) for entry in expected]


def test_full_sureness_is_in_the_last_bin_and_empty_bins_are_left_out() -> None:
    assert by_sureness(np.array([True, False, True]), np.array([1.0, 1.0, 0.1]), bins=4) == [(0.1, 1, 1), (1, 2, 1)]
