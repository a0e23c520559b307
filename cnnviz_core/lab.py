"""What a figure works with: a model, a data set, and the lab that brings them together."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from cnnviz_core.answers import Choices, Responses, distinct
from cnnviz_core.errors import InputError
from cnnviz_core.network import Model

if TYPE_CHECKING:
    from cnnviz_core.sweep.gathered import Swept

TRUTHS = ("boxes", "masks", "instances", "keypoints", "families", "attributes")
"""What may be known about images besides their labels."""


@dataclass(frozen=True)
class Practice:
    """Images of the same classes in the same order that are not in a data set, such as those of its training split."""

    split: str
    images: Callable[[int], "Dataset"]  # at least so many of each class, made when asked for


class World(Protocol):
    """What images were made from: factors, each of which can be changed with all else equal."""

    def factors(self, i: int) -> Mapping[str, Any]:
        """The factors of an image, by name."""
        ...

    def changed(self, i: int, factor: str, value: Any) -> tuple[Tensor, Mapping[str, float | str]]:
        """Image i, (3, h, w) in 8 bit, with one of its factors set to a value; and the attributes that it then has."""
        ...


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with labels, and whatever else is known about them."""

    name: str
    fingerprint: str  # hash of the pixels, the labels and the annotations, or of the generator that makes them
    images: Sequence[Tensor]  # read when asked for; each (3, h, w), 8 bit, of any size
    ids: tuple[str, ...]  # one readable name per image, such as its path
    labels: np.ndarray  # (n,) index into class_names
    class_names: tuple[str, ...]
    outputs: tuple[int, ...] | None = None  # the model output that is each class, where a table says so
    masks: Sequence[np.ndarray] | None = None  # each (h, w), True on the object
    boxes: Sequence[np.ndarray] | None = None  # each (k, 4): top, left, bottom, right in pixels, bottom/right exclusive
    instances: Sequence[np.ndarray] | None = (
        None  # each (h, w): which of its k boxed objects is seen there, 1 to k, or 0
    )
    keypoints: Sequence[np.ndarray] | None = (
        None  # each (k, points, 3), of the first k boxes: row and column in pixels or NaN, and 1 where visible
    )
    keypoint_names: tuple[tuple[str, ...], ...] = ()  # of each class, in the order of `keypoints`
    families: tuple[str, ...] | None = None  # of each class, such as animals
    attributes: Mapping[str, np.ndarray] | None = None  # each (n,): a number or a word about every image
    choices: Choices | None = None  # coarse categories, where a table says so
    responses: Responses | None = None  # of observers, who chose among them or else among the classes
    answers_fingerprint: str = ""  # hash of the two
    left_out: tuple[str, ...] = ()  # files that could not be used, and why
    world: World | None = None  # where images can be made again with something changed
    practice: Practice | None = None  # where there are other images to learn the classes from

    @property
    def has(self) -> tuple[str, ...]:
        """Which kinds of ground truth there are."""
        return tuple(what for what in TRUTHS if getattr(self, what) is not None)

    @property
    def answered(self) -> tuple[str, ...]:
        """Which files about the answers of observers there are."""
        given = {"responses": self.responses, "class_map": self.choices}
        return tuple(name for name, found in given.items() if found is not None)

    def __len__(self) -> int:
        return len(self.ids)


def resized(image: Tensor, resize: int, size: tuple[int, int]) -> Tensor:
    """(c, h, w) with its shorter side brought to `resize` pixels (antialiased), then its centre of `size` cut out.

    As torchvision's Resize and CenterCrop do, with the sizes that they round to. An image that would be too small for
    the cut is enlarged until it fills it, and never distorted.
    """
    image = _without_far_ends(image)
    height, width = image.shape[-2:]
    scale = max(Fraction(resize, min(height, width)), Fraction(size[0], height), Fraction(size[1], width))
    new = int(height * scale), int(width * scale)
    if new != (height, width):
        image = F.interpolate(image[None], new, mode="bilinear", antialias=True, align_corners=False)[0]
    top, left = round((new[0] - size[0]) / 2), round((new[1] - size[1]) / 2)
    return image[..., top : top + size[0], left : left + size[1]]


