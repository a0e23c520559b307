"""The embedded world as a data set: whole, in part, after an interruption, the same as on the sheet that is kept."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnviz_core.datasets import diorama as module
from cnnviz_core.datasets.diorama import CLASSES, SIZE, diorama, diorama_arrays, keypoint_names, variations
from cnnviz_core.errors import InputError
from cnnviz_core.lab import Dataset, no_progress
from cnnviz_core.store import Store
from cnnviz_core.world.photograph import photograph
from cnnviz_core.world.scene import drawn

SHEET = Path(__file__).parent / "diorama-sheet.png"


def load(root: Path, *, split: str = "test", images: int | None = 32, seed: int = 0) -> Dataset:
    return diorama(split=split, images=images, seed=seed, store=Store(root), progress=no_progress)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return load(tmp_path_factory.mktemp("store"))


def test_a_reference_sheet_looks_as_it_did() -> None:
    """Two scenes of each class, kept as a picture: the same to within one level on every machine.

    To make it anew after a wanted change: python tests/datasets/make_sheet.py
    """
    with Image.open(SHEET) as file:
        kept = np.asarray(file).astype(int)
    assert kept.shape == (4 * SIZE, 8 * SIZE, 3)
    for index in range(32):
        row, column = divmod(index, 8)
        tile = kept[row * SIZE : (row + 1) * SIZE, column * SIZE : (column + 1) * SIZE]
        assert abs(tile - photograph(drawn("train", index), SIZE).pixels).max() <= 1, f"scene {index}"


def test_images_and_truth_are_those_of_single_scenes(world: Dataset) -> None:
    for i in (0, 13, 31):
        photo = photograph(drawn("test", i), SIZE)
        assert np.array_equal(world.images[i].permute(1, 2, 0).numpy(), photo.pixels)
        assert world.instances is not None
        assert world.boxes is not None
        assert world.keypoints is not None
        assert world.masks is not None
        assert world.attributes is not None
        assert np.array_equal(world.instances[i], photo.instances)
        assert np.array_equal(world.masks[i], photo.instances > 0)
        assert np.array_equal(world.boxes[i], photo.boxes)
        assert np.allclose(world.keypoints[i], photo.keypoints)
        assert {name: values[i] for name, values in world.attributes.items()} == pytest.approx(photo.attributes)


def test_labels_names_and_families(world: Dataset) -> None:
    assert world.labels.tolist() == [*range(16), *range(16)]
    assert world.class_names == CLASSES
    assert world.families is not None
    assert len(set(world.families)) >= 4
    assert world.has == ("boxes", "masks", "instances", "keypoints", "families", "attributes")
    for i, names in enumerate(world.keypoint_names):
        assert world.keypoints is not None
        assert world.keypoints[i].shape[1:] == (len(names), 3)
    assert [list(names) for names in world.keypoint_names] == keypoint_names()


def test_a_part_is_the_beginning_of_the_whole(tmp_path: Path, world: Dataset) -> None:
    few = load(tmp_path, images=3)
    assert len(few) == 3
    assert all(np.array_equal(few.images[i], world.images[i]) for i in range(3))
    assert few.fingerprint != world.fingerprint


def test_splits_and_seeds_differ(tmp_path: Path, world: Dataset) -> None:
    others = [load(tmp_path, split="train", images=2), load(tmp_path, seed=1, images=2)]
    assert len({data.fingerprint for data in [world, *others]}) == 3
    for other in others:
        assert not np.array_equal(other.images[0], world.images[0])


def test_no_training_image_is_in_the_test(tmp_path: Path, world: Dataset) -> None:
    train = load(tmp_path, split="train", images=32)
    assert not {image.numpy().tobytes() for image in train.images} & {image.numpy().tobytes() for image in world.images}


def test_an_interrupted_rendering_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: Dataset) -> None:
    monkeypatch.setattr(module, "SHARD", 4)
    made = []

    def interrupted(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
        yield from islice(items, 6)
        raise KeyboardInterrupt

    def counted(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
        made.append(total)
        yield from items

    with pytest.raises(KeyboardInterrupt):
        diorama(split="test", images=10, seed=0, store=Store(tmp_path), progress=interrupted)
    data = diorama(split="test", images=10, seed=0, store=Store(tmp_path), progress=counted)
    assert made == [6], "the shard that was whole is not made again"
    assert all(np.array_equal(data.images[i], world.images[i]) for i in range(10))
    assert not list(tmp_path.glob("diorama-parts/*")), "nothing is left over"


def test_a_whole_split_serves_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.IMAGES, "test", 4)
    pixels, labels = diorama_arrays("test", store=Store(tmp_path), progress=no_progress)
    assert pixels.shape == (4, SIZE, SIZE, 3)
    assert not pixels.flags.writeable
    assert labels.tolist() == [0, 1, 2, 3]
    monkeypatch.setattr(module, "photograph", None)
    assert np.array_equal(load(tmp_path, images=2).images[1].permute(1, 2, 0), pixels[1])


def test_counterfactuals_change_one_factor() -> None:
    dark, light = variations("test", 2, "brightness", (0.6, 1.2), size=32)
    assert dark.pixels.mean() < light.pixels.mean()
    assert np.array_equal(dark.instances, light.instances)
    with pytest.raises(InputError, match=r"no factor 'brightnes'.*brightness"):
        variations("test", 2, "brightnes", (1.0,))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "tset"}, r"dataset.split='tset' is unknown.*test.*There are: train, validation, test"),
        ({"images": 0}, r"dataset.images=0 must be 1 to 2000, or null"),
        ({"images": 2001}, r"dataset.images=2001 must be 1 to 2000"),
    ],
)
def test_wrong_settings(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, **settings)
