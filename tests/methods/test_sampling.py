from collections import Counter

import numpy as np
import pytest

from cnnviz_core.methods.sampling import drawn, spread, spread_classes

GROUPS = ["a", "b", "a", "c", "a", "b", "a", "a"]


def test_groups_share_alike_until_one_is_used_up() -> None:
    chosen = spread_classes(range(8), GROUPS, 6)
    assert [GROUPS[k] for k in chosen] == ["a", "a", "a", "b", "b", "c"]
    assert chosen[0] == 0
    assert chosen[2] == 7, "spread over the group, from its first to its last"


@pytest.mark.parametrize("count", [1, 3, 8, 20])
def test_as_many_as_asked_for_and_none_twice(count: int) -> None:
    chosen = spread_classes([0, 2, 3, 5, 6], GROUPS, count)
    assert len(set(chosen)) == len(chosen) == min(count, 5)
    assert set(chosen) <= {0, 2, 3, 5, 6}


def test_without_groups_they_are_spread_over_all() -> None:
    assert spread_classes(range(400), None, 5) == [0, 100, 200, 299, 399]
    assert spread([7, 8, 9], 1) == [7]
    assert spread([7], 0) == []


def test_drawn_images_are_of_the_class_and_differ() -> None:
    labels = np.array([0, 1, 1, 0, 1, 1, 2])
    assert drawn(labels, 1, 9, np.random.default_rng(0)) == [1, 2, 4, 5]
    assert drawn(labels, 3, 9, np.random.default_rng(0)) == []


def test_every_image_is_drawn_equally_often() -> None:
    labels = np.array([0, 1, 1, 0, 1, 1, 1])
    times = Counter(i for seed in range(2000) for i in drawn(labels, 1, 2, np.random.default_rng(seed)))
    assert set(times) == {1, 2, 4, 5, 6}
    assert max(times.values()) - min(times.values()) < 150
