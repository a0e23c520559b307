"""The occlusion map of a network that reads one place of the image and nothing else."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.occlusion_heatmap import OcclusionHeatmap
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.network import Model

SIDE = 16
READ = (slice(4, 8), slice(8, 12))


def reader(gain: float) -> Model:
    """Class `bright` gains by the mean of the place that is read, class `dark` loses."""
    linear = nn.Linear(3 * SIDE * SIDE, 2)
    weight = torch.zeros(2, 3, SIDE, SIDE)
    weight[0, :, *READ], weight[1, :, *READ] = gain / 48, -gain / 48
    with torch.no_grad():
        linear.weight.copy_(weight.flatten(1))
        linear.bias.zero_()
    net = nn.Sequential(nn.Flatten(), linear).eval().requires_grad_(False)
    return Model(
        name="reader", fingerprint="", net=net, size=(SIDE, SIDE), resize=SIDE, mean=(0.5,) * 3, std=(1.0,) * 3,
        classes=("bright", "dark"), layers={}, codes_layer="", weights="by hand",
    )  # fmt: skip


def pictures(on_object: bool | None) -> Dataset:
    """Noisy images, alternately bright and dark at the place that is read; masks of it, or of all the rest."""
    labels = np.arange(8) % 2
    pixels = np.random.default_rng(0).integers(100, 156, size=(8, 3, SIDE, SIDE), dtype=np.uint8)
    pixels[:, :, *READ] = np.where(labels, 20, 235)[:, None, None, None]
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[READ] = True
    return Dataset(
        name="pictures", fingerprint="", images=torch.from_numpy(pixels).unbind(), ids=tuple("abcdefgh"), labels=labels,
        class_names=("bright", "dark"), masks=None if on_object is None else [mask if on_object else ~mask] * 8,
    )  # fmt: skip


SETTINGS: dict[str, Any] = {
    "images": None, "count": 2, "search": 8, "confidence": 0.9, "patch": 0.25, "stride": None, "places": 13,
    "images_measured": 8, "places_measured": 7, "batch": 8,
}  # fmt: skip


def figure(**changed: Any) -> OcclusionHeatmap:
    return OcclusionHeatmap(**SETTINGS | changed)


def made(gain: float = 4.0, on_object: bool | None = True, **changed: Any) -> Result:
    return figure(**changed).compute(Lab(reader(gain), pictures(on_object), seed=0))


def claim(result: Result, name: str) -> Claim:
    return {each.name: each for each in figure().claims(result.stats)}[f"occlusion_heatmap.{name}"]


@pytest.fixture(scope="module")
def result() -> Result:
    return made()


def test_only_squares_on_the_place_that_is_read_change_the_probability(result: Result) -> None:
    found, shown = result.arrays["maps"][0], result.stats["images"][0]
    assert found.shape == (13, 13)
    touching = np.zeros((13, 13), dtype=bool)
    touching[1:8, 5:12] = True
    np.testing.assert_allclose(found[~touching], shown["clean"], atol=1e-6)
    assert (found[touching] < shown["clean"] - 0.005).all()
    assert shown["corner"] == [4, 8]
    assert shown["where"] == "in the middle"
    assert shown["lowest"] == pytest.approx(0.5)
    assert shown["halved"] == 0
    assert result.stats["patch"] == 4
    assert result.stats["stride"] == 1


def test_identities_and_tendencies_hold_for_it(result: Result) -> None:
    assert [each.holds for each in figure().claims(result.stats)] == [True] * 4


def test_an_object_elsewhere_does_not_matter() -> None:
    found = claim(made(on_object=False), "object_matters")
    assert found.holds is False
    assert found.measured["drop_on_object"] < found.measured["drop_elsewhere"]


def test_without_masks_it_is_undecided() -> None:
    found = claim(made(on_object=None), "object_matters")
    assert found.holds is None
    assert "masks or boxes" in found.undecided


def test_a_network_that_reads_nothing_is_not_localised() -> None:
    assert claim(made(gain=0.0), "localised").holds is False


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [("nothing_hidden", "nothing_hidden", 1e-3), ("everything_hidden", "everything_hidden", 1e-3),
     ("everything_hidden", "everything_places", 4)],
)  # fmt: skip
def test_a_wrong_number_makes_an_identity_false(result: Result, name: str, key: str, value: float) -> None:
    wrong = {**result.stats, "identities": {**result.stats["identities"], key: value}}
    assert claim(Result({}, wrong), name).holds is False


def test_without_right_classes_the_predicted_ones_are_used() -> None:
    other = replace(pictures(True), class_names=("sun", "moon"))
    result = figure().compute(Lab(reader(4.0), other, seed=0))
    assert result.stats["label"] == "predicted"
    assert sorted(image["class"] for image in result.stats["images"]) == ["bright", "dark"]


def test_images_and_stride_can_be_chosen() -> None:
    result = made(images=[5, 1, 3], stride=4)
    assert [image["class"] for image in result.stats["images"]] == ["dark"] * 3
    assert result.arrays["maps"].shape == (3, 4, 4)


def test_the_picture_has_an_image_and_a_map_for_each_and_leaves_the_numbers(result: Result) -> None:
    before = {name: array.copy() for name, array in result.arrays.items()}
    panels = figure().draw(result).axes
    titles = [axes.get_title() for axes in panels]
    assert [title for title in titles if title.startswith(("bright: P = 0", "dark: P = 0"))] == titles[:2]
    assert [title.startswith("P from 0.50 to 0.9") for title in titles[2:4]] == [True, True]
    square = np.asarray(panels[0].images[0].get_array())[READ]
    np.testing.assert_allclose(square, 0.5, atol=0.01)
    for name, array in before.items():
        np.testing.assert_array_equal(result.arrays[name], array)


def test_the_alternative_text_has_the_numbers(result: Result) -> None:
    text = figure().alt(result.stats)
    assert "2 images with a gray square of 4 pixels" in text
    assert "0.50 with it in the middle, less than half at 0% of the places" in text


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (
            {"images": [3, 8]},
            r"figure.occlusion_heatmap.images=8 is not in the data set pictures, which has the images 0 to 7",
        ),
        ({"patch": 0.0}, r"figure.occlusion_heatmap.patch=0.0 must be above 0 and at most 1"),
        ({"confidence": 90.0}, r"figure.occlusion_heatmap.confidence=90.0 must be above 0 and at most 1"),
        ({"stride": 0}, r"figure.occlusion_heatmap.stride=0 must be at least 1"),
        ({"batch": 0}, r"figure.occlusion_heatmap.batch=0 must be at least 1"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(Lab(reader(1.0), pictures(None), seed=0))


def test_can_be_made_for_any_model_and_data() -> None:
    assert figure().obstacle(Lab(reader(1.0), pictures(None), seed=0)) is None
