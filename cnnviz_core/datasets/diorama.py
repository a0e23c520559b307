"""The embedded world: small scenes rendered from a seed and an index, with everything about them known."""

import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnviz_core import files
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.files import digest
from cnnviz_core.lab import Dataset, Practice
from cnnviz_core.sources import code_digest
from cnnviz_core.store import Store
from cnnviz_core.world.photograph import Photograph, photograph
from cnnviz_core.world.scene import CLASSES, FAMILY, SPLITS, changed, composed, drawn

Progress = Callable[[Iterable[Any], str, int], Iterator[Any]]
Pixels = NDArray[np.uint8]

SIZE = 96  # pixels, height and width of the images
IMAGES = {"train": 20_000, "validation": 2_000, "test": 2_000}
SHARD = 400  # images that are written at once: what a kill can lose

__all__ = ["CLASSES", "IMAGES", "SIZE", "diorama", "diorama_arrays", "variations"]


def diorama(*, split: str, images: int | None, seed: int, store: Store, progress: Progress) -> Dataset:
    """The first `images` scenes of a split (None: all), rendered now where the store does not have them.

    Scene i is of class i modulo 16, so that classes are equally frequent. No two splits and no two seeds share a scene.
    """
    count = _checked(split, images)
    world = _World(_rendered(split, count, seed, store, progress), count)
    labels = np.arange(count) % len(CLASSES)
    other = "validation" if split == "train" else "train"
    return Dataset(
        name="diorama",
        fingerprint=digest("diorama", split, str(count), str(seed), _code()),
        images=_Each(count, world.image),
        ids=tuple(f"{split} {index}" for index in range(count)),
        labels=labels,
        class_names=CLASSES,
        masks=_Each(count, world.mask),
        boxes=_Each(count, world.boxes),
        instances=_Each(count, world.instances),
        keypoints=_Each(count, world.keypoints),
        keypoint_names=tuple(tuple(name) for name in keypoint_names()),
        families=tuple(FAMILY[name] for name in CLASSES),
        attributes={name: values[:count] for name, values in world.attributes.items()},
        world=_Factors(split, seed),
        practice=Practice(other, lambda each: diorama(
            split=other, images=min(each * len(CLASSES), IMAGES[other]), seed=seed, store=store, progress=progress)),
    )  # fmt: skip


def diorama_arrays(split: str, *, store: Store, progress: Progress, seed: int = 0) -> tuple[Pixels, NDArray[np.int64]]:
    """Pixels (n, 96, 96, 3), 8 bit, as a read-only memory map, and labels (n,) of a whole split."""
    count = _checked(split, None)
    folder = _rendered(split, count, seed, store, progress)
    return _mapped(folder / "pixels.npy"), np.arange(count) % len(CLASSES)


def variations(split: str, index: int, factor: str, values: Sequence[Any], *, seed: int = 0, size: int = SIZE) -> list[
    Photograph
]:  # fmt: skip
    """One scene with one of its factors (see `world.scene.Factors`) set to each of the values, all else equal."""
    factors = drawn(split, index, seed)
    if not hasattr(factors, factor):
        raise InputError(f"a scene has no factor {factor!r}{nearest(factor, vars(factors))}")
    return [photograph(changed(factors, **{factor: value}), size) for value in values]


def keypoint_names() -> list[list[str]]:
    """The names of the keypoints of each class."""
    return [list(composed(drawn("train", label)).points[0]) for label in range(len(CLASSES))]


def _checked(split: str, images: int | None) -> int:
    if split not in SPLITS:
        raise InputError(f"dataset.split={split!r} is unknown{nearest(split, SPLITS)} There are: {', '.join(SPLITS)}")
    if images is not None and not 1 <= images <= IMAGES[split]:
        raise InputError(f"dataset.images={images} must be 1 to {IMAGES[split]}, or null for all of split {split}")
    return images or IMAGES[split]


class _Each(Sequence[Any]):
    """A sequence whose items are made when asked for."""

    def __init__(self, count: int, make: Callable[[int], Any]) -> None:
        self.number, self.make = count, make

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, index: Any) -> Any:
        return self.make(range(self.number)[index])


