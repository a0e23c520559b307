import gzip
import hashlib
import pickle
import tarfile
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import CIFAR10, FashionMNIST

from cnnviz_core.datasets import torchvision_sets
from cnnviz_core.datasets.torchvision_sets import imagenette, torchvision_dataset
from cnnviz_core.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 3, 32, 32), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


def md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes()).hexdigest()


def tiny_cifar10(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five images in CIFAR-10's format on disk, and their checksums in place of the true ones."""
    folder = root / CIFAR10.base_folder
    folder.mkdir(parents=True)
    for name, content in {
        "test_batch": {"data": PIXELS.reshape(5, -1), "labels": [3, 1, 0, 9, 9]},
        "data_batch_1": {"data": PIXELS[:2].reshape(2, -1), "labels": [4, 5]},
        "batches.meta": {"label_names": list("abcdefghij")},
    }.items():
        (folder / name).write_bytes(pickle.dumps(content))
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", md5(folder / "test_batch")]])
    monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", md5(folder / "data_batch_1")]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5(folder / "batches.meta")})


def test_cifar10_images_labels_and_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_cifar10(tmp_path, monkeypatch)
    data = torchvision_dataset(name="cifar10", root=str(tmp_path), split="test")
    assert (data.name, len(data), data.class_names) == ("cifar10", 5, tuple("abcdefghij"))
    assert (np.stack([image.numpy() for image in data.images]) == PIXELS).all()
    assert data.labels.tolist() == [3, 1, 0, 9, 9]
    train = torchvision_dataset(name="cifar10", root=str(tmp_path), split="train")
    assert len(train) == 2
    assert train.fingerprint != data.fingerprint


def idx(array: np.ndarray) -> bytes:
    """Unsigned bytes in MNIST's format."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape) + array.tobytes()


def test_fashion_mnist_grey_images_have_three_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grey, labels = PIXELS[:, 0, :28, :28].copy(), np.array([9, 0, 1, 2, 2], dtype=np.uint8)
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        for what, array in (("images-idx3", grey), ("labels-idx1", labels)):
            (raw / f"{part}-{what}-ubyte.gz").write_bytes(gzip.compress(idx(array), mtime=0))
    resources = [(file.name, md5(file)) for file in sorted(raw.iterdir())]
    monkeypatch.setattr(FashionMNIST, "resources", resources)
    data = torchvision_dataset(name="fashion_mnist", root=str(tmp_path), split="test")
    assert (np.stack([image.numpy() for image in data.images]) == grey[:, None].repeat(3, axis=1)).all()
    assert [data.class_names[label] for label in data.labels[:2]] == ["Ankle boot", "T-shirt/top"]


def tiny_imagenette(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archive of two photographs, and its checksum in place of the true one."""
    for wnid in ("n03888257", "n01440764"):
        file = folder / "imagenette2-160" / "val" / wnid / "a.JPEG"
        file.parent.mkdir(parents=True)
        Image.new("RGB", (20, 16), (10, 20, 30)).save(file)
    archive = folder / "imagenette2-160.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder / "imagenette2-160", "imagenette2-160")
    monkeypatch.setitem(torchvision_sets.IMAGENETTE_ARCHIVES, "160px", (archive.name, md5(archive)))
    return archive


@pytest.mark.filterwarnings("ignore:Python 3.14 will, by default, filter extracted tar:DeprecationWarning")
def test_imagenette_is_unpacked_once_from_an_archive_put_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    archive = tiny_imagenette(tmp_path / "elsewhere", monkeypatch)
    root = tmp_path / "data"
    root.mkdir()
    archive.rename(root / archive.name)
    data = imagenette(root=str(root), split="val", size="160px")
    assert (data.name, data.class_names, data.labels.tolist()) == ("imagenette", ("tench", "parachute"), [0, 1])
    assert data.images[0].shape == (3, 16, 20)
    (root / archive.name).unlink()
    assert imagenette(root=str(root), split="val", size="160px").fingerprint == data.fingerprint


def test_without_network_one_message_says_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(InputError) as cifar:
        torchvision_dataset(name="cifar10", root=str(tmp_path), split="test")
    assert str(cifar.value).splitlines() == [
        f"dataset=cifar10 is not whole in {tmp_path} and could not be downloaded: <urlopen error no route to host>",
        "Without network, download elsewhere",
        "  https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        f"and put it into {tmp_path}",
    ]
    with pytest.raises(InputError, match=r"(.|\n)*t10k-labels-idx1-ubyte\.gz\nand put it into .*FashionMNIST/raw$"):
        torchvision_dataset(name="fashion_mnist", root=str(tmp_path), split="test")
    with pytest.raises(
        InputError, match=r"dataset=imagenette is not whole(.|\n)*imagenette2-320\.tgz\nand put it into"
    ):
        imagenette(root=str(tmp_path), split="val", size="320px")
    assert not (tmp_path / "imagenette-320px").exists()


def test_addresses_and_checksums_are_those_of_torchvision() -> None:
    from torchvision.datasets import Imagenette

    sources = torchvision_sets.SOURCES
    assert sources["cifar10"].archives == (CIFAR10.url,)
    assert sources["fashion_mnist"].archives == tuple(
        FashionMNIST.mirrors[0] + name for name, _ in FashionMNIST.resources
    )
    ours = {
        size: (torchvision_sets.IMAGENETTE + name, md5)
        for size, (name, md5) in torchvision_sets.IMAGENETTE_ARCHIVES.items()
    }
    assert ours == Imagenette._ARCHIVES
    assert {wnid: names[0] for wnid, names in Imagenette._WNID_TO_CLASS.items()} == torchvision_sets.IMAGENETTE_NAMES


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"name": "cifar", "split": "test"},
            r"dataset\.name='cifar' is unknown; there are cifar10, fashion_mnist; did",
        ),
        ({"name": "cifar10", "split": "val"}, r"dataset\.split='val' is unknown; there are train, test"),
    ],
)
def test_wrong_settings(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        torchvision_dataset(root=str(tmp_path), **settings)


def test_wrong_settings_of_imagenette(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dataset\.size='200px' is unknown; there are 160px, 320px, full"):
        imagenette(root=str(tmp_path), split="val", size="200px")
    with pytest.raises(InputError, match=r"dataset\.split='test' is unknown; there are train, val"):
        imagenette(root=str(tmp_path), split="test", size="160px")
