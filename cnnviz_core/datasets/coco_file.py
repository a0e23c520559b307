"""What all COCO JSON files have in common: lists of images and of annotations that refer to them."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from cnnviz_core.errors import InputError, nearest


def coco_content(setting: str, file: Path, parts: Sequence[str]) -> Mapping[str, Sequence[Any]]:
    """What is in the file, with a list for each of the parts. Raises InputError, which begins with the setting."""
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"{setting}={file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{setting}={file} is not JSON: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(content.get(part), list) for part in parts):
        told = " and ".join([", ".join(map(repr, parts[:-1])), repr(parts[-1])])
        raise InputError(f"{setting}={file} is not COCO JSON: it must have the lists {told}")
    return content


def coco_names(
    setting: str, file: Path, images: Sequence[Any], sizes: Mapping[str, tuple[int, int]], what: str
) -> tuple[dict[int | str, str], list[str]]:
    """The id of our image for each COCO image id, and a remark for each file that we do not have.

    `sizes` (id -> height, width) are our images, `what` is the file's own content in the plural, such as boxes.
    """
    names: dict[int | str, str] = {}
    for place, image in enumerate(images):
        where = f"{setting}={file}, image {place}"
        if not isinstance(image, dict) or not isinstance(image.get("file_name"), str) or not is_id(image.get("id")):
            raise InputError(f"{where} must have an 'id' and a 'file_name'")
        name = str(PurePosixPath(image["file_name"].replace("\\", "/")))
        if names.setdefault(image["id"], name) != name:
            raise InputError(f"{where} has the id {image['id']!r} of another image")
        if name in sizes:
            _check_size(where, image, name, sizes[name], what)
    unknown = [name for name in names.values() if name not in sizes]
    if unknown and len(unknown) == len(names):
        raise InputError(f"{setting}={file} has none of the images: its file_name must be relative to "
                         f"dataset.root, but the first is {unknown[0]!r}{nearest(unknown[0], sizes)}")  # fmt: skip
    return names, [f"{name}: has {what} in {file.name}, but is not among the usable images" for name in unknown]


def is_id(value: Any) -> bool:
    return isinstance(value, (int, str))


def _check_size(where: str, image: Mapping[str, Any], name: str, size: tuple[int, int], what: str) -> None:
    height, width = size
    if (image.get("height", height), image.get("width", width)) != size:
        raise InputError(f"{where}: {name} was annotated at {image.get('width')} x {image.get('height')} pixels, but "
                         f"has {width} x {height}; {what} count in pixels of the image as it is shown (after its "
                         "EXIF rotation)")  # fmt: skip


def coco_annotation(where: str, annotation: Any) -> tuple[int | str, list[float]]:
    """The image id and the bbox: left, top, width, height."""
    if not isinstance(annotation, dict) or not is_id(annotation.get("image_id")):
        raise InputError(f"{where} must have an 'image_id'")
    bbox = annotation.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(is_finite, bbox)):
        raise InputError(f"{where}: bbox must be four numbers [left, top, width, height], but is {bbox!r}")
    return annotation["image_id"], bbox


def is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def cut_box(bbox: Sequence[float], size: tuple[int, int]) -> tuple[list[float] | None, str]:
    """Top, left, bottom, right inside the image, or None where nothing is left; and a remark where it was changed."""
    x, y, box_width, box_height = bbox
    whole = [y, x, y + box_height, x + box_width]
    box = [float(min(max(edge, 0), limit)) for edge, limit in zip(whole, (*size, *size), strict=True)]
    if box[2] <= box[0] or box[3] <= box[1]:
        return None, f"the box {bbox} has no area inside the image and was dropped"
    return box, "" if box == whole else f"the box {bbox} reaches outside the image and was cut to it"