def _without_far_ends(image: Tensor) -> Tensor:
    """At most 16 times as long as wide: enlarged as a whole, an image of 1 x 2000 pixels would fill the memory."""
    limit = 16 * min(image.shape[-2:])
    top, left = (max(length - limit, 0) // 2 for length in image.shape[-2:])
    return image[..., top : image.shape[-2] - top, left : image.shape[-1] - left]


def chosen_device(name: str) -> str:
    """The device of that name; `auto` is the fastest there is. Raises InputError where this machine has none such."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, there in present.items() if there)
    if not present.get(name, False):
        there = [device for device, there in present.items() if there]
        raise InputError(f"device={name} is not available on this machine; it has: {', '.join(there)}")
    return name


def _unique(names: Iterable[str]) -> dict[str, int]:
    """The place of each name that stands there once: two outputs of one name cannot be told apart by it."""
    listed = list(names)
    counts = Counter(listed)
    return {name: i for i, name in enumerate(listed) if counts[name] == 1}


Progress = Callable[[Iterable[Any], str, int], Iterator[Any]]
"""Gives the items on, one by one, and shows a text and how many of the total number are done."""


def no_progress(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
    """Shows nothing."""
    yield from items


class Engine(Protocol):
    """How work on many images is spread: in this process, or over a cluster; what comes out is the same."""

    def sweep(self, lab: "Lab") -> "Swept":
        """What one pass of the lab's model over all of its images found."""
        ...


@dataclass(frozen=True, eq=False)
class Lab:
    """A model, a data set and a seed: everything that a figure is computed from."""

    model: Model
    dataset: Dataset
    seed: int
    device: str = "cpu"
    progress: Progress = no_progress
    engine: Engine | None = None

    def __post_init__(self) -> None:
        outputs, known = self.dataset.outputs, len(self.model.classes)
        if outputs is not None and (wrong := [o for o in outputs if not 0 <= o < known]):
            raise InputError(
                f"dataset.classes gives model output {wrong[0]}, but model {self.model.name} "
                f"has the outputs 0 to {known - 1}"
            )
        if self.dataset.choices is not None and self.dataset.choices.outputs is not None:
            last = max(output for members in self.dataset.choices.outputs for output in members)
            if last >= known:
                raise InputError(
                    f"dataset.class_map gives model output {last}, but model {self.model.name} "
                    f"has the outputs 0 to {known - 1}"
                )

    def rng(self, name: str) -> np.random.Generator:
        """A fresh generator for the figure of that name: the same whatever was computed before."""
        digest = hashlib.sha256(f"{self.seed} {name}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    def track(self, items: Sequence[Any], text: str) -> Iterator[Any]:
        """The items, with progress shown."""
        return self.progress(items, text, len(items))

    def pixels(self, ids: Iterable[int]) -> Tensor:
        """Images (n, 3, h, w) in the model's size, in [0, 1], in steps of 1/255: 8 bits hold them without loss."""
        images = [resized(self.dataset.images[i], self.model.resize, self.model.size) for i in ids]
        return torch.stack(images).to(self.device).float().div_(255)

    def masks(self, ids: Iterable[int]) -> np.ndarray | None:
        """Object masks (n, h, w) in the model's frame, from masks or else from boxes; None where there are neither."""
        whole = [self._whole_mask(i) for i in ids]
        if any(mask is None for mask in whole):
            return None
        cut = [resized(torch.from_numpy(m)[None].float(), self.model.resize, self.model.size)[0] for m in whole]
        return torch.stack(cut).numpy() > 0.5

    def _whole_mask(self, i: int) -> np.ndarray | None:
        if self.dataset.masks is not None:
            return self.dataset.masks[i]
        if self.dataset.boxes is None or len(self.dataset.boxes[i]) == 0:
            return None
        mask = np.zeros(self.dataset.images[i].shape[-2:], dtype=bool)
        for top, left, bottom, right in np.round(self.dataset.boxes[i]).astype(int):
            mask[top:bottom, left:right] = True
        return mask

    @cached_property
    def outputs(self) -> tuple[int, ...] | None:
        """The model output that is each class of the data set: by its table, else by equal names; else None."""
        if self.dataset.outputs is not None:
            return self.dataset.outputs
        exact, folded = (_unique(map(spelt, self.model.classes)) for spelt in (str, str.casefold))
        found = [exact.get(name, folded.get(name.casefold())) for name in self.dataset.class_names]
        return None if None in found else tuple(i for i in found if i is not None)

    @cached_property
    def targets(self) -> np.ndarray | None:
        """(n,) the model output that is right for each image, or None where the classes are not the model's."""
        return None if self.outputs is None else np.array(self.outputs)[self.dataset.labels]

    @cached_property
    def choices(self) -> Choices:
        """What observers and the model choose among: the categories of the class map, else the classes."""
        data = self.dataset
        if data.choices is not None:
            return data.choices
        outputs = None if self.outputs is None else tuple((output,) for output in self.outputs)
        return Choices(distinct(data.class_names), outputs, data.labels)

    def logits(self, ids: Sequence[int], batch: int = 32) -> np.ndarray:
        """Logits (n, classes) of the images, in batches."""
        chunks = [ids[start : start + batch] for start in range(0, len(ids), batch)]
        with torch.no_grad():
            steps = self.track(chunks, "running the model")
            return np.concatenate([self.model(self.pixels(chunk)).float().cpu().numpy() for chunk in steps])

    def sweep(self) -> "Swept":
        """The strongest places, statistics, codes and logits of all images: one pass, which all figures share."""
        if self.engine is None:
            raise InputError("this lab was made without an engine: Lab(..., engine=Local())")
        return self.engine.sweep(self)

    def spread(self, count: int) -> list[int]:
        """At most `count` images, spread evenly over the data set."""
        total = len(self.dataset)
        return sorted({int(i) for i in np.linspace(0, total - 1, min(count, total)).round()})

    def examples(self, count: int, search: int) -> list[int]:
        """Images that are good to show: of as many classes as there are, the surest of `search` images of each.

        Sure is the probability of the right output where that is known and is also the predicted one, else of the
        predicted one. The `search` images are spread evenly over the data set. With fewer classes than `count`, each
        class gives its second surest too, and so on; there are fewer than `count` only where there are fewer images.
        """
        ids = np.array(self.spread(search))
        logits = torch.from_numpy(self.logits(ids.tolist())).double()
        sureness, predicted = (values.numpy() for values in logits.softmax(1).max(1))
        if self.targets is not None:
            sureness = np.where(predicted == self.targets[ids], sureness, -sureness)
        seen: Counter[int] = Counter()
        ranked: list[tuple[int, int]] = []
        for k in np.argsort(-sureness, kind="stable"):
            ranked.append((seen[predicted[k]], int(ids[k])))
            seen[predicted[k]] += 1
        return [i for _, i in sorted(ranked, key=lambda entry: entry[0])[:count]]

    def with_model(self, model: Model) -> "Lab":
        """The same lab with another model, such as a control."""
        return replace(self, model=model)

    def with_dataset(self, dataset: Dataset) -> "Lab":
        """The same lab with other images."""
        return replace(self, dataset=dataset)
