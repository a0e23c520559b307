"""One pass against the same numbers found slowly, from whole maps in the memory."""

from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import MakeLab

from cnnviz_core.lab import Lab
from cnnviz_core.methods.strongest import merged
from cnnviz_core.store import Store
from cnnviz_core.sweep.gather import gather
from cnnviz_core.sweep.gathered import Swept
from cnnviz_core.sweep.request import request

COUNT = 75  # two whole batches and a part of one


def all_maps(lab: Lab, name: str) -> np.ndarray:
    """Whole maps of all images, in the batches of the sweep."""
    batches = [range(start, min(start + 32, COUNT)) for start in range(0, COUNT, 32)]
    with torch.no_grad():
        return np.concatenate([lab.model.activations(lab.pixels(batch), name)[0].numpy() for batch in batches])


def overlap(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> float:
    """Intersection over union of two boxes."""
    sides = [min(first[2 + i], second[2 + i]) - max(first[i], second[i]) for i in (0, 1)]
    common = max(sides[0], 0) * max(sides[1], 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return common / (sum(areas) - common)


def slowly(lab: Lab, name: str, channel: int) -> list[tuple[float, int, int, int]]:
    """All places of all images, strongest first, without those that overlap a stronger one of their image."""
    field = lab.model.layer(name).receptive_field
    assert field is not None
    maps = all_maps(lab, name)[:, channel]
    huge = (10**6, 10**6)

    def box(row: int, column: int) -> tuple[int, int, int, int]:
        return field.box(row + 1000, column + 1000, huge)  # far from the border, which would cut it

    found = []
    for i, one in enumerate(maps):
        kept: list[tuple[int, ...]] = []
        for row, column in sorted(np.ndindex(one.shape), key=lambda place: -one[place]):
            if len(kept) < 2 and all(overlap(box(row, column), box(*other)) <= 0.1 for other in kept):
                kept.append((row, column))
                found.append((float(one[row, column]), i, row, column))
    return sorted(found, key=lambda place: (-place[0], *place[1:]))[:64]


@pytest.fixture
def lab(sweep_lab: MakeLab) -> Lab:
    return sweep_lab(COUNT)


@pytest.fixture
def swept(lab: Lab) -> Swept:
    return lab.sweep()


def test_the_request_is_of_all_maps_that_no_activation_and_no_maximum_pooling_follows(lab: Lab) -> None:
    found = request(lab.model)
    assert found.ranked == ("relu1", "relu2", "pool2")
    assert found.codes == "relu3"
    assert lab.model.last_maps is not None
    assert lab.model.last_maps.name in found.ranked


def test_strongest_places_are_those_of_the_definition(lab: Lab, swept: Swept) -> None:
    for name in ("relu1", "relu2", "pool2"):
        found = swept.strongest[name]
        for channel in range(len(found.values)):
            places = zip(
                *(part[channel] for part in (found.values, found.images, found.rows, found.columns)), strict=True
            )
            assert [tuple(place) for place in places] == slowly(lab, name, channel), (name, channel)


def test_codes_and_logits_are_those_of_the_model(lab: Lab, swept: Swept) -> None:
    assert set(swept.codes) == {"relu1", "relu2", "pool2", "relu3"}
    for name in ("relu1", "relu2", "pool2"):
        np.testing.assert_allclose(swept.codes[name], all_maps(lab, name).mean(axis=(2, 3)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(swept.codes["relu3"], all_maps(lab, "relu3"))
    np.testing.assert_array_equal(swept.logits, lab.logits(range(COUNT)))
    assert {codes.dtype for codes in swept.codes.values()} == {np.dtype(np.float32)}
    assert isinstance(swept.codes["relu3"], np.memmap)


def test_statistics_are_those_of_all_values(lab: Lab, swept: Swept) -> None:
    for name, found in swept.statistics.items():
        maps = all_maps(lab, name).astype(np.float64)
        np.testing.assert_allclose(found.mean, maps.mean(axis=(0, 2, 3)), rtol=1e-6)
        np.testing.assert_allclose(found.mean_square, (maps**2).mean(axis=(0, 2, 3)), rtol=1e-6)
        np.testing.assert_allclose(found.zeros, (maps == 0).mean(axis=(0, 2, 3)))
        np.testing.assert_array_equal(found.maximum, maps.max(axis=(0, 2, 3)))


def test_a_layer_without_a_receptive_field_gives_one_place_of_each_image(sweep_lab: MakeLab) -> None:
    from dataclasses import replace

    lab = sweep_lab(70)
    layers = {name: replace(layer, receptive_field=None) for name, layer in lab.model.layers.items()}
    found = lab.with_model(replace(lab.model, layers=layers, fingerprint="blind")).sweep().strongest["relu1"]
    assert all(len(set(images)) == 64 for images in found.images.tolist())


def test_memory_does_not_grow_with_the_images(sweep_lab: MakeLab, tmp_path: Path) -> None:
    def most(count: int) -> float:
        """MB at most during a sweep."""
        lab = sweep_lab(count, Store(tmp_path), size=40, shard_images=128)
        Path("/proc/self/clear_refs").write_text("5")
        lab.sweep()
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux tells how much memory was used at most")
    most(256)
    small, large = most(256), most(1024)
    kept = 768 * 6 * 38 * 38 * 4 / 2**20  # MB: the maps of the first layer, if they were kept
    assert large - small < kept / 3


def test_places_below_a_floor_are_forgotten_and_missed_by_nobody(sweep_lab: MakeLab) -> None:
    lab = sweep_lab(COUNT)
    wanted, half = replace(request(lab.model), k=16), 64
    first, second = (gather(lab, wanted, ids, lambda count: None) for ids in (range(half), range(half, COUNT)))
    floors = {name: found.values[:, -1] for name, found in first.strongest.items()}
    less = gather(lab, wanted, range(half, COUNT), lambda count: None, floors)
    fewer = 0
    for name, found in less.strongest.items():
        kept = found.images >= 0
        assert (found.values >= floors[name][:, None])[kept].all()
        assert np.isneginf(found.values[~kept]).all()
        fewer += int((~kept).sum())
        whole = merged([first.strongest[name], second.strongest[name]])
        for ours, expected in zip(astuple(merged([first.strongest[name], found])), astuple(whole), strict=True):
            np.testing.assert_array_equal(ours, expected)
    assert fewer > 0
