"""The largest connected part, against a flood fill."""

import numpy as np

from cnnviz_core.methods.components import largest_component


def flooded(mask: np.ndarray) -> list[set[tuple[int, int]]]:
    left = {(int(row), int(column)) for row, column in zip(*np.nonzero(mask), strict=True)}
    parts = []
    while left:
        part, border = set(), [min(left)]
        while border:
            row, column = border.pop()
            if (row, column) in left:
                left.remove((row, column))
                part.add((row, column))
                border += [(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        parts.append(part)
    return parts


def test_it_is_the_largest_part_of_a_flood_fill() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask = rng.random((9, 12)) < 0.25
        expected = max(flooded(mask), key=len)
        assert {(int(r), int(c)) for r, c in zip(*np.nonzero(largest_component(mask)), strict=True)} == expected


def test_of_equal_parts_the_first_and_of_nothing_nothing() -> None:
    mask = np.zeros((3, 5), dtype=bool)
    mask[0, 0] = mask[2, 4] = True
    assert np.argwhere(largest_component(mask)).tolist() == [[0, 0]]
    assert not largest_component(np.zeros((3, 5), dtype=bool)).any()
