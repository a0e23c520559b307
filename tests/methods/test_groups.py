"""Classes, or families where classes have too few images."""

import numpy as np

from cnnviz_core.methods.groups import groups_of

NAMES, FAMILIES = ("cat", "dog", "oak", "elm"), ("animal", "animal", "tree", "tree")


def test_classes_with_enough_images_are_the_groups() -> None:
    found = groups_of(np.array([0, 0, 2, 2, 3]), NAMES, FAMILIES, 2)
    assert found is not None
    assert found[0].tolist() == [0, 0, 1, 1, -1]
    assert found[1:] == (["cat", "oak"], "class")


def test_families_where_no_two_classes_have_enough() -> None:
    found = groups_of(np.array([0, 1, 2, 3, 3]), NAMES, FAMILIES, 2)
    assert found is not None
    assert found[0].tolist() == [0, 0, 1, 1, 1]
    assert found[1:] == (["animal", "tree"], "family")


def test_nothing_where_nothing_repeats() -> None:
    assert groups_of(np.array([0, 1, 2, 3]), NAMES, None, 2) is None
    assert groups_of(np.array([0, 1, 1, 1]), NAMES, ("being",) * 4, 2) is None
