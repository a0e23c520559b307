from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from answered_world import SHAPES, answered, right
from known_world import known_lab
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.human_confusions import HumanConfusions

FIGURE = HumanConfusions(pairs=2, draws=200, batch=8)


def test_matrices_of_people_and_model(make_lab: MakeLab, tmp_path: Path) -> None:
    """ann takes every bar for a square, bob gives no answer for one; alexnet is no person; the model errs 4 times."""
    ann = [SHAPES[0] if i % 4 == 1 else SHAPES[i % 4] for i in range(24)]
    given = {"ann": ann, "bob": ["na", *right()[1:]], "alexnet": right(wrong=(2,))}
    result = FIGURE.compute(known_lab(make_lab, answered(tmp_path, given, wrong=4)))
    stats, people, model = result.stats, result.arrays["people"], result.arrays["model"]
    np.testing.assert_allclose(people[1], [0.5, 0.5, 0, 0, 0])
    np.testing.assert_allclose(people[0], [11 / 12, 0, 0, 0, 1 / 12])
    np.testing.assert_allclose(model[:, :4], np.eye(4) * 5 / 6 + np.roll(np.eye(4), 1, axis=1) / 6)
    assert (stats["people"], stats["answers"], stats["missing"]) == (2, 48, 1)
    assert stats["pairs"]["people"] == [{"true": "bar", "answer": "square", "share": 0.5}]
    assert [pair["share"] for pair in stats["pairs"]["model"]] == pytest.approx([1 / 6] * 2)
    assert [claim.holds for claim in FIGURE.claims(stats)] == [True, None]
    assert FIGURE.claims({**stats, "adds_up": False})[0].holds is False
    assert "bar as square (50%)" in FIGURE.alt(stats)
    FIGURE.draw(result)


@pytest.mark.parametrize("reverse", [False, True])
def test_few_kinds_of_wrong_answers(make_lab: MakeLab, tmp_path: Path, reverse: bool) -> None:
    """One says square to all, the other the next shape: a third of the answers is wrong in the same way, or all are."""
    lab = known_lab(
        make_lab, answered(tmp_path, {"ann": right(wrong=tuple(range(24))) if not reverse else ["square"] * 24})
    )
    spelt = np.zeros(24, dtype=int) if not reverse else (np.arange(24) + 1) % 4
    for image, answer in zip(lab.dataset.images, spelt, strict=True):
        image[0, 0] = 0
        image[0, 0, answer] = 255
    assert FIGURE.claims(FIGURE.compute(lab).stats)[1].holds is not reverse


def test_obstacles(make_lab: MakeLab, tmp_path: Path) -> None:
    assert str(FIGURE.obstacle(known_lab(make_lab))).startswith("nobody has labelled the images of shapes yet")
    nets = known_lab(make_lab, answered(tmp_path, {"alexnet": right()}))
    assert FIGURE.obstacle(nets) == "no person is among the observers of shapes, only nets"
    other = known_lab(make_lab, replace(answered(tmp_path, {"ann": right()}), outputs=None))
    assert str(FIGURE.obstacle(other)).startswith("the classes of shapes are not among the outputs of tiny")


@pytest.mark.parametrize(("setting", "least"), [("pairs", 1), ("draws", 100), ("batch", 1)])
def test_bad_settings(make_lab: MakeLab, setting: str, least: int) -> None:
    with pytest.raises(InputError, match=rf"figure\.human_confusions\.{setting}=0 must be at least {least}"):
        replace(FIGURE, **{setting: 0}).obstacle(known_lab(make_lab))
