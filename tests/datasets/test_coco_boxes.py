import json
from pathlib import Path
from typing import Any

import pytest

from cnnviz_core.datasets.coco_boxes import coco_boxes
from cnnviz_core.errors import InputError

SIZES = {"cat/a.jpg": (100, 200), "cat/b.jpg": (50, 50), "dog/c.jpg": (10, 10)}
IMAGES: list[dict[str, Any]] = [
    {"id": 1, "file_name": "cat/a.jpg", "width": 200, "height": 100},
    {"id": "two", "file_name": "./cat\\b.jpg"},
]


def written(folder: Path, annotations: list[Any], images: list[Any] = IMAGES) -> Path:
    file = folder / "boxes.json"
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": []}))
    return file


def test_boxes_are_top_left_bottom_right_of_each_image(tmp_path: Path) -> None:
    first, second = {"image_id": 1, "bbox": [10, 20, 30, 40.5]}, {"image_id": 1, "bbox": [0, 0, 200, 100]}
    other = {"image_id": "two", "bbox": [1, 2, 3, 4], "category_id": 9}
    boxes, remarks = coco_boxes(written(tmp_path, [first, other, second]), SIZES)
    assert [box.tolist() for box in boxes] == [[[20, 10, 60.5, 40], [0, 0, 100, 200]], [[2, 1, 6, 4]], []]
    assert [box.shape for box in boxes] == [(2, 4), (1, 4), (0, 4)]
    assert remarks == []


def test_boxes_outside_are_cut_or_dropped_with_a_remark(tmp_path: Path) -> None:
    bboxes = [[-5, 90, 20, 20], [300, 0, 5, 5], [3, 3, 0, 7], [3, 3, -2, 7]]
    boxes, remarks = coco_boxes(written(tmp_path, [{"image_id": 1, "bbox": bbox} for bbox in bboxes]), SIZES)
    assert boxes[0].tolist() == [[90, 0, 100, 15]]
    assert remarks == [
        "cat/a.jpg: the box [-5, 90, 20, 20] reaches outside the image and was cut to it",
        "cat/a.jpg: the box [300, 0, 5, 5] has no area inside the image and was dropped",
        "cat/a.jpg: the box [3, 3, 0, 7] has no area inside the image and was dropped",
        "cat/a.jpg: the box [3, 3, -2, 7] has no area inside the image and was dropped",
    ]


def test_boxes_of_unknown_files_are_passed_over_with_a_remark(tmp_path: Path) -> None:
    images = [*IMAGES, {"id": 3, "file_name": "cat/z.jpg"}]
    boxes, remarks = coco_boxes(written(tmp_path, [{"image_id": 3, "bbox": [0, 0, 1, 1]}], images), SIZES)
    assert [len(box) for box in boxes] == [0, 0, 0]
    assert remarks == ["cat/z.jpg: has boxes in boxes.json, but is not among the usable images"]


@pytest.mark.parametrize(
    ("annotations", "images", "message"),
    [
        ([{"image_id": 7, "bbox": [0, 0, 1, 1]}], IMAGES, "annotation 0 is for image_id 7, which is not among"),
        ([{"bbox": [0, 0, 1, 1]}], IMAGES, "annotation 0 must have an 'image_id'"),
        ([{"image_id": 1}], IMAGES, "annotation 0: bbox must be four numbers"),
        ([{"image_id": 1, "bbox": [0, 0, 1]}], IMAGES, r"but is \[0, 0, 1\]"),
        ([{"image_id": 1, "bbox": [0, 0, 1, float("nan")]}], IMAGES, r"but is \[0, 0, 1, nan\]"),
        ([{"image_id": 1, "bbox": [0, 0, 1, "5"]}], IMAGES, r"but is \[0, 0, 1, '5'\]"),
        ([], [{"id": 1}], "image 0 must have an 'id' and a 'file_name'"),
        ([], [{"id": [], "file_name": "cat/a.jpg"}], "image 0 must have an 'id' and a 'file_name'"),
        ([], [*IMAGES, {"id": 1, "file_name": "dog/c.jpg"}], "image 2 has the id 1 of another image"),
        ([], [{"id": 1, "file_name": "a.jpg"}], r"none of the images: .*relative to dataset\.root, .*'a\.jpg'; did"),
        ([], [{**IMAGES[0], "width": 100, "height": 200}], "annotated at 100 x 200 pixels, but has 200"),
    ],
)  # fmt: skip
def test_bad_annotations(tmp_path: Path, annotations: list[Any], images: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=rf"dataset\.boxes=.*boxes\.json.*{message}"):
        coco_boxes(written(tmp_path, annotations, images), SIZES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON: "),
        (b"\xff\xfe\xfa", "is not JSON: "),
        (b"[" * 100_000, "is not JSON: "),
        (b"[]", "is not COCO JSON: it must have the lists 'images' and 'annotations'"),
        (b'{"images": []}', "is not COCO JSON"),
        (b'{"images": {}, "annotations": []}', "is not COCO JSON"),
    ],
)
def test_files_that_are_not_coco(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "boxes.json").write_bytes(content)
    with pytest.raises(InputError, match=rf"dataset\.boxes=.*boxes\.json {message}"):
        coco_boxes(tmp_path / "boxes.json", SIZES)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dataset\.boxes=.*none\.json cannot be read: No such file"):
        coco_boxes(tmp_path / "none.json", SIZES)
