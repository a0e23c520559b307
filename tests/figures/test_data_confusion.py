from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.data_confusion import DataConfusion

FIGURE = DataConfusion(images=200, matrix=10, pairs=5, mistakes=7, batch=16)
LABELS = np.tile(np.arange(4), 15)
NEAR = np.array([1, 0, 3, 2])[LABELS]  # the other class of the family
FAR = np.array([2, 3, 0, 1])[LABELS]


def answered(wrong: np.ndarray, every: int = 3) -> list[int]:
    """The right answers, but for every so many images those of `wrong`."""
    places = np.arange(60) // 4
    return [int(answer) for answer in np.where(places % every == 0, wrong, LABELS)]


def test_counts_what_the_model_takes_for_what(make_lab: MakeLab) -> None:
    result = FIGURE.compute(known_lab(make_lab, known_world(15, answered(NEAR))))
    expected = [[10, 5, 0, 0, 0], [5, 10, 0, 0, 0], [0, 0, 10, 5, 0], [0, 0, 5, 10, 0]]
    assert result.arrays["counts"].tolist() == expected
    stats = result.stats
    assert (stats["images"], stats["right"], stats["top1"], stats["top5"]) == (60, 40, 2 / 3, None)
    assert stats["top1_interval"] == pytest.approx([0.541, 0.773], abs=1e-3)
    assert stats["classes"][0] == {
        "name": "square", "family": "angular", "images": 15, "right": 10, "accuracy": 2 / 3,
        "low": pytest.approx(0.417, abs=1e-3), "high": pytest.approx(0.848, abs=1e-3),
    }  # fmt: skip
    assert stats["pairs"][0]["count"] == 5
    assert stats["pairs"][0]["of"] == 15
    assert {(pair["true"], pair["predicted"]) for pair in stats["pairs"]} == {
        ("square", "bar"), ("bar", "square"), ("disc", "ring"), ("ring", "disc")
    }  # fmt: skip
    assert stats["repeated"] is True


def test_the_surest_mistakes_are_shown_with_their_probabilities(make_lab: MakeLab) -> None:
    data = known_world(15, answered(NEAR))
    data.images[2][0, 0, 3] = 200  # a right answer, of which the model is less sure
    data.images[1][0, 0, 0] = 255
    data.images[1][0, 0, 2] = 250  # a mistake with two candidates
    lab = known_lab(make_lab, data)
    result = FIGURE.compute(lab)
    shown = result.stats["mistakes"]
    assert len(shown) == 7
    wrong = [i for i in range(60) if answered(NEAR)[i] != LABELS[i]]
    assert {mistake["index"] for mistake in shown} <= set(wrong) - {1}
    probabilities = [mistake["probability"] for mistake in shown]
    assert probabilities == sorted(probabilities, reverse=True)
    first = shown[0]
    expected = np.exp(lab.logits([first["index"]])[0].astype(float))
    assert first["probability"] == pytest.approx(expected.max() / expected.sum())
    assert first["of_true"] == pytest.approx(expected[LABELS[first["index"]]] / expected.sum())
    np.testing.assert_array_equal(result.arrays["images"][0], data.images[first["index"]].numpy())


@pytest.mark.parametrize(("wrong", "within", "holds"), [(NEAR, 1, True), (FAR, 0, False)])
def test_mistakes_stay_in_the_family_or_do_not(
    make_lab: MakeLab, wrong: np.ndarray, within: float, holds: bool
) -> None:
    lab = known_lab(make_lab, known_world(15, answered(wrong)))
    claim = FIGURE.claims(FIGURE.compute(lab).stats)[2]
    assert claim.holds is holds
    assert (claim.measured["within_family"], claim.measured["by_chance"]) == pytest.approx((within, 1 / 3))


def test_families_decide_nothing_where_they_or_mistakes_are_missing(make_lab: MakeLab) -> None:
    few = known_world(15, answered(NEAR, every=8))
    assert FIGURE.claims(FIGURE.compute(known_lab(make_lab, few)).stats)[2].undecided == (
        "there are fewer than 10 mistakes"
    )
    alike = [replace(known_world(15, answered(NEAR)), families=families) for families in (None, ("shape",) * 4)]
    for data in alike:
        claim = FIGURE.claims(FIGURE.compute(known_lab(make_lab, data)).stats)[2]
        assert claim.holds is None
        assert claim.undecided.startswith("the data set does not say which classes belong together")


@pytest.mark.parametrize(
    ("answers", "holds"),
    [(answered(NEAR), True), ([2] * 60, None), (FAR.tolist(), False)],
    ids=["mostly right", "always the same", "never right"],
)
def test_above_chance_is_above_the_same_answers_in_random_order(
    make_lab: MakeLab, answers: list[int], holds: bool | None
) -> None:
    stats = FIGURE.compute(known_lab(make_lab, known_world(15, answers))).stats
    claim = FIGURE.claims(stats)[1]
    assert claim.holds is holds
    assert claim.measured["by_chance"] == pytest.approx(0.25)


