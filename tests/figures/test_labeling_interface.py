from dataclasses import replace

import numpy as np
import pytest
from known_world import FAMILIES, NAMES, known_lab, known_world
from tiny import MakeLab

from cnnviz_core.answers import Choices
from cnnviz_core.errors import InputError
from cnnviz_core.figures import labeling_interface
from cnnviz_core.figures.labeling_interface import LabelingInterface
from cnnviz_core.lab import Dataset, Practice

FIGURE = LabelingInterface(images=12, examples=2, thumbnail=16)
ANSWERS = [1, 1, 2, 3] * 6  # squares are taken for bars


def other_split() -> Dataset:
    """Other images of the same shapes, in other places."""
    data = known_world(3)
    images = [255 - image for image in data.images]
    return replace(data, images=images, ids=tuple(f"train {i}" for i in range(len(images))))


def test_asked_about_are_as_many_of_each_class_and_none_is_an_example(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    result = FIGURE.compute(lab)
    asked = [lab.dataset.ids.index(name) for name in result.arrays["ids"]]
    assert np.bincount(lab.dataset.labels[asked]).tolist() == [3, 3, 3, 3]
    np.testing.assert_array_equal(result.arrays["images"], np.stack([lab.dataset.images[i].numpy() for i in asked]))
    np.testing.assert_array_equal(result.arrays["truth"], lab.dataset.labels[asked])
    assert np.bincount(result.arrays["example_labels"]).tolist() == [2, 2, 2, 2]
    assert result.arrays["examples"].shape == (8, 3, 16, 16)
    assert (result.stats["shared_ids"], result.stats["shared_pixels"], result.stats["split"]) == (0, 0, None)
    assert "half of them, but at most 2" in FIGURE.labelling(result).origin


def test_examples_come_from_another_split_where_there_is_one(make_lab: MakeLab) -> None:
    data = replace(known_world(), practice=Practice("train", lambda each: other_split()))
    result = replace(FIGURE, images=99, thumbnail=99).compute(known_lab(make_lab, data))
    assert result.stats["images"] == 24, "all of them are left to be asked about"
    assert result.stats["split"] == "train"
    train = other_split()
    expected = [train.images[i].numpy() for label in range(4) for i in np.flatnonzero(train.labels == label)[:2]]
    np.testing.assert_array_equal(result.arrays["examples"], np.stack(expected))
    assert "split “train”" in FIGURE.labelling(result).origin


def test_the_same_picture_under_another_name_is_no_example(make_lab: MakeLab) -> None:
    data = known_world(2)
    twins = replace(data, images=[data.images[i % 4] for i in range(8)])
    result = FIGURE.compute(known_lab(make_lab, twins))
    assert (result.stats["twins"], result.stats["examples"], result.stats["shared_pixels"]) == (4, 0, 0)


def test_a_shared_image_would_be_a_bug(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    stats = FIGURE.compute(known_lab(make_lab)).stats
    assert FIGURE.claims(stats)[0].holds is True
    assert FIGURE.claims({**stats, "shared_ids": 1})[0].holds is False
    assert FIGURE.claims({**stats, "shared_pixels": 1})[0].holds is False
    monkeypatch.setattr(labeling_interface, "divided", lambda labels, most, rng: ({0: [0]}, {0: [0, 4]}))
    stats = FIGURE.compute(known_lab(make_lab)).stats
    assert (stats["images"], stats["twins"], stats["examples"]) == (2, 1, 0), "even then it is not shown"


def test_one_image_of_each_class_leaves_no_examples(make_lab: MakeLab) -> None:
    result = FIGURE.compute(known_lab(make_lab, known_world(1)))
    assert (result.stats["examples"], result.stats["images"]) == (0, 4)
    assert FIGURE.labelling(result).origin.startswith("There are no examples")
    texts = [text.get_text() for text in FIGURE.draw(result).axes[1].texts]
    assert texts == list(NAMES)
    assert "no examples" in FIGURE.alt(result.stats)


def test_what_the_net_says_is_what_its_outputs_say(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab, known_world(answers=ANSWERS), outputs=6)
    result = FIGURE.compute(lab)
    found = FIGURE.labelling(result)
    for name, truth, said in zip(found.ids, found.truth, found.said, strict=True):
        spelt = ANSWERS[lab.dataset.ids.index(name)]
        shares = np.exp(8.0 * (np.arange(4) == spelt))
        assert said[0][0] == NAMES[spelt]
        assert len(said) == 4, "it chooses among the four classes, as the reader does"
        assert said[0][1] == pytest.approx(shares[spelt] / shares.sum(), rel=1e-4)
        assert (result.arrays["ranks"][found.ids.index(name)] == 0) == (spelt == truth)
    assert result.stats["top1"] == 0.75
    assert found.same_names


def test_classes_that_are_not_the_models_leave_open_whether_it_is_right(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab, replace(known_world(), outputs=None))
    result = FIGURE.compute(lab)
    found = FIGURE.labelling(result)
    assert found.ranks is None
    assert found.said[0][0][0] in lab.model.classes
    assert (found.same_names, result.stats["top1"]) == (False, None)


def test_coarse_categories_are_what_is_asked_for(make_lab: MakeLab) -> None:
    data = known_world()
    labels = np.array([{0: 0, 1: 0, 2: 1, 3: -1}[label] for label in data.labels.tolist()])
    practice = Practice("train", lambda each: other_split())
    for given in (data, replace(data, practice=practice)):
        lab = known_lab(make_lab, replace(given, choices=Choices(("edgy", "round"), ((0, 1), (2,)), labels)))
        result = FIGURE.compute(lab)
        found = FIGURE.labelling(result)
        assert found.names == ["edgy", "round"]
        assert sorted(set(result.arrays["truth"].tolist())) == [0, 1]
        assert [len(tiles) for tiles in found.examples] == [2, 2]
        assert found.said[0][0][0] == found.names[found.truth[0]]


def test_classes_are_listed_by_family_in_the_order_of_the_outputs(make_lab: MakeLab) -> None:
    data = replace(known_world(), outputs=(3, 1, 2, 0), families=("a", "b", "a", "b"))
    assert FIGURE.compute(known_lab(make_lab, data)).arrays["order"].tolist() == [3, 1, 2, 0]
    plain = replace(data, families=None)
    assert FIGURE.compute(known_lab(make_lab, plain)).arrays["order"].tolist() == [3, 1, 2, 0]
    mixed = replace(data, outputs=(0, 1, 2, 3))
    assert FIGURE.compute(known_lab(make_lab, mixed)).arrays["order"].tolist() == [0, 2, 1, 3]


def test_very_many_examples_are_smaller(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labeling_interface, "PIXELS", 8 * 10 * 10)
    assert FIGURE.compute(known_lab(make_lab)).arrays["examples"].shape == (8, 3, 10, 10)


def test_draws_the_image_beside_rows_of_examples(make_lab: MakeLab) -> None:
    result = FIGURE.compute(known_lab(make_lab))
    left, right = FIGURE.draw(result).axes
    np.testing.assert_allclose(np.asarray(left.get_images()[0].get_array()) * 255,
                               result.arrays["images"][0].transpose(1, 2, 0))  # fmt: skip
    assert [label.get_text() for label in right.get_yticklabels()] == list(NAMES)
    sheet = np.asarray(right.get_images()[0].get_array())
    assert not (sheet[:16, 18:34] == 1).all()
    assert (sheet[:, 36:] == 1).all(), "there are two of each"
    assert set(FAMILIES) == set(FIGURE.labelling(result).families)


def test_the_same_seed_asks_the_same(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    one, again, other = (FIGURE.compute(replace(lab, seed=seed)).arrays["ids"].tolist() for seed in (0, 0, 1))
    assert one == again != other


@pytest.mark.parametrize(("setting", "value"), [("images", 0), ("examples", 0), ("thumbnail", 7)])
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str, value: int) -> None:
    with pytest.raises(InputError, match=rf"figure\.labeling_interface\.{setting}={value} must be at least"):
        replace(FIGURE, **{setting: value}).obstacle(known_lab(make_lab))
    assert FIGURE.obstacle(known_lab(make_lab)) is None
