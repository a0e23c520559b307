"""Answers along a line, and whether the first wrong one lasts twice as far."""

import numpy as np
import pytest

from cnnviz_core.methods.attacks.takeover import distances, lasts


def test_distances_double_every_two_places() -> None:
    at = distances(0.25, 3)
    assert at[-1] == 0.25
    assert at[0] == pytest.approx(0.25 / 8)
    np.testing.assert_allclose(at[2:] / at[:-2], 2)
    assert len(distances(1, 3, per_doubling=4)) == 13


@pytest.mark.parametrize(
    ("answers", "held"),
    [
        ([0, 0, 1, 1, 1, 2], True),
        ([0, 0, 1, 1, 2, 2], False),  # another takes over before it is twice as far
        ([0, 0, 1, 0, 1, 1], False),  # the right one is back
        ([0, 0, 0, 1, 1, 1], True),
        ([0, 0, 0, 0, 1, 1], None),  # not seen twice as far
        ([0, 0, 0, 0, 0, 0], None),
        ([1, 1, 1, 1, 1, 1], None),  # where it takes over is nearer than the first place
    ],
)
def test_the_first_wrong_answer_lasts_or_not(answers: list[int], held: bool | None) -> None:
    assert lasts(np.array(answers), 0) is held


def test_the_verdict_does_not_hang_on_how_far_one_looks() -> None:
    def answers(at: np.ndarray) -> np.ndarray:
        return np.where(at < 0.03, 0, np.where(at < 0.1, 1, 2))

    assert {lasts(answers(distances(reach, 8)), 0) for reach in (0.125, 0.25, 0.5, 1.0)} == {True}
