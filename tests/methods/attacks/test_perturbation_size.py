"""The size of a change, by hand."""

import math

import numpy as np
import pytest
import torch

from cnnviz_core.methods.attacks.perturbation_size import perturbation_size


@pytest.mark.parametrize(("norm", "size"), [(math.inf, 0.5), (2, 0.625), (1, 0.875), (0, 2)])
def test_by_hand(norm: float, size: float) -> None:
    pixels = torch.zeros(2, 3, 2, 2)
    images = pixels.clone()
    images[1, 0, 0, 0], images[1, 2, 1, 1] = -0.5, 0.375
    np.testing.assert_allclose(perturbation_size(images, pixels, norm), [0, size])


def test_many_small_changes_are_not_lost() -> None:
    pixels = torch.full((1, 3, 200, 200), 0.5, dtype=torch.float64)
    assert perturbation_size(pixels + 1e-9, pixels, 2)[0] == pytest.approx(1e-9 * math.sqrt(120_000), rel=1e-6)
