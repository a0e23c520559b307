"""Changes compared between images, for parts of one color each and a network that sees colors."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import pointwise
from torch import nn

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.correspondence_masks import CorrespondenceMasks
from cnnviz_core.lab import Dataset, Lab
from cnnviz_core.models.assemble import assemble

SIDE, COUNT = 16, 6
NAMES = ("red_part", "green_part", "blue_part", "hidden_part")
SETTINGS: dict[str, Any] = {
    "label": None, "parts": None, "parts_chosen": 3, "images": 6, "least": 3, "shown": 2, "patch": 0.2, "middle": None,
    "top": None, "draws": 200, "batch": 7,
}  # fmt: skip


def figure(**changed: Any) -> CorrespondenceMasks:
    return CorrespondenceMasks(**SETTINGS | changed)


def parts_in_noise() -> Dataset:
    """Two classes: squares of pure colors, each 3 x 3, in noise of every color, and the same without keypoints seen."""
    rng = np.random.default_rng(0)
    images, points = [], []
    for _ in range(2 * COUNT):
        image = rng.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)
        corners = [(int(row), int(column)) for row, column in zip((1, 6, 11), rng.integers(0, 13, 3), strict=True)]
        for color, (top, left) in enumerate(corners):
            image[:, top : top + 3, left : left + 3] = np.where(np.arange(3) == color, 255, 0)[:, None, None]
        images.append(torch.from_numpy(image))
        seen = [[top + 1.5, left + 1.5, 1] for top, left in corners]
        points.append(np.array([[*seen, [0, 0, 0]]], dtype=float))
    for found in points[COUNT + 1 :]:
        found[0, 1, 2] = 0  # one image of the second class shows all three
    return Dataset(
        name="parts", fingerprint="", images=images, ids=tuple(map(str, range(2 * COUNT))),
        labels=np.repeat([0, 1], COUNT), class_names=("thing", "other"), keypoints=points, keypoint_names=(NAMES,) * 2,
    )  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Lab:
    """Its middle layer is the pixels less the gray of the squares and one, its top a random mixture of all."""
    net = nn.Sequential(
        pointwise(np.eye(3).tolist(), [1.0] * 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * SIDE**2, 20), nn.ReLU(),
        nn.Linear(20, 2),
    )  # fmt: skip
    rng = np.random.default_rng(3)
    assert isinstance(net[3], nn.Linear)
    with torch.no_grad():
        net[3].weight.copy_(torch.from_numpy(rng.standard_normal((20, 3 * SIDE**2)) / 10))
    model = assemble(
        net, name="tiny", size=SIDE, resize=SIDE, mean=[0.5] * 3, std=[1.0] * 3, classes=None, weights="planted"
    )
    return Lab(model, parts_in_noise(), seed=0)


@pytest.fixture(scope="module")
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def claims(stats: Mapping[str, Any]) -> dict[str, Claim]:
    return {claim.name.partition(".")[2]: claim for claim in figure().claims(stats)}


def test_hiding_a_color_changes_all_images_in_one_way(result: Result) -> None:
    stats = result.stats
    assert (stats["class"], stats["parts"], stats["images"]) == ("thing", list(NAMES[:3]), COUNT)
    assert stats["layers"] == ["relu1", "relu1, totals", "relu2"]
    assert stats["side"] == 3
    assert stats["classes"] == ["thing"]
    for name in NAMES[:3]:
        assert stats["shown"][name][1] == [0, 0]  # mean and spread by totals: plus its color, minus the others
    assert stats["shown"]["part"][1] == [0, 0]
    assert stats["shown"]["mixed"][1][0] == pytest.approx(2 / 3)
    assert 0.3 < stats["shown"]["random"][1][0] < 0.7
    assert stats["delta"]["part"][0] == pytest.approx(stats["shown"]["part"][0][0])
    assert stats["delta"]["part"][0] < stats["delta"]["random"][0]


def test_squares_are_gray_and_where_the_parts_are(lab: Lab, result: Result) -> None:
    tiles = result.arrays["tiles"]
    assert tiles.shape == (2, 7, 3, SIDE, SIDE)
    np.testing.assert_array_equal(tiles[0, 0], lab.dataset.images[0].numpy())
    for k in range(3):
        changed = (tiles[0, 1 + k] != tiles[0, 0]).any(axis=0)
        assert changed.sum() == 9
        assert {tuple(color) for color in tiles[0, 0][:, changed].T} == {tuple(255 * np.eye(3, dtype=int)[k])}
        assert set(tiles[0, 1 + k][:, changed].ravel()) == {128}


def test_claims_of_it(result: Result) -> None:
    found = claims(result.stats)
    assert found["distance"].holds is True
    for name in ("parts_below_random", "parts_below_mixed", "parts_below_elsewhere"):
        assert found[name].kind == "tendency"
    assert found["parts_below_random"].reference["random"] == 0.107
    assert result.stats["beyond"][0] > 0.2
    assert result.stats["intervals"]["random"][0] < result.stats["gap"][0] < result.stats["intervals"]["random"][1]


@pytest.mark.parametrize(
    ("name", "key"),
    [("parts_below_random", "random"), ("parts_below_mixed", "mixed"), ("parts_below_elsewhere", "elsewhere"),
     ("gap_smaller_at_top", "top"), ("gap_above_untrained", "untrained"), ("more_than_places", "beyond")],
)  # fmt: skip
@pytest.mark.parametrize(("interval", "holds"), [([0.01, 0.1], True), ([-0.1, 0.1], None), ([-0.1, -0.01], False)])
def test_tendencies_can_hold_and_fail(
    result: Result, name: str, key: str, interval: list[float], holds: bool | None
) -> None:
    intervals = {**result.stats["intervals"], key: interval}
    assert claims({**result.stats, "intervals": intervals})[name].holds is holds


@pytest.mark.parametrize("key", ["own_distance", "asymmetry"])
def test_a_distance_that_is_none_is_a_fault(result: Result, key: str) -> None:
    assert claims({**result.stats, key: 0.1})["distance"].holds is False


def test_without_maps_there_are_no_totals(lab: Lab) -> None:
    found = figure(middle="fc2").compute(lab).stats
    assert found["layers"] == ["fc2", "relu2"]
    assert claims(found)["more_than_places"].undecided == "fc2 has no maps"


def test_chosen_class_and_parts(lab: Lab) -> None:
    found = figure(label="other", parts=["blue_part", "red_part"], least=2).compute(lab).stats
    assert (found["class"], found["parts"], found["images"]) == ("other", ["blue_part", "red_part"], COUNT)
    assert found["classes"] == ["thing", "other"]


def test_objects_say_where_random_squares_are(lab: Lab) -> None:
    boxes = [np.array([[0.0, 0, 4, 4]])] * (2 * COUNT)
    tiles = figure().compute(replace(lab, dataset=replace(lab.dataset, boxes=boxes))).arrays["tiles"]
    rows, columns = np.nonzero((tiles[:, 4:] != tiles[:, :1]).any(axis=(0, 1, 2)))
    assert max(rows.max(), columns.max()) <= 5


def test_picture_and_words(result: Result) -> None:
    axes = figure().draw(result).get_axes()
    assert [each.get_title() for each in axes[:7]] == [
        "thing", "red part", "green part", "blue part", "random 1", "random 2", "random 3",
    ]  # fmt: skip
    assert [each.get_title() for each in axes[-3:]] == ["relu1", "relu1, totals", "relu2"]
    assert "relu1, totals: 0.000 for the same part" in figure().alt(result.stats)


def test_obstacles(lab: Lab) -> None:
    assert figure().obstacle(lab) is None
    assert figure(least=6, images=7).obstacle(lab) is None
    nothing = replace(lab, dataset=replace(lab.dataset, keypoints=None))
    assert "knows of no keypoints" in (figure().obstacle(nothing) or "")
    assert figure(label="other").obstacle(lab) == (
        "class other of parts has 3 images in which 3 keypoints of one object are visible together"
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"patch": 0}, r"figure.correspondence_masks.patch=0 must be above 0 and at most 1"),
        ({"images": 1}, r"figure.correspondence_masks.images=1 must be at least 2"),
        ({"least": 9}, r"figure.correspondence_masks.least=9 must be at most images=6"),
        ({"label": "thin"}, r"figure.correspondence_masks.label=thin is not a class of parts; did you mean 'thing'"),
        (
            {"label": "thing", "parts": ["nose"]},
            r"figure.correspondence_masks.parts=\['nose'\] must be at least two keypoints of class thing: red_part, ",
        ),
        ({"middle": "relu9"}, r"model tiny has no layer 'relu9'"),
    ],
)
def test_wrong_settings_are_named(lab: Lab, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        figure(**changed).obstacle(lab)
