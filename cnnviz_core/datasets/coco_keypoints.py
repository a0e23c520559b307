"""Keypoints of objects from a COCO JSON file, such as person_keypoints_val2017.json."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnviz_core.datasets.coco_file import coco_annotation, coco_content, coco_names, cut_box, is_finite, is_id
from cnnviz_core.errors import InputError, nearest

SETTING = "dataset.keypoints"


@dataclass(frozen=True)
class Keypoints:
    """The objects with keypoints of each image."""

    points: list[np.ndarray]  # of each image (k, points, 3): row, column, 1 where visible; NaN where not annotated
    boxes: list[np.ndarray]  # of each image (k, 4), of the same objects in the same order
    names: tuple[tuple[str, ...], ...]  # of each class
    remarks: list[str]


@dataclass(frozen=True)
class _Category:
    name: str
    points: tuple[str, ...]


def coco_keypoints(
    file: Path, sizes: Mapping[str, tuple[int, int]], labels: Sequence[int], class_names: Sequence[str]
) -> Keypoints:
    """The objects with a visible keypoint in each image of `sizes` (id -> height, width), whose class is its label.

    A category of the file belongs to the class of its name; where only one category has keypoints, as in COCO's own
    file of persons, it belongs to all classes. Objects of other categories than that of the image's class are left out.
    COCO's ``keypoints`` are x, y, v for each name of the category: pixels counted from 0, so that 0.5 is added; v is 0
    where a keypoint is not annotated, 1 where it is hidden and 2 where it is seen. Raises InputError.
    """
    content = coco_content(SETTING, file, ("images", "annotations", "categories"))
    names, remarks = coco_names(SETTING, file, content["images"], sizes, "keypoints")
    categories = _categories(file, content["categories"])
    of_class, unused = _of_class(file, categories, class_names)
    label = dict(zip(sizes, labels, strict=True))
    points: dict[str, list[np.ndarray]] = {name: [] for name in sizes}
    boxes: dict[str, list[list[float]]] = {name: [] for name in sizes}
    unseen = others = 0
    for place, annotation in enumerate(content["annotations"]):
        where = f"{SETTING}={file}, annotation {place}"
        image, bbox = coco_annotation(where, annotation)
        category = _category_of(where, annotation, categories)
        if image not in names:
            raise InputError(f"{where} is for image_id {image!r}, which is not among its images")
        if (name := names[image]) not in sizes or not category.points:
            continue
        found, dropped = _points(where, annotation, category, sizes[name])
        remarks += [f"{name}: {remark}" for remark in dropped]
        box, remark = cut_box(bbox, sizes[name])
        if category != of_class[label[name]]:
            others += 1
        elif not (found[:, 2] > 0).any():
            unseen += 1
        elif box is None:
            remarks.append(f"{name}: {remark}")
        else:
            points[name].append(found)
            boxes[name].append(box)
    remarks += [f"{file.name}: the category {name} has the name of no class" for name in unused]
    remarks += [f"{file.name}: {unseen} objects have no visible keypoint and were left out"] if unseen else []
    if others:
        remarks.append(f"{file.name}: {others} objects are of another class than their image and were left out")
    known = tuple(() if category is None else category.points for category in of_class)
    return Keypoints(
        [np.array(found, dtype=float).reshape(-1, len(known[label[name]]), 3) for name, found in points.items()],
        [np.array(found, dtype=float).reshape(-1, 4) for found in boxes.values()],
        known,
        remarks,
    )


def _categories(file: Path, listed: Sequence[Any]) -> dict[int | str, _Category]:
    found = {}
    for place, category in enumerate(listed):
        where = f"{SETTING}={file}, category {place}"
        if not isinstance(category, dict) or not isinstance(category.get("name"), str) or not is_id(category.get("id")):
            raise InputError(f"{where} must have an 'id' and a 'name'")
        points = category.get("keypoints", [])
        if not isinstance(points, list) or not all(isinstance(name, str) for name in points):
            raise InputError(f"{where}: keypoints must be a list of names, but is {points!r}")
        if len(set(points)) < len(points):
            raise InputError(f"{where}: {category['name']} has two keypoints of the same name")
        if category["id"] in found:
            raise InputError(f"{where} has the id {category['id']!r} of another category")
        found[category["id"]] = _Category(category["name"], tuple(points))
    if not any(category.points for category in found.values()):
        raise InputError(f"{SETTING}={file} has no category with keypoints: those of boxes alone are for dataset.boxes")
    return found


def _of_class(
    file: Path, categories: Mapping[int | str, _Category], class_names: Sequence[str]
) -> tuple[list[_Category | None], list[str]]:
    """The category of each class, and the names of those that are of none."""
    having = [category for category in categories.values() if category.points]
    if len(having) == 1:
        return [having[0] for _ in class_names], []
    by_name = {category.name.casefold(): category for category in having}
    found = [by_name.get(name.casefold()) for name in class_names]
    if not any(found):
        raise InputError(f"{SETTING}={file} has several categories with keypoints, and none has the name of a class: "
                         f"the first is {having[0].name!r}{nearest(having[0].name, class_names)}")  # fmt: skip
    return found, [category.name for category in having if category not in found]


def _category_of(where: str, annotation: Mapping[str, Any], categories: Mapping[int | str, _Category]) -> _Category:
    which = annotation.get("category_id")
    if not isinstance(which, (int, str)) or which not in categories:
        known = ", ".join(f"{key} ({category.name})" for key, category in list(categories.items())[:8])
        raise InputError(f"{where} is of category_id {which!r}, which is not among its categories: {known}")
    return categories[which]


def _points(
    where: str, annotation: Mapping[str, Any], category: _Category, size: tuple[int, int]
) -> tuple[np.ndarray, list[str]]:
    """(points, 3) row, column, visible, and remarks on those that lie outside the image, which are not known then."""
    given, count = annotation.get("keypoints"), len(category.points)
    if not isinstance(given, list) or len(given) != 3 * count or not all(map(is_finite, given)):
        raise InputError(f"{where}: keypoints of {category.name} must be {3 * count} numbers, x, y and v for each of "
                         f"its {count} names")  # fmt: skip
    found, remarks = np.full((count, 3), np.nan), []
    found[:, 2] = 0
    for k, (x, y, v) in enumerate(np.array(given, dtype=float).reshape(count, 3)):
        if v not in (0, 1, 2):
            raise InputError(f"{where}: v of {category.points[k]} must be 0 (not annotated), 1 (hidden) or 2 (seen), "
                             f"but is {v:g}")  # fmt: skip
        if v and not (-0.5 <= x < size[1] - 0.5 and -0.5 <= y < size[0] - 0.5):
            remarks.append(f"the keypoint {category.points[k]} at x {x:g}, y {y:g} lies outside the image of "
                           f"{size[1]} x {size[0]} pixels and was dropped")  # fmt: skip
        elif v:
            found[k] = y + 0.5, x + 0.5, float(v == 2)
    return found, remarks
