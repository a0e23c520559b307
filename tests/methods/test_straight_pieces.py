"""Straight pieces of curves that are made of them, and of others, against a search of all."""

from itertools import combinations

import numpy as np
import pytest

from cnnviz_core.methods.straight_pieces import polynomial_left, straight_pieces

X = np.linspace(-1, 1, 21)
BENT = np.stack([np.where(X < 0, -X, 3 * X), np.where(X < 0, 2 * X, -X)], axis=1)


def left(x: np.ndarray, curves: np.ndarray, starts: list[int]) -> float:
    """Of the pieces that begin there, each fitted by numpy."""
    total = 0.0
    for first, end in zip(starts, [*starts[1:], len(x)], strict=True):
        for curve in curves.T:
            line = np.polyfit(x[first:end], curve[first:end], 1)
            total += float(((np.polyval(line, x[first:end]) - curve[first:end]) ** 2).sum())
    return total / float(((curves - curves.mean(axis=0)) ** 2).sum())


def test_finds_where_lines_break() -> None:
    starts, share, explained = straight_pieces(X, BENT, 2)
    assert starts[1] in (10, 11)
    assert share == pytest.approx(0, abs=1e-12)
    assert explained == pytest.approx([1, 1])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_is_the_best_of_all(count: int) -> None:
    x, curves = X[:11], np.random.default_rng(count).normal(size=(11, 3)).cumsum(axis=0)
    starts, share, _ = straight_pieces(x, curves, count)
    places = [[0, *chosen] for chosen in combinations(range(2, 10), count - 1)]
    possible = {
        tuple(chosen): left(x, curves, chosen)
        for chosen in places
        if all(b - a >= 2 for a, b in zip(chosen, [*chosen[1:], len(x)], strict=True))
    }
    assert share == pytest.approx(min(possible.values()))
    assert possible[tuple(starts)] == pytest.approx(share)


def test_each_piece_tells_how_much_of_it_its_line_explains() -> None:
    curves = BENT + np.where(X > 0.5, np.sin(40 * X), 0)[:, None]
    starts, _, explained = straight_pieces(X, curves, 2)
    for first, end, share in zip(starts, [*starts[1:], len(X)], explained, strict=True):
        assert share == pytest.approx(1 - left(X[first:end], curves[first:end], [0]))


def test_a_polynomial_leaves_nothing_of_its_like_and_more_of_a_bend() -> None:
    cubic = np.stack([X**3 - X, X**2], axis=1)
    assert polynomial_left(X, cubic, 3) == pytest.approx(0, abs=1e-20)
    assert polynomial_left(X, BENT, 3) > 1e-3
    assert straight_pieces(X, cubic, 2)[1] > polynomial_left(X, cubic, 3)


def test_curves_that_do_not_vary_are_explained() -> None:
    flat = np.ones((21, 2))
    assert straight_pieces(X, flat, 2)[1:] == (0.0, [1.0, 1.0])
    assert polynomial_left(X, flat, 2) == 0
