from dataclasses import replace

import numpy as np
import pytest
import torch
from known_world import FAMILIES, NAMES, known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.data_samples import DataSamples
from cnnviz_core.lab import Dataset

FIGURE = DataSamples(classes=4, images=5)


def many_classes(count: int) -> Dataset:
    """One image of each class, all of the gray of its class."""
    images = [torch.full((3, 24, 24), label, dtype=torch.uint8) for label in range(count)]
    names = tuple(f"thing {label}" for label in range(count))
    return Dataset("things", "things", images, names, np.arange(count), names)


def test_each_class_has_a_row_of_its_own_images_as_the_model_sees_them(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    result = FIGURE.compute(lab)
    assert [entry["name"] for entry in result.stats["classes"]] == list(NAMES)
    assert result.arrays["row"].tolist() == [row for row in range(4) for _ in range(5)]
    for row, ids in enumerate(result.stats["images"]):
        assert (lab.dataset.labels[ids] == row).all()
        assert len(set(ids)) == 5
    flat = [i for ids in result.stats["images"] for i in ids]
    np.testing.assert_array_equal(result.arrays["images"], np.stack([lab.dataset.images[i].numpy() for i in flat]))


def test_other_seeds_draw_other_images(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab, known_world(40))
    one, again, other = (FIGURE.compute(replace(lab, seed=seed)).stats["images"] for seed in (0, 0, 1))
    assert one == again != other


def test_classes_are_counted_and_grouped_by_family(make_lab: MakeLab) -> None:
    mixed = replace(known_world(), families=("round", "angular", "round", "angular"))
    stats = FIGURE.compute(known_lab(make_lab, mixed)).stats
    assert [entry["family"] for entry in stats["classes"]] == ["round", "round", "angular", "angular"]
    assert stats["families"] == [{"name": "round", "classes": ["square", "disc"]},
                                 {"name": "angular", "classes": ["bar", "ring"]}]  # fmt: skip
    assert (stats["fewest"], stats["most"], stats["all_images"], stats["all_classes"]) == (6, 6, 24, 4)


def test_fewer_rows_are_spread_over_the_families(make_lab: MakeLab) -> None:
    stats = replace(FIGURE, classes=2).compute(known_lab(make_lab)).stats
    assert [entry["family"] for entry in stats["classes"]] == sorted(set(FAMILIES))


def test_classes_of_few_images_show_one_image_each(make_lab: MakeLab) -> None:
    stats = DataSamples(classes=16, images=10).compute(known_lab(make_lab, many_classes(100))).stats
    assert stats["single"] is True
    assert stats["shown"] == len(stats["classes"]) == 42
    assert (stats["classes"][0]["name"], stats["classes"][-1]["name"]) == ("thing 0", "thing 99")
    assert FIGURE.compute(known_lab(make_lab)).stats["single"] is False


def test_large_images_are_made_smaller(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    lab = replace(lab, model=replace(lab.model, size=(300, 200), resize=300))
    assert FIGURE.compute(lab).arrays["images"].shape == (20, 3, 160, 107)


def test_an_image_in_a_wrong_row_would_be_a_bug(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(known_lab(make_lab)).stats
    assert FIGURE.claims(stats)[0].holds is True
    assert FIGURE.claims({**stats, "own_row": False})[0].holds is False


def test_draws_a_panel_for_each_family_with_the_names_of_its_classes(make_lab: MakeLab) -> None:
    data = known_world(2)  # fewer images than columns
    picture = FIGURE.draw(FIGURE.compute(known_lab(make_lab, replace(data, labels=np.array([0, 0, 0, 0, 1, 2, 2, 3])))))
    angular, round_ = picture.axes
    assert (angular.get_ylabel(), round_.get_ylabel()) == ("angular", "round")
    assert [label.get_text() for label in angular.get_yticklabels()] == ["square", "bar"]
    sheet = np.asarray(angular.get_images()[0].get_array())
    step = 96 + 2
    assert sheet.shape[:2] == (2 * step - 2, 4 * step - 2)
    assert not (sheet[:96, 3 * step :] == 1).all(), "the fourth square"
    assert (sheet[step:, step:] == 1).all(), "there is one bar only"


def test_draws_single_images_with_names(make_lab: MakeLab) -> None:
    figure = DataSamples(classes=16, images=10)
    (axes,) = figure.draw(figure.compute(known_lab(make_lab, many_classes(9)))).axes
    assert [text.get_text() for text in axes.texts] == [f"thing {label}" for label in range(9)]
    places = np.array([text.get_position() for text in axes.texts])
    assert (places[:6, 1] == places[0, 1]).all()
    assert places[6, 0] == 0


def test_alternative_text_names_the_classes(make_lab: MakeLab) -> None:
    figure = DataSamples(classes=16, images=10)
    assert "square, bar, disc, ring" in FIGURE.alt(FIGURE.compute(known_lab(make_lab)).stats)
    single = figure.alt(figure.compute(known_lab(make_lab, many_classes(3))).stats)
    assert single == "One image of each of 3 classes: thing 0, thing 1, thing 2."


@pytest.mark.parametrize("setting", ["classes", "images"])
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str) -> None:
    with pytest.raises(InputError, match=rf"figure\.data_samples\.{setting}=0 must be at least 1"):
        replace(FIGURE, **{setting: 0}).obstacle(known_lab(make_lab))
    assert FIGURE.obstacle(known_lab(make_lab)) is None
