"""The user's own images: a folder of folders, one for each class."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import PIL

from cnnviz_core.datasets import photographs
from cnnviz_core.datasets.class_table import class_table, matching_rows
from cnnviz_core.datasets.coco_boxes import coco_boxes
from cnnviz_core.datasets.coco_keypoints import coco_keypoints
from cnnviz_core.datasets.photographs import ENDINGS, Checked, OnDemand, checked, photograph
from cnnviz_core.datasets.wordnet_families import wordnet_families
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.files import digest, signature
from cnnviz_core.lab import Dataset, Progress, no_progress
from cnnviz_core.store import Store


@dataclass(frozen=True)
class ImageFile:
    """An image file, before anything is known of its content."""

    file: Path
    id: str  # its path below the root, as text
    folder: str  # the name of its class folder, as text


def imagefolder(
    *,
    root: str,
    classes: str | None = None,
    boxes: str | None = None,
    keypoints: str | None = None,
    progress: Progress = no_progress,
    store: Store | None = None,
) -> Dataset:
    """The images in the folders of `root`, each folder a class, in alphabetical order; deeper folders belong to it.

    Hidden files and files that are no images by their ending are ignored; image files that cannot be used are left out
    and listed. Every file is decoded once to find them, and again whenever its pixels are asked for; what was found is
    kept in `store` until a file changes.

    `classes` is a CSV file (index,wnid,name) that says which model output each folder is; without it the folders'
    names are the classes. Where all have ids of WordNet, these give their families. `boxes` and `keypoints` are COCO
    JSON files whose file names are relative to `root`; the boxes of objects with keypoints come before all others of
    their image. Raises InputError.
    """
    place = _root(root)
    files, outside = _image_files(place)
    facts = _facts(place, files, progress, store)
    usable = [image for image in files if not facts[image.id].problem]
    left_out = [f"{image.id} {facts[image.id].problem}" for image in files if facts[image.id].problem] + outside
    if not usable:
        raise InputError(_nothing_usable(place, left_out))
    folders = sorted({image.folder for image in usable})
    left_out += [f"{_text(path)}: no usable image" for path in _class_folders(place) if _text(path) not in folders]
    names, outputs, families = _names_and_outputs(folders, classes)
    sizes = {image.id: (facts[image.id].height, facts[image.id].width) for image in usable}
    labels = [folders.index(image.folder) for image in usable]
    found, remarks = (None, []) if boxes is None else coco_boxes(Path(boxes).expanduser(), sizes)
    points = None if keypoints is None else coco_keypoints(Path(keypoints).expanduser(), sizes, labels, names)
    if points is not None:
        found = [_joined(*pair) for pair in zip(points.boxes, found or points.boxes, strict=True)]
        remarks = [*remarks, *points.remarks]
    pixels = [part for image in usable for part in (image.id, facts[image.id].digest)]
    return Dataset(
        name="imagefolder",
        fingerprint=digest(
            *pixels,
            *names,
            repr(outputs),
            repr(families),
            repr(found and [box.tolist() for box in found]),
            repr(points and (points.names, [each.tolist() for each in points.points])),
        ),
        images=OnDemand(len(usable), lambda index: photograph(usable[index].file)),
        ids=tuple(sizes),
        labels=np.array(labels),
        class_names=names,
        outputs=outputs,
        boxes=found,
        keypoints=None if points is None else points.points,
        keypoint_names=() if points is None else points.names,
        families=families,
        left_out=(*left_out, *remarks),
    )


def _joined(first: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Boxes of objects with keypoints, and then those of the others: not the same ones again."""
    new = [box for box in others if not any(np.allclose(box, known, atol=1) for known in first)]
    return np.array([*first, *new], dtype=float).reshape(-1, 4)


def _root(root: str) -> Path:
    place = Path(root).expanduser()
    if place.is_dir() and os.access(place, os.R_OK | os.X_OK):
        return place
    if place.is_dir():
        raise InputError(f"dataset.root={root} cannot be read: you have no permission")
    if place.exists():
        raise InputError(f"dataset.root={root} is a file; it must be a folder that has one folder per class")
    beside = [path.name for path in place.parent.iterdir()] if place.parent.is_dir() else []
    raise InputError(f"dataset.root={root} does not exist{nearest(place.name, beside)}")


def _image_files(place: Path) -> tuple[list[ImageFile], list[str]]:
    """The image files in the class folders, sorted by path, and a remark for each that lies outside them."""
    files = []
    for folder in _class_folders(place):
        for parent, deeper, names in os.walk(folder):
            deeper[:] = [name for name in deeper if not name.startswith(".")]
            paths = [Path(parent, name) for name in names]
            files += [ImageFile(path, _text(path, place), _text(folder)) for path in paths if _is_image(path)]
    files.sort(key=lambda image: (image.folder, image.id))
    outside = [f"{_text(path)} lies in no class folder" for path in sorted(place.iterdir()) if _is_image(path)]
    return files, outside


def _class_folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".") and not path.is_dir()


def _text(path: Path, place: Path | None = None) -> str:
    """The path below `place`, or the last name, as text, also where the file system has names that are not UTF-8."""
    shown = path.name if place is None else path.relative_to(place).as_posix()
    return os.fsencode(shown).decode(errors="replace")


def _facts(place: Path, files: Sequence[ImageFile], progress: Progress, store: Store | None) -> dict[str, Checked]:
    """What is known of each file, by its id; from the store where no file has changed since."""

    def check() -> dict[str, Checked]:
        return dict(zip([image.id for image in files], checked([image.file for image in files], progress), strict=True))

    if store is None:
        return check()

    def save(folder: Path) -> None:
        facts = {id: asdict(fact) for id, fact in check().items()}
        (folder / "images.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")

    inputs = {
        "files": signature(place),
        "version of pillow": PIL.__version__,
        "code of decoding": digest(Path(photographs.__file__).read_bytes()),
    }
    saved = json.loads((store.fetch("images", inputs, save) / "images.json").read_text(encoding="utf-8"))
    return {id: Checked(**fact) for id, fact in saved.items()}


def _nothing_usable(place: Path, left_out: Sequence[str]) -> str:
    if not _class_folders(place) and left_out:
        return f"dataset.root={place} has images but no folder per class; move them, as in {place}/cat/photo.jpg"
    if not _class_folders(place):
        return f"dataset.root={place} is empty; it must have one folder per class, as in {place}/cat/photo.jpg"
    if not left_out:
        endings = ", ".join(sorted(ENDINGS))
        return f"dataset.root={place} has no image in any of its folders; read are files that end in {endings}"
    shown = "\n".join(f"  {remark}" for remark in left_out[:5])
    more = f"\n  and {len(left_out) - 5} more" if len(left_out) > 5 else ""
    return f"dataset.root={place} has no usable image:\n{shown}{more}"


def _names_and_outputs(
    folders: Sequence[str], classes: str | None
) -> tuple[tuple[str, ...], tuple[int, ...] | None, tuple[str, ...] | None]:
    """The readable name of each class, and the model output and the family that it is, where a table says so."""
    if classes is None:
        return tuple(folders), None, None
    file = Path(classes).expanduser()
    rows = matching_rows(folders, class_table(file), file)
    families = wordnet_families([row.wnid for row in rows])
    return tuple(row.name for row in rows), tuple(row.index for row in rows), families
