from dataclasses import replace

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.attr_scale_scatter import AttrScaleScatter, true_boxes
from cnnviz_core.lab import Lab

FIGURE = AttrScaleScatter(located=8, blur=0.04, share=0.25, batch=5)
LABELS = np.tile(np.arange(4), 6)


def lab(make_lab: MakeLab, scale: list[float]) -> Lab:
    """A network that is right about 6, 4, 2 and 0 of the images of its classes, whose scales are these."""
    answers = np.where(np.arange(24) // 4 < np.array([6, 4, 2, 0])[LABELS], LABELS, (LABELS + 1) % 4)
    data = known_world(6, answers.tolist())
    return known_lab(make_lab, replace(data, attributes={"scale": np.array(scale)[LABELS]}))


def test_correlation_over_classes(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(lab(make_lab, [0.4, 0.3, 0.2, 0.1])).stats
    task = stats["tasks"][0]
    assert [round(point["value"], 3) for point in task["points"]] == [1, 0.667, 0.333, 0]
    assert task["rho"] == pytest.approx(1)
    assert stats["names"] == ["recognized", "found"]
    assert stats["tasks"][1]["images"] == 8
    recognized, _, again = FIGURE.claims(stats)
    assert (recognized.holds, recognized.undecided) == (None, "4 classes are too few")
    assert again.holds is True
    many = {**stats, "tasks": [{**task, "classes": 20}]}
    assert FIGURE.claims(many)[0].holds is True
    against = {**task, "classes": 20, "rho": -task["rho"], "interval": [-1, -0.4]}
    assert [claim.holds for claim in FIGURE.claims({**many, "tasks": [against]})] == [False, False]


def test_scales_that_are_all_equal_decide_nothing(make_lab: MakeLab) -> None:
    result = FIGURE.compute(lab(make_lab, [0.2] * 4))
    assert FIGURE.claims(result.stats)[0].undecided == "all classes have the same value"
    assert FIGURE.draw(result).axes[0].get_title() == "recognized: ρ = undefined"


def test_boxes_come_into_the_models_frame(make_lab: MakeLab) -> None:
    known = lab(make_lab, [0.1] * 4)
    assert known.dataset.boxes is not None
    np.testing.assert_array_equal(true_boxes(known, 0)[0], known.dataset.boxes[0][0])


def test_without_boxes_and_scales_the_salient_region_stands_for_them(make_lab: MakeLab) -> None:
    data = replace(known_world(), boxes=None, attributes=None)
    stats = FIGURE.compute(known_lab(make_lab, data)).stats
    assert (stats["names"], stats["source"]) == (["recognized"], "pixels")
    assert "salient region" in stats["scale"]
    assert "over 4 classes" in FIGURE.alt(stats)


def test_obstacles_and_wrong_settings(make_lab: MakeLab) -> None:
    known = known_lab(make_lab)
    two = replace(known.dataset, labels=LABELS % 2)
    assert FIGURE.obstacle(replace(known, dataset=two)) == (
        "a correlation needs three classes, and shapes has images of 2"
    )
    with pytest.raises(InputError, match=r"figure\.attr_scale_scatter\.share=2 must be above 0 and at most 1"):
        replace(FIGURE, share=2).obstacle(known)
    assert FIGURE.obstacle(known) is None