def test_a_matrix_that_loses_images_would_be_a_bug(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(known_lab(make_lab)).stats
    assert FIGURE.claims(stats)[0].holds is True
    falls = FIGURE.claims({**stats, "adds_up": False})[0]
    assert (falls.kind, falls.holds) == ("identity", False)


def test_answers_that_are_no_class_of_the_data_set_are_counted_apart(make_lab: MakeLab) -> None:
    answers = answered(np.full(60, 7))
    lab = known_lab(make_lab, known_world(15, answers), outputs=12)
    result = FIGURE.compute(lab)
    assert result.arrays["counts"][:, -1].tolist() == [5, 5, 5, 5]
    assert result.stats["pairs"][0]["predicted"] == "output 7"
    assert result.stats["top5"] == 1, "all other logits are equal, and the right ones are the first of them"
    claim = FIGURE.claims(result.stats)[2]
    assert (claim.holds, claim.measured["within_family"]) == (False, 0)
    matrix = FIGURE.draw(result).axes[0]
    assert [label.get_text() for label in matrix.get_xticklabels()][-1] == "other"


def test_two_classes_that_are_one_output_are_both_right(make_lab: MakeLab) -> None:
    data = replace(known_world(15, np.minimum(LABELS, 2).tolist()), outputs=(0, 1, 2, 2))
    assert FIGURE.compute(known_lab(make_lab, data)).arrays["counts"].diagonal().tolist() == [15] * 4


def test_classes_stand_by_family_else_by_confusion(make_lab: MakeLab) -> None:
    mixed = replace(known_world(15, answered(FAR)), families=("a", "b", "a", "b"))
    assert FIGURE.compute(known_lab(make_lab, mixed)).arrays["order"].tolist() == [0, 2, 1, 3]
    alone = replace(mixed, families=None)
    assert FIGURE.compute(known_lab(make_lab, alone)).arrays["order"].tolist() == [0, 2, 1, 3]


def test_only_so_many_images_are_asked(make_lab: MakeLab) -> None:
    stats = replace(FIGURE, images=20).compute(known_lab(make_lab, known_world(15))).stats
    assert (stats["images"], stats["all_images"]) == (20, 60)


def test_batches_do_not_change_the_numbers(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab, known_world(15, answered(NEAR)))
    one, many = (replace(FIGURE, batch=batch).compute(lab).stats for batch in (1, 60))
    assert one["pairs"] == many["pairs"]
    assert one["classes"] == many["classes"]


def test_draws_matrix_bars_and_mistakes(make_lab: MakeLab) -> None:
    picture = FIGURE.draw(FIGURE.compute(known_lab(make_lab, known_world(15, answered(NEAR)))))
    matrix, classes, pairs, *strip = picture.axes
    colors: np.ndarray = np.ma.filled(np.ma.asarray(matrix.get_images()[0].get_array()), np.nan)
    assert np.isnan(np.diagonal(colors)).all()
    assert colors[0, 1] == pytest.approx(100 / 3)
    written = [text.get_text() for text in matrix.texts]
    assert [written.count(word) for word in ("10", "5", "angular", "round")] == [4, 4, 1, 1]
    assert [bar.get_width() for bar in classes.patches] == pytest.approx([200 / 3] * 4)  # type: ignore[attr-defined]
    assert next(label.get_text() for label in pairs.get_yticklabels()).endswith(("bar", "square", "disc", "ring"))
    shown = [axes for axes in strip if axes.get_images()]
    assert len(shown) == 7
    assert shown[0].get_title().splitlines()[1].endswith(" 1.00")


@pytest.mark.parametrize("repeated", [True, False])
def test_many_classes_have_no_matrix(make_lab: MakeLab, repeated: bool) -> None:
    figure = replace(FIGURE, matrix=2)
    result = figure.compute(known_lab(make_lab, known_world(15, answered(NEAR))))
    picture = figure.draw(replace(result, stats={**result.stats, "repeated": repeated}))
    left, right = picture.axes[:2]
    assert (left.get_xlabel() == "probability of the answer") is not repeated
    np.testing.assert_allclose(np.asarray(right.get_lines()[0].get_ydata(), dtype=float)[[0, -1]], [200 / 3, 100])


def test_a_model_without_mistakes_has_no_strip(make_lab: MakeLab) -> None:
    result = FIGURE.compute(known_lab(make_lab, known_world(15)))
    assert result.stats["pairs"] == result.stats["mistakes"] == []
    matrix, _, pairs = FIGURE.draw(result).axes
    assert pairs.get_title() == "no mistakes"
    assert not pairs.axison
    assert matrix.get_images()[0].get_clim() == (0, 1)
    assert "The most frequent mistakes: none" in FIGURE.alt(result.stats)


def test_alternative_text_tells_accuracy_and_mistakes(make_lab: MakeLab) -> None:
    text = FIGURE.alt(FIGURE.compute(known_lab(make_lab, known_world(15, answered(NEAR)))).stats)
    assert "66.7% are classified rightly (95% interval 54.1% to 77.3%)" in text
    assert "(5)" in text


def test_classes_must_be_the_models(make_lab: MakeLab) -> None:
    other = replace(known_world(), outputs=None)
    assert (FIGURE.obstacle(known_lab(make_lab, other)) or "").startswith(
        "the classes of shapes are not among the outputs of tiny"
    )
    assert FIGURE.obstacle(known_lab(make_lab)) is None


@pytest.mark.parametrize("setting", ["images", "matrix", "pairs", "mistakes", "batch"])
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str) -> None:
    changed: dict[str, Any] = {setting: 0}
    with pytest.raises(InputError, match=rf"figure\.data_confusion\.{setting}=0 must be at least 1"):
        replace(FIGURE, **changed).obstacle(known_lab(make_lab))
