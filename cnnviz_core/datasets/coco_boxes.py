"""Boxes around objects from a COCO JSON file."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from cnnviz_core.errors import InputError, nearest


def coco_boxes(file: Path, sizes: Mapping[str, tuple[int, int]]) -> tuple[list[np.ndarray], list[str]]:
    """Boxes (k, 4) for each image of `sizes` (id -> height, width), and remarks on what was cut, dropped or unknown.

    COCO's ``bbox`` is left, top, width, height in pixels of the image as it is shown, that is after its EXIF rotation;
    a box is top, left, bottom, right. Images without annotations have an empty (0, 4). Categories do not matter.
    """
    content = _content(file)
    names, remarks = _names(file, content["images"], sizes)
    boxes: dict[str, list[list[float]]] = {name: [] for name in sizes}
    for place, annotation in enumerate(content["annotations"]):
        where = f"dataset.boxes={file}, annotation {place}"
        image, bbox = _annotation(where, annotation)
        if image not in names:
            raise InputError(f"{where} is for image_id {image!r}, which is not among its images")
        if (name := names[image]) in boxes:
            box, remark = _cut(bbox, sizes[name])
            boxes[name] += [box] if box else []
            remarks += [f"{name}: {remark}"] if remark else []
    return [np.array(found, dtype=float).reshape(-1, 4) for found in boxes.values()], remarks


def _content(file: Path) -> Mapping[str, Sequence[Any]]:
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"dataset.boxes={file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"dataset.boxes={file} is not JSON: {error}") from None
    parts = ("images", "annotations")
    if not isinstance(content, dict) or not all(isinstance(content.get(part), list) for part in parts):
        raise InputError(f"dataset.boxes={file} is not COCO JSON: it must have the lists 'images' and 'annotations'")
    return content


def _names(
    file: Path, images: Sequence[Any], sizes: Mapping[str, tuple[int, int]]
) -> tuple[dict[int | str, str], list[str]]:
    """The id of our image for each COCO image id, and a remark for each file that we do not have."""
    names: dict[int | str, str] = {}
    for place, image in enumerate(images):
        where = f"dataset.boxes={file}, image {place}"
        if not isinstance(image, dict) or not isinstance(image.get("file_name"), str) or not _is_id(image.get("id")):
            raise InputError(f"{where} must have an 'id' and a 'file_name'")
        name = str(PurePosixPath(image["file_name"].replace("\\", "/")))
        if names.setdefault(image["id"], name) != name:
            raise InputError(f"{where} has the id {image['id']!r} of another image")
        if name in sizes:
            _check_size(where, image, name, sizes[name])
    unknown = [name for name in names.values() if name not in sizes]
    if unknown and len(unknown) == len(names):
        raise InputError(f"dataset.boxes={file} has none of the images: its file_name must be relative to "
                         f"dataset.root, but the first is {unknown[0]!r}{nearest(unknown[0], sizes)}")  # fmt: skip
    return names, [f"{name}: has boxes in {file.name}, but is not among the usable images" for name in unknown]


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, str))


def _check_size(where: str, image: Mapping[str, Any], name: str, size: tuple[int, int]) -> None:
    height, width = size
    if (image.get("height", height), image.get("width", width)) != size:
        raise InputError(f"{where}: {name} was annotated at {image.get('width')} x {image.get('height')} pixels, but "
                         f"has {width} x {height}; boxes count in pixels of the image as it is shown (after its "
                         "EXIF rotation)")  # fmt: skip


def _annotation(where: str, annotation: Any) -> tuple[int | str, list[float]]:
    if not isinstance(annotation, dict) or not _is_id(annotation.get("image_id")):
        raise InputError(f"{where} must have an 'image_id'")
    bbox = annotation.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(_is_finite, bbox)):
        raise InputError(f"{where}: bbox must be four numbers [left, top, width, height], but is {bbox!r}")
    return annotation["image_id"], bbox


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _cut(bbox: Sequence[float], size: tuple[int, int]) -> tuple[list[float] | None, str]:
    """The box inside the image, or None where nothing of it is left; and a remark where it was changed."""
    x, y, box_width, box_height = bbox
    whole = [y, x, y + box_height, x + box_width]
    box = [float(min(max(edge, 0), limit)) for edge, limit in zip(whole, (*size, *size), strict=True)]
    if box[2] <= box[0] or box[3] <= box[1]:
        return None, f"the box {bbox} has no area inside the image and was dropped"
    return box, "" if box == whole else f"the box {bbox} reaches outside the image and was cut to it"
