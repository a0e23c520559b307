import numpy as np
import pytest

from cnnviz_core.methods.difficulty import chance_of_localization, clutter, first_hit, overlaps


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """By counting the cells of a fine grid whose centers are inside."""
    cells = (np.arange(400) + 0.5) / 400
    inside = [np.outer((cells > t) & (cells < d), (cells > left) & (cells < r)) for t, left, d, r in (a, b)]
    return float((inside[0] & inside[1]).sum() / max((inside[0] | inside[1]).sum(), 1))


def random_boxes(n: int) -> np.ndarray:
    corners = np.sort(np.random.default_rng(n).random((n, 2, 2)), axis=1)
    return corners.reshape(n, 4)


def test_overlaps_agree_with_counting() -> None:
    boxes = random_boxes(6)
    found = overlaps(boxes, boxes[:4])
    assert found.shape == (6, 4)
    for i, a in enumerate(boxes):
        for j, b in enumerate(boxes[:4]):
            assert found[i, j] == pytest.approx(iou(a, b), abs=0.03)
    assert overlaps(np.zeros((1, 4)), np.zeros((1, 4))).item() == 0


def test_chance_is_the_share_of_ordered_pairs() -> None:
    boxes = np.concatenate([random_boxes(5), np.tile([0.1, 0.1, 0.6, 0.6], (3, 1))])
    pairs = [overlaps(boxes[[i]], boxes[[j]]).item() >= 0.5 for i in range(8) for j in range(8) if i != j]
    assert chance_of_localization(boxes) == pytest.approx(np.mean(pairs))
    assert chance_of_localization(np.tile([0.2, 0.2, 0.7, 0.7], (300, 1))) == 1
    assert chance_of_localization(np.array([[0, 0, 0.1, 0.1], [0.5, 0.5, 0.9, 0.9]])) == 0
    assert np.isnan(chance_of_localization(boxes[:1]))


def test_clutter_counts_windows_until_one_fits() -> None:
    windows = np.array([[0, 0, 0.1, 0.1], [0, 0, 1, 1], [0.2, 0.2, 0.6, 0.6]])
    box = np.array([[0.2, 0.2, 0.6, 0.55]])
    assert first_hit(windows, np.array([0, 1, 2]), box) == 3
    assert first_hit(windows, np.array([2, 1, 0]), box) == 1
    assert first_hit(windows, np.array([0, 1]), box) == 3
    assert clutter(np.array([1, 3, 4])) == pytest.approx(np.log2(8 / 3))
    assert clutter(np.array([1, 1])) == 0
