"""Shards: the same bits whatever their number, kept when the work is interrupted, refused when an image is broken."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweep_bits import bits
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.store import Store
from cnnviz_core.sweep.plan import fingerprint

COUNT = 200


def test_shards_of_any_size_give_the_same_bits(sweep_lab: MakeLab) -> None:
    whole = bits(sweep_lab(COUNT, shard_images=1000).sweep())
    for shard_images in (1, 33, 64, 96):  # rounded up to whole batches of 32
        assert bits(sweep_lab(COUNT, shard_images=shard_images).sweep()) == whole, shard_images


def test_a_second_sweep_comes_from_the_store(sweep_lab: MakeLab, tmp_path: Path) -> None:
    first = sweep_lab(COUNT, Store(tmp_path))
    found = bits(first.sweep())
    second = sweep_lab(COUNT, Store(tmp_path), shard_images=128)
    assert bits(second.sweep()) == found
    assert second.dataset.images.read == []  # type: ignore[attr-defined]
    assert len(list((tmp_path / "sweeps").glob("[0-9a-f]*"))) == 1
    assert not list((tmp_path / "shards").iterdir()), "shards go when they are put together"


def test_what_was_finished_before_an_interrupt_is_kept(sweep_lab: MakeLab, tmp_path: Path) -> None:
    shown: list[tuple[str, int]] = []

    def interrupted(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
        for done, item in enumerate(items):
            if done == 150:
                raise KeyboardInterrupt
            yield item

    def told(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
        shown.append((text, total))
        yield from items

    with pytest.raises(KeyboardInterrupt):
        sweep_lab(COUNT, Store(tmp_path), progress=interrupted).sweep()
    again = sweep_lab(COUNT, Store(tmp_path), progress=told)
    assert bits(again.sweep()) == bits(sweep_lab(COUNT).sweep())
    assert set(again.dataset.images.read) == set(range(128, COUNT))  # type: ignore[attr-defined]
    assert shown == [("sweep over images (128 are there already)", COUNT - 128)]


def test_a_half_written_shard_is_made_again(sweep_lab: MakeLab, tmp_path: Path) -> None:
    (tmp_path / "shards" / ".unfinished-x").mkdir(parents=True)
    (tmp_path / "shards" / ".unfinished-x" / "logits.npy").write_bytes(b"half")
    assert bits(sweep_lab(COUNT, Store(tmp_path)).sweep()) == bits(sweep_lab(COUNT).sweep())


def test_an_image_that_cannot_be_read_is_named_and_the_rest_is_kept(sweep_lab: MakeLab, tmp_path: Path) -> None:
    lab = sweep_lab(COUNT, Store(tmp_path))
    good = lab.dataset.images

    class Broken:
        def __getitem__(self, i: int) -> Any:
            if i == 140:
                raise OSError("image file is truncated")
            return good[i]

    broken = replace(lab, dataset=replace(lab.dataset, images=Broken()))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^image 140 of noise \(image 140\) cannot be read: image file is truncated"):
        broken.sweep()
    assert len(list((tmp_path / "shards").glob("[0-9a-f]*"))) == 2
    lab.sweep()
    assert min(good.read[good.read.index(140) :]) >= 128  # type: ignore[attr-defined]


def test_the_key_sees_model_data_device_and_versions(sweep_lab: MakeLab, tmp_path: Path) -> None:
    lab = sweep_lab(40, Store(tmp_path))
    lab.sweep()
    (saved,) = tmp_path.glob("sweeps/*/inputs.json")
    inputs = json.loads(saved.read_text())
    assert inputs["model"] == lab.model.fingerprint
    assert inputs["dataset"] == "noise 40"
    assert inputs["device"] == "cpu"
    assert json.loads(inputs["request"])["k"] == 64
    assert {"version of torch", "version of numpy", "version of numba", "code of sweep"} <= set(inputs)


def test_controls_with_other_random_weights_do_not_share_a_sweep(sweep_lab: MakeLab, tmp_path: Path) -> None:
    lab = sweep_lab(40, Store(tmp_path))
    controls = [lab.with_model(lab.model.randomised(np.random.default_rng(seed))) for seed in (0, 1, 0)]
    prints = [fingerprint(control.model) for control in controls]
    assert prints[0] == prints[2] != prints[1]
    found = [bits(control.sweep()) for control in controls]
    assert found[0] == found[2] != found[1]
