from dataclasses import replace
from pathlib import Path

import pytest
from answered_world import answered, right
from known_world import known_lab
from sklearn.metrics import cohen_kappa_score
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.human_error_consistency import HumanErrorConsistency

FIGURE = HumanErrorConsistency(draws=200, batch=8)
EARLY, LATE = (0, 1, 2, 3, 4, 5), (12, 13, 14, 15, 16, 17)


def test_kappa_of_every_pair(make_lab: MakeLab, tmp_path: Path) -> None:
    """The model has images 0 to 5 wrong."""
    given = {"ann": right(wrong=EARLY), "bob": right(wrong=(4, 5, 6, 7)), "alexnet": right(wrong=LATE)}
    lab = known_lab(make_lab, answered(tmp_path, given, wrong=6))
    assert FIGURE.obstacle(lab) is None
    result = FIGURE.compute(lab)
    stats = result.stats
    names = [one["name"] for one in stats["observers"]]
    assert names == ["ann", "bob", "alexnet", "tiny"]
    wrong = [set(EARLY), {4, 5, 6, 7}, set(LATE), set(EARLY)]
    assert len(stats["pairs"]) == 6
    for pair in stats["pairs"]:
        rows = [[i in wrong[pair[key]] for i in range(24)] for key in ("first", "second")]
        assert pair["kappa"] == pytest.approx(cohen_kappa_score(*rows))
    assert stats["groups"]["people"]["pairs"] == 1
    assert stats["groups"]["people and nets"]["pairs"] == 4
    assert stats["pairs"][2]["band"][1] < stats["pairs"][2]["kappa"] == 1
    FIGURE.draw(result)
    assert "Mean kappa: people" in FIGURE.alt(stats)


@pytest.mark.parametrize(("people", "holds"), [((LATE, LATE), True), ((EARLY, LATE), False)])
def test_who_agrees_more(make_lab: MakeLab, tmp_path: Path, people: tuple[tuple[int, ...], ...], holds: bool) -> None:
    """The nets err early; the people both late, or one early and one late, who then is the less like the other."""
    given = {"ann": right(wrong=people[0]), "bob": right(wrong=people[1])}
    lab = known_lab(make_lab, answered(tmp_path, given, wrong=6))
    assert FIGURE.claims(FIGURE.compute(lab).stats)[1].holds is holds


def test_one_person_and_one_model(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = known_lab(make_lab, answered(tmp_path, {"ann": right(wrong=EARLY)}))
    result = FIGURE.compute(lab)
    assert [pair["group"] for pair in result.stats["pairs"]] == ["people and nets"]
    claims = FIGURE.claims(result.stats)
    assert [claim.holds for claim in claims] == [True, None]
    assert "two people and a net" in claims[1].undecided
    FIGURE.draw(result)
    broken = [{**pair, "kappa": 0.5} for pair in result.stats["pairs"]]
    assert FIGURE.claims({**result.stats, "pairs": broken})[0].holds is False


def test_obstacles(make_lab: MakeLab, tmp_path: Path) -> None:
    assert str(FIGURE.obstacle(known_lab(make_lab))).startswith(
        "nobody has labelled the images of shapes yet; dataset.resp"
    )
    few = known_lab(make_lab, answered(tmp_path, {"ann": right(9)}))
    assert FIGURE.obstacle(few) == "no two observers of shapes have answered for the same 10 images"


@pytest.mark.parametrize(("setting", "least"), [("draws", 100), ("batch", 1)])
def test_bad_settings(make_lab: MakeLab, setting: str, least: int) -> None:
    with pytest.raises(InputError, match=rf"figure\.human_error_consistency\.{setting}=0 must be at least {least}"):
        replace(FIGURE, **{setting: 0}).obstacle(known_lab(make_lab))
