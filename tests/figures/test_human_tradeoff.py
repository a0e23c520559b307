from dataclasses import replace
from pathlib import Path

import pytest
from answered_world import answered, right
from known_world import known_lab
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.human_tradeoff import HumanTradeoff

FIGURE = HumanTradeoff(images=24, batch=8)


@pytest.mark.parametrize(
    ("wrong", "holds"), [(tuple(range(16, 24)), True), (tuple(range(8)), False), ((0, 23), None)]
)  # fmt: skip
def test_errors_and_times(make_lab: MakeLab, tmp_path: Path, wrong: tuple[int, ...], holds: bool | None) -> None:
    """Image i takes 1 + i seconds."""
    given = {"ann": right(wrong=wrong), "alexnet": right(wrong=(1,))}
    result = FIGURE.compute(known_lab(make_lab, answered(tmp_path, given, wrong=6)))
    stats = result.stats
    ann, net = stats["observers"]
    assert (ann["error"], ann["seconds"]) == (len(wrong) / 24, 12.5)
    assert (net["kind"], stats["model"]["error"], stats["timed"]) == ("net", 0.25, 1)
    late = sum(i > 11 for i in wrong)
    assert stats["halves"]["slow"] == late / 12
    assert [claim.holds for claim in FIGURE.claims(stats)] == [True, holds]
    assert len(FIGURE.draw(result).axes) == 2


def test_nobody(make_lab: MakeLab) -> None:
    result = FIGURE.compute(known_lab(make_lab))
    assert result.stats["observers"] == []
    claims = FIGURE.claims(result.stats)
    assert [claim.holds for claim in claims] == [True, None]
    assert "no people here" in claims[1].undecided
    assert "Here: no person. tiny 0.0%." in FIGURE.alt(result.stats)
    assert FIGURE.draw(result).axes[0].get_xticklabels()[-1].get_text() == "tiny,\nthese images"


def test_published_counts_that_do_not_fit_are_seen(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(known_lab(make_lab)).stats
    points = [{**point, "counted": 0.2} if point["counted"] else point for point in stats["published"]]
    assert FIGURE.claims({**stats, "published": points})[0].holds is False


@pytest.mark.parametrize("setting", ["images", "batch"])
def test_bad_settings(make_lab: MakeLab, setting: str) -> None:
    with pytest.raises(InputError, match=rf"figure\.human_tradeoff\.{setting}=0 must be at least 1"):
        replace(FIGURE, **{setting: 0}).obstacle(known_lab(make_lab))
