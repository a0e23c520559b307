"""Maps that know nothing of a network: their grain, and Sobel's filters against a slow rewrite."""

import numpy as np
import pytest

from cnnviz_core.methods.blind_maps import TITLES, blind_maps, edges


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).random((2, 3, 12, 16))


def test_edges_are_those_of_sobel(images: np.ndarray) -> None:
    gray = (images * np.array([0.299, 0.587, 0.114])[:, None, None]).sum(axis=1)
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    for row, column in [(1, 1), (5, 7), (10, 14)]:
        window = gray[1, row - 1 : row + 2, column - 1 : column + 2]
        expected = np.hypot((window * sobel).sum(), (window * sobel.T).sum())
        assert edges(images)[1, row, column] == pytest.approx(expected)
    assert edges(np.full((1, 3, 5, 5), 0.7)).max() < 1e-12


def test_blind_maps_have_the_grain_that_they_are_named_for(images: np.ndarray) -> None:
    found = blind_maps(images, np.random.default_rng(1), patches=2.0)
    assert list(found) == list(TITLES)
    assert all(values.shape == (2, 12, 16) and values.min() >= 0 for values in found.values())

    def likeness(values: np.ndarray) -> float:
        return float(np.corrcoef(values[:, :, 1:].ravel(), values[:, :, :-1].ravel())[0, 1])

    assert abs(likeness(found["random"])) < 0.2
    assert likeness(found["random_patches"]) > 0.8
    assert np.unravel_index(found["center"][0].argmax(), (12, 16)) in [(5, 7), (5, 8), (6, 7), (6, 8)]
    assert not np.array_equal(found["random"][0], found["random"][1])
    np.testing.assert_array_equal(found["center"][0], found["center"][0][::-1, ::-1])


def test_random_patches_are_as_likely_at_the_border_as_inside() -> None:
    found = blind_maps(np.zeros((400, 3, 12, 16)), np.random.default_rng(2), patches=2.0)["random_patches"]
    top = [np.unravel_index(values.argmax(), values.shape) for values in found]
    edge = np.mean([row in (0, 11) or column in (0, 15) for row, column in top])
    spread = (found - found.mean(axis=(1, 2), keepdims=True)).std(axis=0)
    assert spread[0].mean() < 1.25 * spread[5:7, 5:11].mean()
    assert edge < 0.5
