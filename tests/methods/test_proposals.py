import numpy as np
import pytest

from cnnviz_core.methods.difficulty import overlaps
from cnnviz_core.methods.proposals import alike, contrast_scores, ranked, window_grid


def test_scores_are_the_contrast_of_means() -> None:
    image = np.random.default_rng(0).random((3, 16, 16))
    window = np.array([[0.25, 0.25, 0.75, 0.5]])
    inside = np.zeros((16, 16), dtype=bool)
    inside[4:12, 4:8] = True
    around = np.zeros((16, 16), dtype=bool)
    around[2:14, 3:9] = True
    around &= ~inside
    expected = np.linalg.norm(image[:, inside].mean(axis=1) - image[:, around].mean(axis=1)) * 0.125**0.25
    assert contrast_scores(image, window).item() == pytest.approx(expected)
    assert contrast_scores(image, np.array([[0.0, 0.0, 1.0, 1.0]])).item() == 0


def test_an_object_on_plain_ground_comes_first() -> None:
    image = np.full((3, 32, 32), 0.2)
    image[:, 8:20, 12:24] = 0.9
    windows = window_grid(8)
    order = ranked(contrast_scores(image, windows), alike(windows), 50)
    assert overlaps(windows[order[:1]], np.array([[8, 12, 20, 24]]) / 32).item() > 0.5


def test_each_window_is_ranked_once_and_those_alike_come_last() -> None:
    windows = window_grid(4)
    scores = np.random.default_rng(1).random(len(windows))
    order = ranked(scores, alike(windows), len(windows))
    assert sorted(order.tolist()) == list(range(len(windows)))
    assert order[0] == scores.argmax()
    assert len(ranked(scores, alike(windows), 5)) == 5
    same = np.ones((len(windows), len(windows)), dtype=bool)
    assert (ranked(scores, same, 3) == np.argsort(-scores)[:3]).all()
