from dataclasses import replace

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.attr_class_ranges import AttrClassRanges
from cnnviz_core.lab import Lab

FIGURE = AttrClassRanges(shown=2, draws=400)
LABELS = np.tile(np.arange(4), 10)


def lab(make_lab: MakeLab, right: list[int]) -> Lab:
    """A network that is right about so many of the ten images of each class."""
    answers = np.where(np.arange(40) // 4 < np.array(right)[LABELS], LABELS, (LABELS + 1) % 4)
    return known_lab(make_lab, known_world(10, answers.tolist()))


def test_classes_stand_in_order_with_their_mean_and_range(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(lab(make_lab, [10, 1, 8, 10])).stats
    assert [each["class"] for each in stats["classes"]] == ["square", "ring", "disc", "bar"]
    assert (stats["mean"], stats["range"], stats["perfect"]) == (pytest.approx(0.725), pytest.approx(0.9), 2)
    balanced, differ = FIGURE.claims(stats)
    assert (balanced.holds, differ.holds) == (True, True)
    assert FIGURE.claims({**stats, "balanced": 0.7})[0].holds is False
    assert FIGURE.claims({**stats, "interval": [-0.4, -0.1]})[1].holds is False
    best, worst = stats["rows"]
    assert (best["class"], worst["class"]) == ("square", "bar")
    p = [each["probability"] for each in worst["images"]]
    assert p == sorted(p, reverse=True)
    assert [each["right"] for each in worst["images"]] == [True, False, False, False]


def test_equal_classes_differ_by_chance_only(make_lab: MakeLab) -> None:
    assert FIGURE.claims(FIGURE.compute(lab(make_lab, [7, 7, 6, 7])).stats)[1].holds is not True


def test_classes_of_different_size_are_weighted_alike(make_lab: MakeLab) -> None:
    known = lab(make_lab, [10, 10, 10, 0])
    kept = replace(known.dataset, labels=np.where(LABELS == 2, 0, LABELS))
    stats = FIGURE.compute(replace(known, dataset=kept)).stats
    assert stats["mean"] == pytest.approx(stats["balanced"])
    assert stats["absent"] == 1


def test_one_class_of_one_image_is_drawn(make_lab: MakeLab) -> None:
    known = lab(make_lab, [10] * 4)
    data = known.dataset
    alone = replace(data, labels=LABELS[:1], images=data.images[:1], ids=data.ids[:1])
    assert FIGURE.obstacle(replace(known, dataset=alone)) == (
        "every class of shapes has one image at most: its accuracy would be nothing or all"
    )
    result = FIGURE.compute(replace(known, dataset=alone))
    assert FIGURE.claims(result.stats)[1].undecided == "there is one class"
    assert len(FIGURE.draw(result).axes) == 5


def test_draws_the_curve_and_both_ends(make_lab: MakeLab) -> None:
    result = FIGURE.compute(lab(make_lab, [10, 1, 8, 10]))
    axes = FIGURE.draw(result).axes
    assert axes[0].get_title().startswith("mean 72.5%, range 90.0 points")
    assert axes[-1].get_title().endswith("wrong")
    assert "from square (100%) to bar (10%)" in FIGURE.alt(result.stats)


def test_wrong_settings(make_lab: MakeLab) -> None:
    with pytest.raises(InputError, match=r"figure\.attr_class_ranges\.shown=0 must be at least 1"):
        replace(FIGURE, shown=0).obstacle(known_lab(make_lab))
    assert FIGURE.obstacle(known_lab(make_lab)) is None
