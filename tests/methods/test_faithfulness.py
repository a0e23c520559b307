"""Areas, shares of the score and differences from random orders, on curves whose numbers are plain."""

import numpy as np
import pytest

from cnnviz_core.methods.faithfulness import by_map, on_object, score_left

NAMES = ["gradient", "random", "random_patches", "edges"]
SHARES = np.array([0.0, 0.5, 1.0])


def curves(*middles: float, ends: tuple[float, float]) -> np.ndarray:
    """Two images, the second with all numbers doubled: (2, maps, 3)."""
    one = np.array([[ends[0], middle, ends[1]] for middle in middles])
    return np.stack([one, 2 * one])


def test_areas_and_what_is_above_random_orders() -> None:
    falling, rising = curves(0.1, 0.3, 0.2, 0.2, ends=(0.4, 0.0)), curves(0.4, 0.1, 0.3, 0.2, ends=(0.0, 0.4))
    found = by_map(NAMES, SHARES, (falling, 10 * falling), (rising, 10 * rising), np.random.default_rng(0))
    mean = 1.5  # of the two images
    row = found["gradient"]
    assert row["deletion"]["mean"] == pytest.approx(mean * 0.15)
    assert row["insertion"]["mean"] == pytest.approx(mean * 0.3)
    assert row["gap"] == pytest.approx(mean * 0.15)
    assert row["above"]["random"]["mean"] == pytest.approx(mean * (0.15 + 0.1))
    assert row["above"]["random_patches"]["mean"] == pytest.approx(mean * (0.15 - 0.05))
    low, high = row["above"]["random"]["interval"]
    assert pytest.approx(low) == 0.25
    assert pytest.approx(high) == 0.5
    assert row["deletion_score"]["mean"] == pytest.approx(0.15 / 0.4)
    assert row["insertion_score"]["mean"] == pytest.approx(0.3 / 0.4)
    assert list(found["random"]["above"]) == ["random_patches"]


def test_a_score_that_does_not_rise_has_no_share() -> None:
    rng = np.random.default_rng(0)
    assert score_left(np.array([[1.0, 2.0, 0.5]]), SHARES, (0, -1), rng) is None
    shifted = score_left(np.array([[-7.0, -6.0, -5.0]]), SHARES, (0, -1), rng)
    assert shifted is not None
    assert shifted["mean"] == pytest.approx(0.5)


def test_hits_are_counted_and_ratios_compared_with_edges() -> None:
    hit = np.array([[1, 0, 0, 1], [1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 1]], dtype=bool)
    ratio = np.array([[3.0, 1.0, 1.0, 2.0]] * 4)
    found = on_object(NAMES, hit, ratio, np.random.default_rng(0))
    assert found["gradient"]["pointing"]["mean"] == 0.75
    assert found["random"]["pointing"]["interval"][0] == 0
    assert found["gradient"]["above_edges"] == {"mean": 1.0, "interval": [1.0, 1.0]}
    assert found["edges"]["above_edges"]["mean"] == 0
