"""Data sets of torchvision, downloaded once."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnviz_core.datasets.imagefolder import imagefolder
from cnnviz_core.datasets.photographs import OnDemand
from cnnviz_core.errors import InputError, nearest
from cnnviz_core.files import digest, whole_folder
from cnnviz_core.lab import Dataset, Practice, Progress, no_progress
from cnnviz_core.store import Store

_FASHION_MNIST = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
IMAGENETTE = "https://s3.amazonaws.com/fast-ai-imageclas/"
_FAILURES = (OSError, RuntimeError, ValueError, AssertionError, EOFError)  # of torchvision's downloads and readers


@dataclass(frozen=True)
class Source:
    """What must lie where, so that nothing is downloaded."""

    archives: tuple[str, ...]  # addresses
    folder: str = ""  # below the root, for the archives


SOURCES = {
    "cifar10": Source(("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",)),
    "fashion_mnist": Source(
        tuple(
            f"{_FASHION_MNIST}{part}-ubyte.gz"
            for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
        ),
        "FashionMNIST/raw",
    ),
}
IMAGENETTE_ARCHIVES = {  # file and md5 by size
    "160px": ("imagenette2-160.tgz", "e793b78cc4c9e9a4ccc0c1155377a412"),
    "320px": ("imagenette2-320.tgz", "3df6f0d01a2c9592104656642f5e78a3"),
    "full": ("imagenette2.tgz", "fe2fc210e6bb7c5664d602c3cd71e612"),
}
IMAGENETTE_NAMES = {
    "n01440764": "tench", "n02102040": "English springer", "n02979186": "cassette player", "n03000684": "chain saw",
    "n03028079": "church", "n03394916": "French horn", "n03417042": "garbage truck", "n03425413": "gas pump",
    "n03445777": "golf ball", "n03888257": "parachute",
}  # fmt: skip


def torchvision_dataset(*, name: str, root: str, split: str) -> Dataset:
    """A data set that torchvision keeps in memory as a whole: `cifar10` or `fashion_mnist`, `train` or `test`.

    It is downloaded into `root` once. Without network an InputError says what to put where.
    """
    _check("name", name, SOURCES)
    _check("split", split, ("train", "test"))
    found = _loaded(name, Path(root).expanduser(), split)
    other = "test" if split == "train" else "train"
    pixels, labels = np.asarray(found.data), np.asarray(found.targets)
    return Dataset(
        name=name,
        fingerprint=digest(name, split, pixels.tobytes(), labels.tobytes()),
        images=OnDemand(len(pixels), lambda index: _rgb(pixels[index])),
        ids=tuple(f"{split} {index}" for index in range(len(pixels))),
        labels=labels.astype(np.int64),
        class_names=tuple(found.classes),
        practice=Practice(other, lambda each: torchvision_dataset(name=name, root=root, split=other)),
    )


def imagenette(
    *, root: str, split: str, size: str, progress: Progress = no_progress, store: Store | None = None
) -> Dataset:
    """Photographs of ten easy classes of ImageNet (Howard, 2019), with the names that ImageNet classifiers use.

    It is downloaded into `root` once. Without network an InputError says what to put where.
    """
    _check("size", size, IMAGENETTE_ARCHIVES)
    _check("split", split, ("train", "val"))
    place = Path(root).expanduser()
    archive, md5 = IMAGENETTE_ARCHIVES[size]
    unpacked = place / f"imagenette-{size}"
    if not unpacked.is_dir():
        from torchvision.datasets.utils import download_and_extract_archive

        try:
            with whole_folder(unpacked) as folder:
                download_and_extract_archive(f"{IMAGENETTE}{archive}", str(place), str(folder), md5=md5)
        except _FAILURES as error:
            raise _not_there("imagenette", Source((f"{IMAGENETTE}{archive}",)), place, error) from None
    photos = imagefolder(root=str(unpacked / Path(archive).stem / split), progress=progress, store=store)
    names = tuple(IMAGENETTE_NAMES[wnid] for wnid in photos.class_names)
    return replace(photos, name="imagenette", class_names=names)


def _check(setting: str, value: str, allowed: Sequence[str] | dict[str, Any]) -> None:
    if value not in allowed:
        raise InputError(
            f"dataset.{setting}={value!r} is unknown; there are {', '.join(allowed)}{nearest(value, allowed)}"
        )


def _loaded(name: str, root: Path, split: str) -> Any:
    """The data set as torchvision holds it, downloaded where needed."""
    from torchvision import datasets

    kind = {"cifar10": datasets.CIFAR10, "fashion_mnist": datasets.FashionMNIST}[name]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the files were pickled by an old numpy
            return kind(root, train=split == "train", download=True)
    except _FAILURES as error:
        raise _not_there(name, SOURCES[name], root, error) from None


def _not_there(name: str, source: Source, root: Path, error: Exception) -> InputError:
    reason = (str(error).splitlines() or [type(error).__name__])[-1]
    archives = "\n".join(f"  {address}" for address in source.archives)
    return InputError(
        f"dataset={name} is not whole in {root} and could not be downloaded: {reason}\n"
        f"Without network, download elsewhere\n{archives}\nand put it into {root / source.folder}"
    )


def _rgb(pixels: np.ndarray) -> Tensor:
    """(3, h, w) of grey (h, w) or colour (h, w, 3) pixels."""
    image = torch.from_numpy(pixels)
    return image.expand(3, -1, -1) if image.ndim == 2 else image.movedim(2, 0)
