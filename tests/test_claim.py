"""Verdicts follow from intervals."""

import pytest

from cnnviz_core.claim import identity, tendency


@pytest.mark.parametrize(
    ("interval", "holds"), [((0.1, 0.3), True), ((-0.3, -0.1), False), ((-0.1, 0.3), None), ((0.0, 0.3), None)]
)
def test_a_tendency_follows_its_interval(interval: tuple[float, float], holds: bool | None) -> None:
    claim = tendency("x.y", "T.", {"a": 1.0}, interval, source="zeiler2014")
    assert claim.holds is holds
    assert claim.measured == {"a": 1.0, "difference_from": interval[0], "difference_to": interval[1]}
    assert bool(claim.undecided) is (holds is None)


def test_a_tendency_without_meaning_is_undecided_and_says_why() -> None:
    claim = tendency("x.y", "T.", {}, (0.1, 0.2), source="zeiler2014", undecided="there are no boxes")
    assert (claim.holds, claim.undecided, claim.verdict) == (None, "there are no boxes", "undecided here")


def test_an_identity_is_true_or_a_bug() -> None:
    assert identity("x.y", "T.", True, {}).verdict == "holds here"
    assert identity("x.y", "T.", False, {}).verdict == "does not hold here"
