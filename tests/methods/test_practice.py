import numpy as np
import pytest

from cnnviz_core.methods.practice import balanced, divided

LABELS = np.array([0, 1, 0, 2, 0, 0, 1, 0, -1, 0, 1])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("most", [1, 2, 13])
def test_every_image_of_a_class_is_either_an_example_or_left(most: int) -> None:
    examples, left = divided(LABELS, most, rng())
    assert sorted(examples) == sorted(left) == [0, 1, 2]
    for label in (0, 1, 2):
        both = examples[label] + left[label]
        assert sorted(both) == [i for i, there in enumerate(LABELS) if there == label]
        assert len(examples[label]) == min(most, len(both) // 2)


def test_other_seeds_divide_otherwise() -> None:
    labels = np.zeros(40, dtype=int)
    assert divided(labels, 13, rng(0)) == divided(labels, 13, rng(0)) != divided(labels, 13, rng(1))


def test_classes_are_asked_about_equally_often() -> None:
    pools = {3: list(range(10)), 5: list(range(10, 12)), 9: list(range(20, 40)), 11: []}
    asked = balanced(pools, 12, rng())
    assert len(set(asked)) == 12
    counts = [len(set(asked) & set(pool)) for pool in pools.values()]
    assert counts == [5, 2, 5, 0]
    assert sorted(balanced(pools, 99, rng())) == sorted(i for pool in pools.values() for i in pool)
    assert balanced({}, 5, rng()) == []


def test_few_images_are_of_classes_drawn_at_random_and_in_random_order() -> None:
    pools = {label: [label] for label in range(200)}
    asked = balanced(pools, 50, rng())
    assert len(set(asked)) == 50
    assert max(asked) > 150
    assert asked != sorted(asked)
    assert asked != balanced(pools, 50, rng(1))