class _World:
    """The arrays of a rendered split, read as they are needed."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count

    @cached_property
    def _pixels(self) -> Pixels:
        return _mapped(self.folder / "pixels.npy")

    @cached_property
    def _instances(self) -> Pixels:
        return _mapped(self.folder / "instances.npy")

    @cached_property
    def _truth(self) -> Mapping[str, NDArray[Any]]:
        with np.load(self.folder / "truth.npz") as arrays:
            return dict(arrays)

    @property
    def attributes(self) -> dict[str, NDArray[Any]]:
        return {name.partition(" ")[2]: a for name, a in self._truth.items() if name.startswith("attribute ")}

    def image(self, i: int) -> Tensor:
        return torch.from_numpy(np.array(self._pixels[i])).permute(2, 0, 1)

    def mask(self, i: int) -> NDArray[np.bool_]:
        return self.instances(i) > 0

    def instances(self, i: int) -> Pixels:
        return np.array(self._instances[i])

    def boxes(self, i: int) -> NDArray[np.float64]:
        return self._of("boxes", i)

    def keypoints(self, i: int) -> NDArray[np.float64]:
        points = self._of("keypoints", i)
        return points[:, np.isfinite(points[0, :, 0])]

    def _of(self, name: str, i: int) -> NDArray[np.float64]:
        """The rows of image i: those of all images stand below each other."""
        ends = self._truth["ends"]
        return np.array(self._truth[name][ends[i - 1] if i else 0 : ends[i]], dtype=float)


class _Factors:
    """The scenes of a split, made again with something changed."""

    def __init__(self, split: str, seed: int) -> None:
        self.split, self.seed = split, seed

    def factors(self, i: int) -> Mapping[str, Any]:
        return vars(drawn(self.split, i, self.seed))

    def changed(self, i: int, factor: str, value: Any) -> tuple[Tensor, Mapping[str, float | str]]:
        taken = variations(self.split, i, factor, [value], seed=self.seed)[0]
        return torch.from_numpy(taken.pixels).permute(2, 0, 1), taken.attributes


def _mapped(path: Path) -> Pixels:
    """An array on disk, read as it is needed."""
    array: Pixels = np.load(path, mmap_mode="r")
    return array


def _code() -> str:
    return code_digest("cnnviz_core.world.photograph")


def _rendered(split: str, count: int, seed: int, store: Store, progress: Progress) -> Path:
    """The folder of the arrays of the first scenes of a split; of all of them where those are there."""
    for number in (IMAGES[split], count):
        inputs = {"code": _code(), "split": split, "images": str(number), "seed": str(seed), "size": str(SIZE),
                  "numpy": np.__version__}  # fmt: skip
        if number == count or store.has("diorama", inputs):
            return store.fetch("diorama", inputs, partial(_render, split, number, seed, progress,
                                                          store.path("diorama-parts", inputs)))  # fmt: skip
    raise AssertionError("unreachable")


def _render(split: str, count: int, seed: int, progress: Progress, parts: Path, folder: Path) -> None:
    """Render shard by shard; those that are in `parts` already are not made again."""
    shards = {parts / f"{start}.npz": range(start, min(start + SHARD, count)) for start in range(0, count, SHARD)}
    missing = {path: indices for path, indices in shards.items() if not path.is_file()}
    pool = ThreadPoolExecutor(os.cpu_count())

    def taken() -> Iterator[Photograph]:
        for indices in missing.values():
            yield from pool.map(lambda index: photograph(drawn(split, index, seed), SIZE), indices)

    try:
        made = progress(taken(), f"rendering diorama, {split}", sum(map(len, missing.values())))
        for path, indices in missing.items():
            _write(path, [next(made) for _ in indices])
    finally:
        pool.shutdown(cancel_futures=True)
    _join(list(shards), count, folder)
    shutil.rmtree(parts)


def _write(path: Path, taken: Sequence[Photograph]) -> None:
    """One shard: images stacked, what belongs to objects below each other, keypoints filled up with NaN."""
    most = max(photo.keypoints.shape[1] for photo in taken)
    keypoints = [np.pad(photo.keypoints, ((0, 0), (0, most - photo.keypoints.shape[1]), (0, 0)), constant_values=np.nan)
                 for photo in taken]  # fmt: skip
    buffer = io.BytesIO()
    np.savez(
        buffer, allow_pickle=False, pixels=np.stack([photo.pixels for photo in taken]),
        instances=np.stack([photo.instances for photo in taken]), counts=np.array([len(p.boxes) for p in taken]),
        boxes=np.concatenate([photo.boxes for photo in taken]), keypoints=np.concatenate(keypoints),
        **{f"attribute {name}": np.array([photo.attributes[name] for photo in taken]) for name in taken[0].attributes},
    )  # fmt: skip
    files.write(path, buffer.getvalue())


def _join(shards: Sequence[Path], count: int, folder: Path) -> None:
    """All shards as arrays that can be mapped into memory, and one file of the rest of the truth."""
    shapes = {"pixels": (count, SIZE, SIZE, 3), "instances": (count, SIZE, SIZE)}
    maps = {name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.uint8, shape)
            for name, shape in shapes.items()}  # fmt: skip
    rest: dict[str, list[NDArray[Any]]] = {}
    done = 0
    for path in shards:
        with np.load(path) as shard:
            for name, values in shard.items():
                if name in maps:
                    maps[name][done : done + len(values)] = values
                else:
                    rest.setdefault(name, []).append(values)
            done += len(shard["counts"])
    most = max(values.shape[1] for values in rest["keypoints"])
    rest["keypoints"] = [
        np.pad(v, ((0, 0), (0, most - v.shape[1]), (0, 0)), constant_values=np.nan) for v in rest["keypoints"]
    ]
    whole = {name: np.concatenate(values) for name, values in rest.items()}
    np.savez(folder / "truth.npz", allow_pickle=False, ends=np.cumsum(whole.pop("counts")), **whole)
    for array in maps.values():
        array.flush()
