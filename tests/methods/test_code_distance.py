"""The unit of an inversion's error: the mean over pairs, none of which is a code with itself."""

import numpy as np
import pytest

from cnnviz_core.methods.code_distance import mean_distance, pair_errors


def test_mean_over_pairs_of_different_images() -> None:
    codes = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 12.0]], dtype=np.float32)
    assert mean_distance(codes) == pytest.approx((5 + 12 + np.sqrt(9 + 64)) / 3)


def test_pairs_are_one_apart_on_average_in_such_units() -> None:
    codes = np.random.default_rng(0).standard_normal((7, 5))
    errors = pair_errors(codes, mean_distance(codes))
    assert len(errors) == 21
    assert errors.mean() == pytest.approx(1, abs=1e-12)


def test_one_code_has_no_distance() -> None:
    with pytest.raises(ValueError, match="a distance takes two codes"):
        mean_distance(np.zeros((1, 3)))
