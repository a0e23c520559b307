"""Differences of images that are known."""

import numpy as np
import pytest

from cnnviz_core.methods.spread_of_images import disagreement, spikiness

RNG = np.random.default_rng(0)


def test_equal_images_do_not_differ_and_independent_ones_do_by_one() -> None:
    image = RNG.standard_normal((1, 3, 40, 40))
    assert disagreement(image.repeat(4, axis=0)) == 0
    assert disagreement(5 * RNG.standard_normal((4, 3, 40, 40))) == pytest.approx(1, abs=0.05)
    half = image + RNG.standard_normal((4, 3, 40, 40))
    assert disagreement(half) == pytest.approx(0.5, abs=0.05)
    assert disagreement(np.ones((2, 3, 4, 4))) == 0


def test_one_spike_is_spiky_and_noise_is_as_normal_as_its_differences() -> None:
    assert spikiness(RNG.standard_normal((3, 200, 200))) == pytest.approx(3, abs=0.1)
    spike = np.zeros((1, 10, 10))
    spike[0, 5, 5] = 1
    assert spikiness(spike) == pytest.approx(180 / 4)  # 4 of 180 differences are 1
    assert spikiness(np.zeros((1, 4, 4))) == 0
