from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.human_error_taxonomy import HumanErrorTaxonomy
from cnnviz_core.lab import Lab

FIGURE = HumanErrorTaxonomy(images=24, share=0.25, worst=1, batch=8)
SCALES = np.where(np.arange(24) % 4 == 0, 0.1, 0.5)


def lab_with(make_lab: MakeLab, wrong: np.ndarray, step: int = 1) -> Lab:
    """Every fourth image has a small object; `wrong` ones are answered with the shape `step` further."""
    labels = np.tile(np.arange(4), 6)
    data = known_world(answers=np.where(wrong, (labels + step) % 4, labels).tolist())
    assert data.attributes is not None
    return known_lab(make_lab, replace(data, attributes={**data.attributes, "scale": SCALES}))


@pytest.mark.parametrize(("small", "holds"), [(True, True), (False, False)])
def test_small_objects_among_mistakes(make_lab: MakeLab, small: bool, holds: bool) -> None:
    lab = lab_with(make_lab, (SCALES < 0.3) == small)
    result = FIGURE.compute(lab)
    kinds = {kind["name"]: kind for kind in result.stats["kinds"]}
    assert kinds["small object"]["marked"] == 6
    assert kinds["small object"]["mistakes"] == (6 if small else 0)
    assert kinds["several objects"]["marked"] == 8
    assert (kinds["small object"]["source"], kinds["low contrast"]["source"]) == ("given", "pixels")
    claims = FIGURE.claims(result.stats)
    assert [claim.holds for claim in claims[:3]] == [True, True, holds]
    assert result.stats["mistakes"] == (6 if small else 18)
    shown = [worst["index"] for kind in result.stats["kinds"] for worst in kind["worst"]]
    assert len(shown) == len(set(shown)) == len(result.arrays["shown"])
    FIGURE.draw(result)


@pytest.mark.parametrize(("step", "alike"), [(1, 3), (2, 0)])
def test_fine_grained_is_within_the_family(make_lab: MakeLab, step: int, alike: int) -> None:
    """The step from an angular shape to the next stays in the family for every second; two steps always leave it."""
    stats = FIGURE.compute(lab_with(make_lab, np.arange(24) < 6, step)).stats
    found = {kind["name"]: kind["mistakes"] for kind in stats["kinds"]}
    assert found.get("fine-grained", 0) == alike


def test_without_mistakes_and_without_ground_truth(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    bare = replace(lab.dataset, attributes=None, boxes=None, masks=None, families=None)
    result = FIGURE.compute(known_lab(make_lab, bare))
    assert [kind["name"] for kind in result.stats["kinds"]] == ["low contrast"]
    claims = FIGURE.claims(result.stats)
    assert [claim.holds for claim in claims] == [True, True, None, None]
    assert claims[2].undecided == "the data set does not tell"
    assert "Shares of the 0 mistakes" in FIGURE.alt(result.stats)
    FIGURE.draw(result)


def test_a_model_of_other_classes_shows_what_is_published(make_lab: MakeLab) -> None:
    result = FIGURE.compute(known_lab(make_lab, replace(known_world(), outputs=None)))
    assert result.stats["kinds"] == []
    assert result.stats["unknown"].startswith("the classes of shapes are not among the outputs")
    assert len(FIGURE.draw(result).axes) == 1


def test_wrong_counts_are_seen(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(lab_with(make_lab, SCALES < 0.3)).stats
    published = [{**row, "net": 30} for row in stats["published"]]
    kinds = [{**kind, "mistakes": 99} for kind in stats["kinds"]]
    claims = FIGURE.claims({**stats, "published": published, "kinds": kinds})
    assert [claim.holds for claim in claims[:2]] == [False, False]


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [("images", 0, "must be at least 1"), ("worst", 0, "must be at least 1"), ("batch", 0, "must be at least 1"),
     ("share", 0.0, "must be above 0 and at most 1"), ("share", 1.5, "must be above 0 and at most 1")],
)  # fmt: skip
def test_bad_settings(make_lab: MakeLab, setting: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=rf"figure\.human_error_taxonomy\.{setting}={value} {message}"):
        replace(FIGURE, **{setting: value}).obstacle(known_lab(make_lab))
