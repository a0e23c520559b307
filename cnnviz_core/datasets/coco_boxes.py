"""Boxes around objects from a COCO JSON file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cnnviz_core.datasets.coco_file import coco_annotation, coco_content, coco_names, cut_box
from cnnviz_core.errors import InputError

SETTING = "dataset.boxes"


def coco_boxes(file: Path, sizes: Mapping[str, tuple[int, int]]) -> tuple[list[np.ndarray], list[str]]:
    """Boxes (k, 4) for each image of `sizes` (id -> height, width), and remarks on what was cut, dropped or unknown.

    COCO's ``bbox`` is left, top, width, height in pixels of the image as it is shown, that is after its EXIF rotation;
    a box is top, left, bottom, right. Images without annotations have an empty (0, 4). Categories do not matter.
    """
    content = coco_content(SETTING, file, ("images", "annotations"))
    names, remarks = coco_names(SETTING, file, content["images"], sizes, "boxes")
    boxes: dict[str, list[list[float]]] = {name: [] for name in sizes}
    for place, annotation in enumerate(content["annotations"]):
        where = f"{SETTING}={file}, annotation {place}"
        image, bbox = coco_annotation(where, annotation)
        if image not in names:
            raise InputError(f"{where} is for image_id {image!r}, which is not among its images")
        if (name := names[image]) in boxes:
            box, remark = cut_box(bbox, sizes[name])
            boxes[name] += [box] if box else []
            remarks += [f"{name}: {remark}"] if remark else []
    return [np.array(found, dtype=float).reshape(-1, 4) for found in boxes.values()], remarks
