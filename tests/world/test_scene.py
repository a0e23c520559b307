"""What is drawn for each scene: balanced, different, the same each time, and as the table of places says."""

from collections import Counter

import numpy as np
import pytest

from cnnviz_core.world.scene import CLASSES, FAMILIES, FAMILY, FOUND, SPLITS, changed, composed, drawn
from cnnviz_core.world.surroundings import SURROUNDINGS


def test_classes_are_equally_frequent() -> None:
    counts = Counter(drawn("train", index).label for index in range(320))
    assert set(counts.values()) == {320 // len(CLASSES)}
    assert len(CLASSES) >= 12
    assert len(FAMILIES) >= 4
    assert set(FAMILY.values()) == set(FAMILIES)


def test_no_scene_is_in_two_splits_or_of_two_seeds() -> None:
    seen = [(f.form, f.paint, f.setting) for split in SPLITS for seed in (0, 1) for f in
            (drawn(split, index, seed) for index in range(500))]  # fmt: skip
    numbers = [number for entry in seen for number in entry]
    assert len(set(numbers)) == len(numbers)


def test_a_scene_is_drawn_the_same_each_time() -> None:
    assert drawn("test", 7) == drawn("test", 7)
    one, other = composed(drawn("test", 7)), composed(drawn("test", 7))
    for first, second in zip((*one.solids[:2], one.materials, one.stage, one.camera),
                             (*other.solids[:2], other.materials, other.stage, other.camera), strict=True):  # fmt: skip
        assert np.array_equal(first, second)


def test_classes_are_found_where_the_table_says() -> None:
    assert set(FOUND) == set(CLASSES)
    places = {name: Counter[str]() for name in CLASSES}
    for index in range(3200):
        factors = drawn("train", index)
        places[CLASSES[factors.label]][factors.surroundings] += 1
    assert 0.7 < places["boat"]["water"] / 200 < 0.92
    assert places["boat"].keys() - {"water"}, "but not only there: a net that looks at the water alone must err"
    assert not places["car"]["water"]
    for name, words in FOUND.items():
        usual = words.split()
        assert set(usual[::2]) <= set(SURROUNDINGS)
        assert places[name].most_common(1)[0][1] / 200 == pytest.approx(max(map(int, usual[1::2])) / 10, abs=0.17)


@pytest.mark.parametrize("label", range(len(CLASSES)))
def test_keypoints_of_a_class_have_the_same_names_in_every_instance(label: int) -> None:
    names = {tuple(composed(drawn("train", label + 16 * k)).points[0]) for k in range(12)}
    assert len(names) == 1
    assert len(names.pop()) >= 6


def test_classes_of_a_family_share_names_of_keypoints() -> None:
    for members in FAMILIES.values():
        named = [set(composed(drawn("train", CLASSES.index(name))).points[0]) for name in members]
        assert any(a & b for k, a in enumerate(named) for b in named[k + 1 :])


def test_objects_stand_apart() -> None:
    """The balls around labelled objects overlap by less than half of their radii."""
    for index in range(64):
        objects = composed(changed(drawn("train", index), occluder=2.0, instances=3)).solids.objects
        for k, one in enumerate(objects):
            for other in objects[k + 1 :]:
                apart = np.hypot(one[0] - other[0], one[2] - other[2])
                assert apart > 0.5 * (one[16] + other[16]) * 0.9
