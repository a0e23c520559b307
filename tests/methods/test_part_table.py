"""The rows of the table and their intervals, against loops over images and masks."""

from itertools import product

import numpy as np
import pytest

from cnnviz_core.methods.part_table import ROWS, distances, faults, over_classes, table_rows

PARTS, COUNT = 2, 4


@pytest.fixture
def changes() -> np.ndarray:
    return np.random.default_rng(0).integers(-1, 2, (COUNT, 3 * PARTS, 11)).astype(float)


def test_rows_are_means_over_the_masks_that_they_name(changes: np.ndarray) -> None:
    found = distances(changes, 1.0)

    def slow(i: int, a: int, j: int, b: int) -> float:
        return float(np.mean([np.sign(x) != np.sign(y) for x, y in zip(changes[i, a], changes[j, b], strict=True)]))

    assert found[1, 4, 0, 3] == pytest.approx(slow(0, 1, 3, 4))
    rows = table_rows(found[None], PARTS)[0]
    masks = {
        "part": [(0, 0), (1, 1)],
        "mixed": [(0, 1), (1, 0)],
        "elsewhere": [(2, 2), (3, 3)],
        "random": list(product((4, 5), (4, 5))),
    }
    for i, j in product(range(COUNT), range(COUNT)):
        expected = [slow(i, 0, j, 0), slow(i, 1, j, 1)]
        expected += [float(np.mean([slow(i, a, j, b) for a, b in masks[row]])) for row in ROWS]
        np.testing.assert_allclose(rows[:, i, j], expected, atol=1e-9)


def test_faults_are_seen(changes: np.ndarray) -> None:
    found = distances(changes, 1.0)[None]
    assert faults(found) == (0, 0)
    found[0, 1, 1, 2, 2] = 0.5
    found[0, 0, 1, 2, 3] += 0.25
    assert faults(found) == pytest.approx((0.5, 0.25))


@pytest.mark.parametrize("measures", [2, 3])
def test_differences_over_classes(measures: int) -> None:
    columns = {row: k for k, row in enumerate(ROWS)}
    means = np.zeros((2 * measures - 1, len(ROWS)))
    means[0, columns["random"]] = 0.3  # the middle layer
    means[measures - 1, columns["random"]] = 0.1  # the top
    means[measures, columns["random"]] = 0.05  # the middle, untrained
    means[measures - 2, columns["elsewhere"]] = 0.4  # totals, where there are any
    means[2 * measures - 2, columns["elsewhere"]] = 0.15
    found = over_classes(means, np.stack([means - 0.01, means, means + 0.01]), measures)
    assert found["gap"][0] == pytest.approx(0.3)
    assert found["gap"][-1] == pytest.approx(0.1)
    assert found["gap_untrained"] == pytest.approx(0.05)
    assert found["beyond"] == pytest.approx([0.4, 0.15])
    assert found["intervals"]["top"] == pytest.approx([0.2, 0.2])
    assert found["intervals"]["untrained"] == pytest.approx([0.25, 0.25])
    assert found["intervals"]["beyond"] == pytest.approx([0.25, 0.25])
    assert found["delta_interval"]["random"][0] == pytest.approx([0.2905, 0.3095])
