import numpy as np
import pytest

from cnnviz_core.methods.boxes import area, overlap, tight_box


def test_a_tight_box_loses_no_pixel_and_each_side_touches_one() -> None:
    mask = np.random.default_rng(0).random((30, 40)) > 0.99
    mask[:4] = mask[:, 35:] = False
    found = tight_box(mask)
    assert found is not None
    top, left, bottom, right = found.astype(int)
    assert mask[top:bottom, left:right].sum() == mask.sum() > 0
    inside = mask[top:bottom, left:right]
    assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()  # noqa: PT018


def test_nothing_has_no_box() -> None:
    assert tight_box(np.zeros((3, 4), dtype=bool)) is None


def test_overlap_counts_pixels() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        masks = np.zeros((2, 20, 20), dtype=bool)
        boxes = [
            np.concatenate([low, low + rng.integers(1, 10, 2)]).astype(float) for low in rng.integers(0, 10, (2, 2))
        ]
        for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
            mask[int(top) : int(bottom), int(left) : int(right)] = True
        assert overlap(boxes[0], boxes[1]) == pytest.approx((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())
        assert area(boxes[0]) == masks[0].sum()


def test_an_empty_box_overlaps_nothing() -> None:
    empty = np.array([3.0, 3, 3, 3])
    assert area(empty) == overlap(empty, empty) == overlap(empty, np.array([0.0, 0, 9, 9])) == 0
