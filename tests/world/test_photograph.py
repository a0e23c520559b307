"""What is said about a photograph is what its pixels show."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

from cnnviz_core.files import digest
from cnnviz_core.world.coats import TEXTURES
from cnnviz_core.world.photograph import NEAR, Photograph, developed, luminance, photograph
from cnnviz_core.world.scene import CLASSES, changed, drawn

SIZE = 96
SOME = range(0, 160, 5)  # two scenes of each class


@cache
def taken(index: int) -> Photograph:
    return photograph(drawn("test", index), SIZE)


@pytest.mark.parametrize("index", SOME)
def test_boxes_are_tight_around_what_is_seen_of_each_object(index: int) -> None:
    photo = taken(index)
    assert sorted(set(photo.instances.ravel().tolist()) - {0}) == list(range(1, len(photo.boxes) + 1))
    for k, (top, left, bottom, right) in enumerate(photo.boxes.tolist(), 1):
        rows, columns = np.nonzero(photo.instances == k)
        assert (top, left, bottom, right) == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)


@pytest.mark.parametrize("index", SOME)
def test_keypoints_that_are_seen_lie_on_their_object(index: int) -> None:
    photo = taken(index)
    for k, points in enumerate(photo.keypoints, 1):
        for row, column, visible in points:
            if visible:
                assert photo.instances[int(row), int(column)] == k


def test_most_keypoints_are_seen_and_some_are_hidden() -> None:
    visible = np.concatenate([taken(index).keypoints[0, :, 2] for index in SOME])
    assert 0.3 < visible.mean() < 0.9
    assert 0 < NEAR < 0.1


@pytest.mark.parametrize("index", SOME)
def test_attributes_agree_with_the_pixels(index: int) -> None:
    photo, factors = taken(index), drawn("test", index)
    about = photo.attributes
    areas = [(bottom - top) * (right - left) for top, left, bottom, right in photo.boxes.tolist()]
    grey = photo.pixels @ [0.299, 0.587, 0.114] / 255
    assert about["scale"] == pytest.approx(max(areas) / SIZE**2)
    assert about["instances"] == len(photo.boxes)
    assert about["contrast"] == pytest.approx(grey.std())
    assert about["illumination"] == pytest.approx(grey.mean())
    assert about["texture"] == TEXTURES[factors.texture]
    assert 0 <= float(about["occlusion"]) <= 1


def test_occlusion_is_what_the_thing_before_the_object_hides() -> None:
    """With nothing around, nothing is hidden; with something before it, the object loses the pixels that it says."""
    index = next(
        i for i in range(400) if float(taken(i).attributes["occlusion"]) > 0.2 and drawn("test", i).occluder < 2
    )
    alone = photograph(changed(drawn("test", index), occluder=2.0, clutter=0, instances=1), SIZE)
    assert alone.attributes["occlusion"] == 0
    left = (taken(index).instances == 1).sum() / (alone.instances == 1).sum()
    assert left == pytest.approx(1 - float(taken(index).attributes["occlusion"]), abs=0.04)


def _sum(index: int) -> str:
    return digest(photograph(drawn("test", index), SIZE).pixels.tobytes())


def test_pixels_are_the_same_in_other_threads_and_processes() -> None:
    indices = range(6)
    here = [_sum(index) for index in indices]
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(_sum, reversed(indices))) == here[::-1]
    with multiprocessing.get_context("spawn").Pool(1) as processes:
        assert processes.map(_sum, indices) == here


@pytest.mark.parametrize(
    ("factor", "values", "attribute"),
    [
        ("brightness", (0.6, 0.9, 1.2), "illumination"),
        ("scale", (0.35, 0.6, 0.9), "scale"),
        ("blur", (0.004, 0.008, 0.016), "blur"),
    ],
)
def test_one_factor_changes_its_attribute(factor: str, values: tuple[float, ...], attribute: str) -> None:
    base = changed(drawn("test", 3), clutter=0, instances=1, occluder=2.0, place=(0.0, 0.0))
    found = [float(photograph(changed(base, **{factor: value}), 48).attributes[attribute]) for value in values]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_a_change_of_paint_or_light_leaves_the_shape_where_it_is() -> None:
    base = changed(drawn("test", 0), clutter=0, instances=1, occluder=2.0)
    masks = [
        photograph(changed(base, **{name: value}), SIZE).instances
        for name, value in (("paint", 1), ("paint", 2), ("texture", 3), ("sun_height", 60.0), ("brightness", 0.7))
    ]
    assert all(np.array_equal(mask, masks[0]) for mask in masks)


def test_a_larger_picture_shows_the_same_scene() -> None:
    base = drawn("test", 5)
    small, large = photograph(base, 48), photograph(base, 96)
    halved = large.pixels.reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))
    assert abs(halved - small.pixels).mean() < 12
    assert large.boxes[0] / 2 == pytest.approx(small.boxes[0], abs=1.5)


def test_pictures_have_the_spectrum_of_natural_images() -> None:
    """Mean power falls about as 1 / f^2 (Field 1987; Torralba and Oliva 2003)."""
    window = np.hanning(SIZE)[:, None] * np.hanning(SIZE)
    grey = [luminance(taken(index).pixels) for index in SOME]
    power = np.mean([abs(np.fft.fft2((g - g.mean()) * window)) ** 2 for g in grey], axis=0)
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE)))
    edges = 2.0 ** np.arange(-5, -1)
    means = [power[(f >= low) & (f < 2 * low)].mean() for low in edges]
    assert -3.2 < np.polyfit(np.log(edges), np.log(means), 1)[0] < -1.5


def test_developing_keeps_grey_grey_and_adds_the_noise_that_it_says() -> None:
    even = developed(np.full((64, 64, 3), 0.2), blur=0.5, grain=0.01, seed=1).astype(float)
    assert even.std() == pytest.approx(2.55, rel=0.1)
    dark, light = (developed(np.full((4, 4, 3), v), blur=0.5, grain=0.0, seed=1) for v in (0.0, 50.0))
    assert dark.max() == 0
    assert light.min() == 255


def test_blur_is_gaussian_of_the_given_width() -> None:
    point = np.zeros((31, 31, 3))
    point[15, 15] = 0.05
    shown = developed(point, blur=2.0, grain=0.0, seed=1)[..., 0] / 255
    linear = np.where(shown < 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    rows = np.arange(31) - 15
    assert np.sqrt((linear.sum(axis=1) * rows**2).sum() / linear.sum()) == pytest.approx(2.0, abs=0.15)


def test_every_class_has_named_keypoints() -> None:
    for label, name in enumerate(CLASSES):
        assert taken(label).keypoints.shape[1] >= 6, name
