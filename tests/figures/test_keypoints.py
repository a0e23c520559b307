"""Objects cut out of their images, and where their keypoints are then."""

from dataclasses import replace

import numpy as np
import torch
from keypoint_world import SIDE, keypoint_lab, keypoint_world
from known_world import known_lab, known_world
from tiny import MakeLab

from cnnviz_core.keypoints import annotated, columns_of, cutouts, grid_of, map_layers, sift_of, unknown_keypoints
from cnnviz_core.lab import Lab


def lone(make_lab: MakeLab, box: list[float], points: list[list[float]], size: tuple[int, int] = (60, 40)) -> Lab:
    """A lab of one dark image with white pixels at the keypoints."""
    image = torch.zeros(3, *size, dtype=torch.uint8)
    for row, column, _ in points:
        if 0 <= row < size[0] and 0 <= column < size[1]:
            image[:, int(row), int(column)] = 255
    data = replace(
        keypoint_world(1), images=[image], boxes=[np.array([box])], keypoints=[np.array([points])],
        keypoint_names=(("a", "b"), ("a", "b")),
    )  # fmt: skip
    return keypoint_lab(make_lab, data)


def test_keypoints_stay_on_their_pixels_when_cut_out(make_lab: MakeLab) -> None:
    lab = lone(make_lab, [10, 4, 22, 14], [[12.5, 5.5, 1], [20.5, 12.5, 1]])
    (cut,) = cutouts(lab, annotated(lab, 1, 5), 0.0)
    assert cut.image.shape == (3, SIDE, SIDE)
    np.testing.assert_allclose(cut.places, [[5, 5], [21, 19]])  # twice as large, and one pixel at each side
    np.testing.assert_allclose(cut.box, [0, 2, 24, 22])
    assert cut.side == 24
    for row, column in cut.places.astype(int):
        assert cut.image[0, row - 1 : row + 1, column - 1 : column + 1].min() > 0.5


def test_what_lies_outside_of_the_image_is_the_mean_color(make_lab: MakeLab) -> None:
    lab = lone(make_lab, [0, 0, 12, 12], [[1.5, 1.5, 1], [3.5, 3.5, 0], [4.5, 4.5, 1]])
    lab = lab.with_model(replace(lab.model, mean=(0.5, 0.25, 0.75)))
    (cut,) = cutouts(lab, annotated(lab, 1, 5), 0.5)
    np.testing.assert_allclose(cut.image[:, 0, 0], [0.5, 0.25, 0.75])
    np.testing.assert_allclose(cut.places[0], [7.5, 7.5])
    assert cut.seen.tolist() == [True, False, True]


def test_small_objects_and_those_with_one_visible_keypoint_are_left_out(make_lab: MakeLab) -> None:
    lab = lone(make_lab, [10, 4, 22, 14], [[12.5, 5.5, 1], [20.5, 12.5, 0]])
    assert annotated(lab, 1, 5) == []
    lab = lone(make_lab, [10, 4, 22, 14], [[12.5, 5.5, 1], [20.5, 12.5, 1]])
    assert annotated(lab, 1, 13) == []
    boxless = lab.with_dataset(replace(lab.dataset, boxes=None))
    assert annotated(boxless, 1, 5)[0].box.tolist() == [12.5, 5.5, 20.5, 12.5]


def test_columns_and_descriptors_at_the_keypoints(make_lab: MakeLab) -> None:
    lab = keypoint_lab(make_lab)
    layers = map_layers(lab.model, 5)
    assert [layer.name for layer in layers] == ["relu1", "relu2"]
    assert [layer.name for layer in map_layers(lab.model, 1)] == ["relu1"]
    np.testing.assert_array_equal(grid_of(lab.model, layers[0]).centres()[2, 3], [2.5, 3.5])
    cut = cutouts(lab, annotated(lab, 24, 5), 0.0)
    places = [each.places for each in cut]
    red = columns_of(lab, cut, places, layers, 7)["relu2"].reshape(24, 4, 3)[:, 0]
    np.testing.assert_allclose(red, np.broadcast_to([250 / 255, 0, 0], (24, 3)), atol=1e-6)
    assert [found.shape for found in sift_of(cut, places, [3.0, 6.0])] == [(96, 128)] * 2


def test_layers_that_see_the_whole_image_divide_it_evenly(make_lab: MakeLab) -> None:
    lab = keypoint_lab(make_lab)
    layer = replace(map_layers(lab.model, 1)[0], shape=(3, 4, 4), receptive_field=None)
    assert grid_of(lab.model, layer).centres()[0, 0].tolist() == [3, 3]


def test_a_data_set_without_keypoints_says_who_has_them(make_lab: MakeLab) -> None:
    assert unknown_keypoints(known_lab(make_lab).dataset) is None
    for data in (replace(known_world(), keypoints=None), replace(known_world(), keypoint_names=((), ()))):
        assert unknown_keypoints(data) == (
            "the data set shapes knows of no keypoints; dataset=diorama does, and a folder of images has those of "
            "dataset.keypoints=FILE.json (COCO)"
        )
