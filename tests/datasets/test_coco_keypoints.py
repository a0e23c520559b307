import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnviz_core.datasets.coco_keypoints import Keypoints, coco_keypoints
from cnnviz_core.datasets.imagefolder import imagefolder
from cnnviz_core.errors import InputError

SIZES = {"cat/a.jpg": (100, 200), "cat/b.jpg": (50, 50), "dog/c.jpg": (10, 10)}
LABELS, CLASSES = [0, 0, 1], ["Cat", "dog"]
IMAGES: list[dict[str, Any]] = [
    {"id": 1, "file_name": "cat/a.jpg", "width": 200, "height": 100, "license": 4, "coco_url": "http://none"},
    {"id": 2, "file_name": "cat/b.jpg", "width": 50, "height": 50},
    {"id": 3, "file_name": "dog/c.jpg"},
]
CAT = {"supercategory": "animal", "id": 17, "name": "cat", "keypoints": ["nose", "tail"], "skeleton": [[1, 2]]}
DOG = {**CAT, "id": 18, "name": "dog", "keypoints": ["nose", "paw", "tail"]}
CAR = {**CAT, "id": 3, "name": "car", "keypoints": ["wheel"]}


def marked(image: int, keypoints: list[Any], category: Any = 17, **more: Any) -> dict[str, Any]:
    """An annotation with every field that COCO's own have."""
    seen = sum(v > 0 for v in keypoints[2::3] if isinstance(v, (int, float)))
    return {
        "segmentation": [[10, 10, 20, 10, 20, 20]], "num_keypoints": seen, "area": 50.0, "iscrowd": 0,
        "keypoints": keypoints, "image_id": image, "bbox": [1.5, 2, 3, 4], "category_id": category, "id": 900,
    } | more  # fmt: skip


def read(folder: Path, annotations: list[Any], categories: Any = (CAT, DOG, CAR), images: Any = IMAGES) -> Keypoints:
    file = folder / "points.json"
    content = {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}
    file.write_text(json.dumps(content))
    return coco_keypoints(file, SIZES, LABELS, CLASSES)


def test_seen_hidden_and_unknown_keypoints_of_each_object(tmp_path: Path) -> None:
    first, second = marked(1, [10, 20, 2, 199, 99, 1]), marked(1, [5, 6, 2, 0, 0, 0], bbox=[0, 0, 9, 9])
    found = read(tmp_path, [first, marked(3, [1, 2, 2, 3, 4, 2, 0, 0, 0], 18), second])
    assert [points.shape for points in found.points] == [(2, 2, 3), (0, 2, 3), (1, 3, 3)]
    np.testing.assert_array_equal(found.points[0][0], [[20.5, 10.5, 1], [99.5, 199.5, 0]])
    np.testing.assert_array_equal(found.points[0][1], [[6.5, 5.5, 1], [np.nan, np.nan, 0]])
    assert [boxes.tolist() for boxes in found.boxes] == [[[2, 1.5, 6, 4.5], [0, 0, 9, 9]], [], [[2, 1.5, 6, 4.5]]]
    assert found.names == (("nose", "tail"), ("nose", "paw", "tail"))
    assert found.remarks == ["points.json: the category car has the name of no class"]


def test_one_category_is_that_of_all_classes_as_in_cocos_file_of_persons(tmp_path: Path) -> None:
    person = {**CAT, "id": 1, "name": "person"}
    boxes_alone = {"supercategory": "vehicle", "id": 2, "name": "bicycle"}
    found = read(tmp_path, [marked(3, [1, 1, 2, 0, 0, 0], 1), marked(1, [], 2)], [person, boxes_alone])
    assert found.names == (("nose", "tail"),) * 2
    assert [len(points) for points in found.points] == [0, 0, 1]
    assert found.remarks == []


def test_what_cannot_be_used_is_left_out_with_a_remark(tmp_path: Path) -> None:
    crowd = marked(1, [0] * 6, iscrowd=1, segmentation={"counts": [1], "size": [100, 200]})
    outside, only = marked(2, [50, 3, 2, 49, 3, 2]), marked(2, [-1, 3, 2, 0, 0, 0])
    away = marked(1, [1, 1, 2, 2, 2, 2], bbox=[300, 0, 5, 5])
    found = read(tmp_path, [crowd, marked(1, [4, 4, 1, 0, 0, 0]), outside, only, marked(3, [1, 1, 2, 2, 2, 2]), away])
    assert [len(points) for points in found.points] == [0, 1, 0]
    np.testing.assert_array_equal(found.points[1][0], [[np.nan, np.nan, 0], [3.5, 49.5, 1]])
    assert found.remarks == [
        "cat/b.jpg: the keypoint nose at x 50, y 3 lies outside the image of 50 x 50 pixels and was dropped",
        "cat/b.jpg: the keypoint nose at x -1, y 3 lies outside the image of 50 x 50 pixels and was dropped",
        "cat/a.jpg: the box [300, 0, 5, 5] has no area inside the image and was dropped",
        "points.json: the category car has the name of no class",
        "points.json: 3 objects have no visible keypoint and were left out",
        "points.json: 1 objects are of another class than their image and were left out",
    ]


