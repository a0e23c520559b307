"""Keypoints carried by a network whose columns are the colors of the pixels."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from keypoint_world import SIDE, keypoint_lab, keypoint_world
from tiny import MakeLab

from cnnviz_core.errors import InputError
from cnnviz_core.figure import Claim, Result
from cnnviz_core.figures.keypoint_transfer import KeypointTransfer
from cnnviz_core.lab import Dataset, Lab

SETTINGS: dict[str, Any] = {
    "objects": 12, "least": 5, "margin": 0.0, "pairs": 4, "shown": 2, "layer": "relu2", "radius": 0.2, "cells": 12,
    "reach": 0.25, "smoothness": 0.05, "truncation": 2.0, "small": 0.002, "steps": 8, "alphas": [0.1, 0.05], "batch": 8,
}  # fmt: skip


def figure(**changed: Any) -> KeypointTransfer:
    return KeypointTransfer(**SETTINGS | changed)


def claims(stats: Any) -> dict[str, Claim]:
    return {each.name.partition(".")[2]: each for each in figure().claims(stats)}


def shifted_world() -> Dataset:
    """One picture of hues, moved by another multiple of 2 pixels in each of its images; keypoints move along."""
    rows, columns = np.indices((SIDE + 16, SIDE + 16)) / 6
    hues = np.stack([np.sin(rows), np.cos(columns), np.sin(rows + columns + 1)])
    picture = (127 + 120 * hues).astype(np.uint8)
    base = keypoint_world(4)
    corners = [(4, 4), (4, 8), (8, 4), (8, 8)]
    images = [torch.from_numpy(picture[:, y : y + SIDE, x : x + SIDE].copy()) for y, x in corners]
    middle = np.array([[16.5, 16.5], [18.5, 20.5], [20.5, 16.5]])
    points = [np.concatenate([middle - corner, np.ones((3, 1))], axis=1)[None] for corner in corners]
    return replace(
        base, images=images, keypoints=points, keypoint_names=(("a", "b", "c"),) * 2, labels=np.zeros(4, int)
    )


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    return keypoint_lab(make_lab, shifted_world())


@pytest.fixture
def result(lab: Lab) -> Result:
    return figure().compute(lab)


def test_a_moved_picture_is_followed_and_a_copy_is_not(result: Result) -> None:
    stats = result.stats
    assert stats["cells"] == [12, 12]
    assert stats["pck"]["features"] == [1, 1]
    assert max(stats["pck"]["copy"]) == 0
    assert (stats["moved_onto_itself"], stats["pairs"], stats["points"]) == (0, 4, 12)
    np.testing.assert_allclose(result.arrays["features 0"], result.arrays["true 0"])
    pulled, source = result.arrays["pulled 0"].astype(int), result.arrays["from 0"].astype(int)
    assert np.abs(pulled - source)[:, 8:16, 8:16].max() <= 2


def test_claims_can_be_true_and_false(result: Result) -> None:
    stats = {**result.stats, "pairs": 40}
    for name in ("above_copy", "above_sift", "above_random"):
        assert claims({**stats, name: [0.1, 0.2]})[name].holds is True
        assert claims({**stats, name: [-0.2, -0.1]})[name].holds is False
        assert claims(result.stats)[name].undecided == "4 pairs are too few to tell"
    assert claims(stats)["onto_itself"].holds is True
    assert claims({**stats, "moved_onto_itself": 1.0})["onto_itself"].holds is False
    assert claims(stats)["monotone"].holds is True
    assert claims({**stats, "pck": {**stats["pck"], "copy": [0.1, 0.2]}})["monotone"].holds is False


def test_the_picture_has_bars_and_a_row_for_each_pair(result: Result) -> None:
    axes = figure().draw(result).axes
    assert len(axes) == 1 + 5 * len(result.stats["shown"])
    assert [text.get_text() for text in axes[0].get_xticklabels()] == ["within 0.1", "within 0.05"]
    assert "features 100%, 100%" in figure().alt(result.stats)


def test_obstacles_and_wrong_settings(lab: Lab) -> None:
    assert figure().obstacle(lab) is None
    assert figure(objects=1).obstacle(lab) == "no two images of painted show the same keypoint of the same class"
    assert "knows of no keypoints" in str(figure().obstacle(lab.with_dataset(replace(lab.dataset, keypoints=None))))
    assert figure(layer="fc3").obstacle(lab) == "layer fc3 of tiny has no maps"
    with pytest.raises(InputError, match=r"figure.keypoint_transfer.alphas=\[0\] must be shares above 0"):
        figure(alphas=[0]).obstacle(lab)
    with pytest.raises(InputError, match=r"figure.keypoint_transfer.cells=1 must be at least 2"):
        figure(cells=1).obstacle(lab)
