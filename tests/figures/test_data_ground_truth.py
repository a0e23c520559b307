from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from known_world import KEYPOINTS, known_lab, known_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figures.data_ground_truth import DataGroundTruth
from cnnviz_core.lab import TRUTHS, Dataset

FIGURE = DataGroundTruth(images=None, count=4, search=6, images_measured=24)


def only(*kinds: str) -> Dataset:
    """The known world with these kinds of truth alone."""
    data = known_world()
    others: dict[str, Any] = dict.fromkeys(set(TRUTHS) - set(kinds))
    return replace(data, keypoint_names=data.keypoint_names if "keypoints" in kinds else (), **others)


@pytest.mark.parametrize("kinds", [("masks",), ("boxes",), ("instances", "keypoints"), ("keypoints",)])
def test_shows_the_image_with_the_largest_objects_that_are_seen(make_lab: MakeLab, kinds: tuple[str, ...]) -> None:
    data, whole = only(*kinds), known_world()
    shown = FIGURE.compute(known_lab(make_lab, data)).stats["images"]
    assert [image["class"] for image in shown] == ["square", "bar", "disc", "ring"]
    assert whole.masks is not None
    assert whole.boxes is not None
    assert whole.keypoints is not None
    pixels = np.array([mask.sum() for mask in whole.masks])
    boxes = np.array([sum(np.prod(box[2:] - box[:2]) for box in few) for few in whole.boxes])
    seen = np.array([points[..., 2].mean() for points in whole.keypoints])
    good = {"masks": pixels, "boxes": boxes, "instances": pixels * seen, "keypoints": seen}[kinds[0]]
    for label, image in enumerate(shown):
        assert good[image["index"]] == pytest.approx(good[whole.labels == label].max())


def test_tells_and_keeps_what_is_known(make_lab: MakeLab) -> None:
    lab = known_lab(make_lab)
    result = replace(FIGURE, images=[3, 5]).compute(lab)
    (ring, bar) = result.stats["images"]
    assert (ring["class"], ring["family"], ring["keypoints"]) == ("ring", "round", list(KEYPOINTS))
    assert (ring["points"], ring["visible"], bar["visible"]) == (5, 0, 8), "a ring has neither corners nor a middle"
    assert bar["attributes"]["texture"] == "none"
    data = lab.dataset
    assert data.boxes is not None
    assert data.instances is not None
    np.testing.assert_array_equal(result.arrays["boxes_1"], data.boxes[5])
    np.testing.assert_array_equal(result.arrays["instances_0"], data.instances[3])
    assert result.stats["kinds"] == ["boxes", "instances", "keypoints"]


def test_large_images_shrink_with_all_that_is_drawn_on_them(make_lab: MakeLab) -> None:
    mask = np.zeros((600, 960), dtype=bool)
    mask[100:300, 200:500] = True
    data = Dataset(
        "large", "large", [torch.zeros(3, 600, 960, dtype=torch.uint8)], ("a",), np.array([0]), ("thing",),
        masks=[mask], boxes=[np.array([[100.0, 200, 300, 500]])], keypoints=[np.array([[[100.0, 200, 1]]])],
    )  # fmt: skip
    result = FIGURE.compute(known_lab(make_lab, data))
    assert result.arrays["image_0"].shape == (3, 300, 480)
    assert result.arrays["boxes_0"].tolist() == [[50, 100, 150, 250]]
    assert result.arrays["keypoints_0"].tolist() == [[[50, 100, 1]]]
    assert result.arrays["instances_0"].sum() == 100 * 150
    assert result.arrays["instances_0"][50:150, 100:250].all()


def test_boxes_and_keypoints_of_the_known_world_agree_with_its_pixels(make_lab: MakeLab) -> None:
    stats = FIGURE.compute(known_lab(make_lab)).stats
    inside, fit, on_object = FIGURE.claims(stats)
    assert (inside.kind, inside.holds) == ("identity", True)
    assert (fit.holds, fit.measured["boxes"], fit.measured["overlap"], fit.measured["equal"]) == (True, 32, 1, 1)
    assert (on_object.holds, on_object.measured["on_object"]) == (True, 1)