def test_keypoints_of_unknown_files_are_passed_over_with_a_remark(tmp_path: Path) -> None:
    images = [*IMAGES, {"id": 9, "file_name": "cat/z.jpg"}]
    found = read(tmp_path, [marked(9, [1, 1, 2, 0, 0, 0])], [CAT], images)
    assert found.remarks == ["cat/z.jpg: has keypoints in points.json, but is not among the usable images"]


@pytest.mark.parametrize(
    ("annotations", "categories", "message"),
    [
        ([marked(7, [0] * 6)], [CAT], "annotation 0 is for image_id 7, which is not among its images"),
        ([marked(1, [0] * 6, 5)], [CAT, DOG], r"annotation 0 is of category_id 5, .* categories: 17 \(cat\), 18 \(dog"),
        ([marked(1, [0] * 6, None)], [CAT], "is of category_id None"),
        ([marked(1, [0] * 5)], [CAT], "keypoints of cat must be 6 numbers, x, y and v for each of its 2 names"),
        ([marked(1, [0, 0, "2", 0, 0, 0])], [CAT], "keypoints of cat must be 6 numbers"),
        ([marked(1, [1, 1, 3, 0, 0, 0])], [CAT], r"v of nose must be 0 \(not annotated\), 1 .*, but is 3"),
        ([marked(1, [0] * 6, bbox=[1])], [CAT], "bbox must be four numbers"),
        ([], [{"id": 1, "name": "cat"}], "has no category with keypoints: those of boxes alone are for dataset.boxes"),
        ([], [CAR, {**CAR, "id": 4, "name": "catt"}], "none has the name of a class: the first is 'car'"),
        ([], [CAT, {**DOG, "id": 17}], "category 1 has the id 17 of another category"),
        ([], [{**CAT, "keypoints": ["nose", "nose"]}], "cat has two keypoints of the same name"),
        ([], [{**CAT, "keypoints": "nose"}], "keypoints must be a list of names, but is 'nose'"),
        ([], [{"id": 1}], "category 0 must have an 'id' and a 'name'"),
    ],
)  # fmt: skip
def test_bad_files(tmp_path: Path, annotations: list[Any], categories: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=rf"dataset\.keypoints=.*points\.json.*{message}"):
        read(tmp_path, annotations, categories)


def test_a_file_without_categories_or_of_other_images(tmp_path: Path) -> None:
    file = tmp_path / "points.json"
    file.write_text('{"images": [], "annotations": []}')
    with pytest.raises(InputError, match=r"must have the lists 'images', 'annotations' and 'categories'"):
        coco_keypoints(file, SIZES, LABELS, CLASSES)
    with pytest.raises(InputError, match=r"dataset\.keypoints=.* has none of the images"):
        read(tmp_path, [], [CAT], [{"id": 1, "file_name": "cat/c.jpg"}])
    with pytest.raises(InputError, match=r"annotated at 9 x 9 pixels, but has 50 x 50; keypoints count in"):
        read(tmp_path, [], [CAT], [{**IMAGES[1], "width": 9, "height": 9}])


def test_a_folder_of_images_has_the_keypoints_and_their_boxes_first(tmp_path: Path) -> None:
    root = tmp_path / "pets"
    (root / "cat").mkdir(parents=True)
    Image.new("RGB", (20, 10)).save(root / "cat" / "a.png")
    images = [{"id": 1, "file_name": "cat/a.png", "width": 20, "height": 10}]
    other = {"image_id": 1, "bbox": [8, 0, 5, 5]}
    (tmp_path / "p.json").write_text(json.dumps(
        {"images": images, "annotations": [marked(1, [2, 3, 2, 0, 0, 0])], "categories": [CAT]}))  # fmt: skip
    boxes = {"images": images, "annotations": [other, marked(1, [])], "categories": []}
    (tmp_path / "b.json").write_text(json.dumps(boxes))
    data = imagefolder(root=str(root), keypoints=str(tmp_path / "p.json"), boxes=str(tmp_path / "b.json"))
    assert data.has == ("boxes", "keypoints")
    assert data.keypoints is not None
    assert data.boxes is not None
    assert data.keypoints[0].shape == (1, 2, 3)
    assert data.boxes[0].tolist() == [[2, 1.5, 6, 4.5], [0, 8, 5, 13]]
    assert data.keypoint_names == (("nose", "tail"),)
    alone = imagefolder(root=str(root), keypoints=str(tmp_path / "p.json"))
    assert alone.boxes is not None
    assert alone.boxes[0].tolist() == [[2, 1.5, 6, 4.5]]
    assert alone.fingerprint != imagefolder(root=str(root)).fingerprint
