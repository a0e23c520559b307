"""The cheapest labelling, against all labellings of tiny images."""

from itertools import product

import numpy as np
import pytest

from cnnviz_core.methods.graph_cut import RESOLUTION, energy, graph_cut


def slow_energy(labels: np.ndarray, front: np.ndarray, back: np.ndarray, image: np.ndarray, smoothness: float) -> float:
    """Pixel by pixel from Boykov and Jolly, equations 1 to 4."""
    height, width = labels.shape
    pairs = [
        ((r, c), (r + down, c + right))
        for r, c in product(range(height), range(width))
        for down, right in ((0, 1), (1, -1), (1, 0), (1, 1))
        if r + down < height and 0 <= c + right < width
    ]
    apart = {(p, q): sum((image[k][p] - image[k][q]) ** 2 for k in range(3)) for p, q in pairs}
    spread = sum(apart.values()) / len(pairs)
    total = sum(front[p] if labels[p] else back[p] for p in product(range(height), range(width)))
    for (p, q), squared in apart.items():
        if labels[p] != labels[q]:
            total += smoothness * np.exp(-squared / (2 * spread)) / np.hypot(p[0] - q[0], p[1] - q[1])
    return float(total)


@pytest.mark.parametrize("smoothness", [0.0, 0.4, 3.0])
def test_no_labelling_of_a_tiny_image_is_cheaper(smoothness: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(4):
        image, front, back = rng.random((3, 3, 4)), rng.normal(0, 1, (3, 4)), rng.normal(0, 1, (3, 4))
        every = [np.array(bits, dtype=bool).reshape(3, 4) for bits in product((0, 1), repeat=12)]
        costs = [energy(labels, front, back, image, smoothness=smoothness) for labels in every]
        assert costs[77] == pytest.approx(slow_energy(every[77], front, back, image, smoothness))
        found = graph_cut(front, back, image, smoothness=smoothness)
        assert slow_energy(found, front, back, image, smoothness) <= min(costs) + 60 / RESOLUTION


def test_two_planted_colors_are_told_apart_in_spite_of_wrong_pixels() -> None:
    rng = np.random.default_rng(0)
    planted = np.zeros((20, 24), dtype=bool)
    planted[5:14, 6:17] = True
    image = np.where(planted, 0.8, 0.2) * np.ones((3, 1, 1))
    costs = np.where(planted, -1.0, 1.0)
    costs[rng.random(costs.shape) < 0.08] *= -1
    np.testing.assert_array_equal(graph_cut(costs, -costs, image, smoothness=2.0), planted)


def test_an_image_of_one_color_and_equal_costs_has_no_object() -> None:
    nothing = np.zeros((4, 5))
    assert not graph_cut(nothing, nothing, np.ones((3, 4, 5)), smoothness=1.0).any()
    assert graph_cut(nothing - 1, nothing, np.ones((3, 4, 5)), smoothness=1.0).all()


def test_endless_costs_are_as_good_as_large_ones() -> None:
    front = np.full((2, 3), np.inf)
    front[0, 0] = -np.inf
    found = graph_cut(front, np.zeros((2, 3)), np.random.default_rng(0).random((3, 2, 3)), smoothness=0.1)
    assert np.argwhere(found).tolist() == [[0, 0]]
