"""What is known about each image besides its label: given with the data, of its boxes, or measured from pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.methods.boxes import area
from cnnviz_core.methods.confusion import places
from cnnviz_core.methods.image_statistics import colorfulness, edge_density, luma, rms_contrast, sharpness
from cnnviz_core.methods.salient_region import salient_region

SOURCES = {"given": "as the data set says", "boxes": "from its boxes", "pixels": "measured from the pixels"}

UNITS = {
    "scale": "share of the image in the box", "occlusion": "share hidden", "clutter": "other things in the image",
    "instances": "objects of the class", "luminance": "mean gray, black 0, white 1", "contrast": "RMS of gray, white 1",
    "colorfulness": "Hasler and Süsstrunk's M", "blur": "pixels", "sharpness": "variance of the Laplacian, white 1",
    "edge density": "share of pixels on an edge", "salient region": "share of the image",
    "illumination": "mean gray, black 0, white 1", "sun_height": "degrees above the horizon",
    "elevation": "of the camera, degrees", "yaw": "of the object, degrees",
}  # fmt: skip

ORDERS = (("none", "low", "medium", "high"), ("XS", "S", "M", "L", "XL"))
"""Words that have an order of their own: those of Russakovsky et al. 2015, section 3.2.2 and appendix."""


@dataclass(frozen=True, eq=False)
class Attribute:
    """One number or one word about each of some images."""

    name: str
    values: np.ndarray  # (n,) numbers, not finite where missing, or words, empty where missing
    source: str  # one of SOURCES

    @property
    def is_words(self) -> bool:
        return self.values.dtype.kind in "USOb"

    @property
    def known(self) -> np.ndarray:
        """(n,) where there is a value."""
        if self.is_words:
            return np.array([str(value) != "" for value in self.values.tolist()], dtype=bool)
        return np.asarray(np.isfinite(self.values.astype(float)))

    @property
    def unit(self) -> str:
        """What its values are, as far as that is known."""
        return UNITS.get(self.name, "")

    @property
    def told(self) -> str:
        """What it is and where it is from, for an axis."""
        what = f"{self.name.replace('_', ' ')} ({self.unit})" if self.unit else self.name
        return f"{what}, {SOURCES[self.source]}"


def attributes_of(lab: Lab, ids: Sequence[int], *, batch: int = 32) -> dict[str, Attribute]:
    """All that can be known about these images: what is given, then from boxes, then from pixels where not given."""
    chosen = np.array(ids)
    given = {name: np.asarray(values)[chosen] for name, values in (lab.dataset.attributes or {}).items()}
    found = {name: Attribute(name, values, "given") for name, values in given.items()}
    for source, values in (("boxes", of_boxes(lab.dataset, ids)), ("pixels", of_pixels(lab, ids, batch=batch))):
        found |= {name: Attribute(name, value, source) for name, value in values.items() if name not in found}
    return found


def of_boxes(data: Dataset, ids: Sequence[int]) -> dict[str, np.ndarray]:
    """Scale, the share of the image in the largest box, and the number of boxes; not a number in images without."""
    if data.boxes is None:
        return {}
    boxes = [np.asarray(data.boxes[i], dtype=float) for i in ids]
    sizes = [float(np.prod(data.images[i].shape[-2:])) if len(few) else 1.0 for i, few in zip(ids, boxes, strict=True)]
    return {
        "scale": np.array([max(map(area, few), default=np.nan) / size for few, size in zip(boxes, sizes, strict=True)]),
        "instances": np.array([float(len(few)) if len(few) else np.nan for few in boxes]),
    }


_MEASURES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "salient region": lambda images, gray: salient_region(images).mean(axis=(1, 2)),
    "contrast": lambda images, gray: rms_contrast(gray),
    "sharpness": lambda images, gray: sharpness(gray),
    "edge density": lambda images, gray: edge_density(gray),
    "luminance": lambda images, gray: gray.mean(axis=(1, 2)),
    "colorfulness": lambda images, gray: colorfulness(images),
}  # fmt: skip


def of_pixels(lab: Lab, ids: Sequence[int], *, batch: int = 32) -> dict[str, np.ndarray]:
    """What needs no ground truth, of the images as the model sees them."""
    chunks = [ids[start : start + batch] for start in range(0, len(ids), batch)]
    found: dict[str, list[np.ndarray]] = {name: [] for name in _MEASURES}
    for chunk in lab.track(chunks, "measuring the images"):
        images = lab.pixels(chunk).cpu().numpy()
        gray = luma(images)
        for name, measure in _MEASURES.items():
            found[name].append(np.asarray(measure(images, gray), dtype=float))
    return {name: np.concatenate(values) for name, values in found.items()}


def scales_of(found: dict[str, Attribute]) -> Attribute:
    """How large the object is in each image, or the salient region where nobody knows."""
    scale = found.get("scale")
    return scale if scale is not None and not scale.is_words and scale.known.any() else found["salient region"]


def ordered(words: Sequence[str], *, most: int = 10) -> list[str]:
    """The different words, by the order that they have of their own, else the most frequent first."""
    kinds = sorted(set(words) - {""})
    own = next((order for order in ORDERS if set(kinds) <= set(order)), None)
    if own is not None:
        return [word for word in own if word in kinds]
    counts = {kind: list(words).count(kind) for kind in kinds}
    return sorted(kinds, key=lambda kind: -counts[kind])[:most]


def properties_of(data: Dataset) -> dict[str, list[str]]:
    """Words about the classes: families, and attributes that are one word in all images of a class that have one.

    Each is a word for each class, empty where it has none; only those are listed that tell classes apart.
    """
    found: dict[str, list[str]] = {}
    for name, values in (data.attributes or {}).items():
        if np.asarray(values).dtype.kind not in "USOb":
            continue
        kinds: list[set[str]] = [set() for _ in data.class_names]
        for label, word in zip(data.labels.tolist(), np.asarray(values).tolist(), strict=True):
            kinds[label] |= {str(word)} - {""}
        if all(len(words) <= 1 for words in kinds):
            found[name] = ["".join(words) for words in kinds]
    if data.families is not None:
        found.setdefault("family", list(data.families))
    return {name: words for name, words in found.items() if len(set(words) - {""}) > 1}


def unanswerable(lab: Lab) -> str | None:
    """Why it cannot be said whether the model is right about an image, or None."""
    if lab.targets is not None:
        return None
    return (
        f"the classes of {lab.dataset.name} are not among the outputs of {lab.model.name}; where they mean the "
        "same, dataset.classes=FILE (index,wnid,name) says so"
    )


def judged(lab: Lab) -> tuple[np.ndarray, np.ndarray]:
    """(n,) whether the model is right about each image, and (n,) the probability that it gives to what is right."""
    assert lab.targets is not None
    logits = np.asarray(lab.sweep().logits, dtype=float)
    rows = np.arange(len(logits))
    sure = np.exp(logits - logits.max(axis=1, keepdims=True))
    sure /= sure.sum(axis=1, keepdims=True)
    return places(logits, lab.targets) == 0, sure[rows, lab.targets]


def by_class(values: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """(classes,) the mean of the finite values of each class; not a number where there are none."""
    finite = np.isfinite(values)
    counts = np.bincount(labels[finite], minlength=classes)
    sums = np.bincount(labels[finite], weights=values[finite], minlength=classes)
    return np.asarray(np.divide(sums, counts, out=np.full(classes, np.nan), where=counts > 0))
