import numpy as np
import pytest

from cnnviz_core.methods.strongest import Strongest, merged, overlapping


def ranked(places: list[tuple[float, int, int, int]], k: int) -> Strongest:
    """One channel with these places (value, image, row, column), in order."""
    columns = np.array([*places, *[(-np.inf, -1, -1, -1)] * (k - len(places))]).T[:, None, :]
    return Strongest(columns[0].astype(np.float32), *(part.astype(np.int64) for part in columns[1:]))


def test_merging_keeps_the_strongest_in_order_of_image_and_place() -> None:
    first = ranked([(3.0, 0, 1, 1), (2.0, 1, 0, 0), (2.0, 1, 2, 0)], 3)
    second = ranked([(4.0, 5, 0, 0), (2.0, 4, 1, 1)], 3)
    for parts in ([first, second], [second, first]):
        found = merged(parts)
        assert found.values.tolist() == [[4, 3, 2]]
        assert found.images.tolist() == [[5, 0, 1]]
        assert found.rows.tolist() == [[0, 1, 0]]


def test_merging_keeps_what_is_missing_at_the_end() -> None:
    found = merged([ranked([(1.0, 3, 0, 2)], 3), ranked([(-2.0, 0, 1, 1)], 3)])
    assert found.values.tolist() == [[1, -2, -np.inf]]
    assert found.images.tolist() == [[3, 0, -1]]


def test_any_grouping_of_parts_gives_the_same() -> None:
    rng = np.random.default_rng(0)
    images = [ranked(sorted(((float(v), i, 0, int(v)) for v in rng.integers(0, 6, 3)), key=lambda p: (-p[0], p[3])), 8)
              for i in range(12)]  # fmt: skip
    whole = merged(images)
    parts = merged([merged(images[8:]), merged(images[:3]), merged(images[3:8])])
    for name in ("values", "images", "rows", "columns"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_overlap_is_that_of_two_boxes() -> None:
    size, stride, iou = (11, 7), (4, 2), 0.1
    found = overlapping(size, stride, (6, 5), iou=iou)
    for down, right in np.ndindex(6, 5):
        first, second = np.zeros((60, 60), dtype=bool), np.zeros((60, 60), dtype=bool)
        first[: size[0], : size[1]] = True
        top, left = down * stride[0], right * stride[1]
        second[top : top + size[0], left : left + size[1]] = True
        assert found[down, right] == ((first & second).sum() / (first | second).sum() > iou), (down, right)


@pytest.mark.parametrize("iou", [0.0, 0.5, 0.99])
def test_a_place_overlaps_itself_and_nothing_overlaps_more_further_away(iou: float) -> None:
    found = overlapping((9, 9), (3, 3), (5, 5), iou=iou)
    assert found[0, 0]
    assert (np.diff(found.astype(int), axis=0) <= 0).all()
    assert (np.diff(found.astype(int), axis=1) <= 0).all()