def test_loose_boxes_and_shifted_keypoints_are_noticed(make_lab: MakeLab) -> None:
    data = known_world()
    assert data.boxes is not None
    assert data.keypoints is not None
    loose = replace(
        data,
        boxes=[box + np.array([-2, -2, 2, 2]) for box in data.boxes],
        keypoints=[points * (0, 0, 1) + (22, 1, 0) for points in data.keypoints],  # where there is never an object
    )
    _, fit, on_object = FIGURE.claims(FIGURE.compute(known_lab(make_lab, loose)).stats)
    assert (fit.holds, fit.measured["equal"]) == (False, 0)
    assert (on_object.holds, on_object.measured["on_object"]) == (False, 0)


def test_a_visible_keypoint_outside_of_its_image_would_be_a_bug(make_lab: MakeLab) -> None:
    data = known_world()
    assert data.keypoints is not None
    moved = replace(data, keypoints=[points + np.array([0.0, 100, 0]) for points in data.keypoints])
    inside = FIGURE.claims(FIGURE.compute(known_lab(make_lab, moved)).stats)[0]
    assert (inside.kind, inside.holds) == ("identity", False)
    assert inside.measured["outside"] == inside.measured["visible_keypoints"] > 0


def test_what_is_missing_leaves_claims_undecided(make_lab: MakeLab) -> None:
    fit, on_object = FIGURE.claims(FIGURE.compute(known_lab(make_lab, only("boxes"))).stats)
    assert (fit.holds, on_object.holds) == (None, None)
    assert fit.undecided == "the data set has no boxes together with masks of the same objects"
    assert on_object.undecided == "the data set has no keypoints together with masks"


def test_one_mask_for_two_boxes_says_nothing_about_either(make_lab: MakeLab) -> None:
    measured = FIGURE.compute(known_lab(make_lab, only("boxes", "masks"))).stats["measured"]
    assert measured["boxes"] == 16, "the images with one object"


@pytest.mark.parametrize("kinds", [("masks",), ("boxes",), ("keypoints",), ("boxes", "instances", "families")])
def test_draws_what_there_is(make_lab: MakeLab, kinds: tuple[str, ...]) -> None:
    result = FIGURE.compute(known_lab(make_lab, only(*kinds)))
    picture = FIGURE.draw(result)
    assert sum(len(axes.get_images()) for axes in picture.axes) == 4
    signs = {"masks": 1, "boxes": 1, "instances": 1, "keypoints": 2, "families": 0}
    assert len(picture.legends[0].get_texts()) == sum(signs[kind] for kind in kinds)
    assert FIGURE.alt(result.stats).startswith("4 images with what is known about them")


def test_draws_boxes_outlines_keypoints_and_words(make_lab: MakeLab) -> None:
    figure = replace(FIGURE, images=[5])
    image, names, words, _ = figure.draw(figure.compute(known_lab(make_lab))).axes
    assert image.get_title() == "bar (angular)"
    assert len(image.patches) == len(image.collections) == 2
    assert [text.get_text() for text in image.texts] == ["1", "2", "3", "4", "5", "1", "3", "5"], "two lie outside"
    assert names.texts[0].get_text().splitlines()[:2] == ["1 top left", "2 top right"]
    assert words.texts[0].get_text().replace("\N{NO-BREAK SPACE}", " ").startswith("instances: 2, scale 0.0694")


def test_alternative_text_counts_objects_and_keypoints(make_lab: MakeLab) -> None:
    text = FIGURE.alt(FIGURE.compute(known_lab(make_lab)).stats)
    assert "bar, 2 objects, 8 of 10 keypoints visible" in text


@pytest.mark.parametrize("kinds", [(), ("families", "attributes")])
def test_labels_alone_are_nothing_to_draw(make_lab: MakeLab, kinds: tuple[str, ...]) -> None:
    why = FIGURE.obstacle(known_lab(make_lab, only(*kinds))) or ""
    assert why.startswith("the data set shapes knows of no boxes, masks or keypoints")
    assert FIGURE.obstacle(known_lab(make_lab)) is None


@pytest.mark.parametrize(("setting", "value"), [("count", 0), ("search", 0), ("images_measured", 0), ("images", [24])])
def test_wrong_settings_are_refused(make_lab: MakeLab, setting: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"figure\.data_ground_truth\.{setting}=.*(must be at least 1|is not in)"):
        replace(FIGURE, **{setting: value}).obstacle(known_lab(make_lab))
