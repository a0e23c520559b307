"""Agreement of units with concepts, against loops and a planted unit."""

import numpy as np
import torch
from torch.nn import functional as F

from cnnviz_core.methods.dissection import agreement, interpolation, spread_out, thresholds
from cnnviz_core.network import ReceptiveField


def test_thresholds_are_exceeded_at_no_more_than_the_share() -> None:
    maps = np.random.default_rng(0).standard_normal((5, 3, 4, 10))
    for share, above in ((0.005, 1), (0.1, 20), (0.001, 0)):
        levels = thresholds(maps, share)
        assert ((maps > levels[:, None, None]).sum(axis=(0, 2, 3)) == above).all()
    silent = np.zeros((2, 1, 3, 3))
    silent[0, 0, 1, 1] = 1
    assert (silent > thresholds(silent, 0.2)[:, None, None]).sum() == 1


def test_without_receptive_fields_maps_are_spread_as_by_torch() -> None:
    maps = np.random.default_rng(1).standard_normal((2, 4, 5))
    expected = F.interpolate(torch.from_numpy(maps)[None], (20, 20), mode="bilinear", align_corners=False)[0]
    np.testing.assert_allclose(spread_out(maps, 20, (40, 40), None), expected, atol=1e-12)


def test_values_lie_at_the_middles_of_receptive_fields() -> None:
    weights = interpolation(3, 12, 12, 5, stride=4, start=-1)  # middles at pixels 1.5, 5.5 and 9.5: cells 1, 5 and 9
    np.testing.assert_allclose(weights[[1, 5, 9]], np.eye(3))
    np.testing.assert_allclose(weights[3], [0.5, 0.5, 0])
    np.testing.assert_allclose(weights[[0, 11]], [[1, 0, 0], [0, 0, 1]])


def test_agreement_against_loops() -> None:
    rng = np.random.default_rng(2)
    maps = rng.standard_normal((4, 3, 5, 5))
    field = ReceptiveField((3, 3), (2, 2), (-1, -1))
    levels = np.array([0.2, 0.5, 9.0])
    concepts = [(np.array([0, 2]), rng.random((2, 8, 8)) > 0.6) for _ in range(3)] + [
        (np.zeros(0, dtype=int), np.zeros((0, 8, 8), dtype=bool))
    ]
    found = agreement(maps, concepts, levels=levels, field=field, image=(10, 10), count=4)
    for unit in range(3):
        for concept in (0, 2):
            both = either = 0
            for i, (numbers, masks) in enumerate(concepts):
                strong = spread_out(maps[i], 8, (10, 10), field)[unit] > levels[unit]
                where = list(numbers).index(concept) if concept in numbers else None
                mask = masks[where] if where is not None else np.zeros((8, 8), dtype=bool)
                both += (strong & mask).sum()
                either += (strong | mask).sum()
            np.testing.assert_allclose(found[unit, concept], both / either)
    assert np.isnan(found[:, [1, 3]]).all()
    assert (found[2, [0, 2]] == 0).all()


def test_a_unit_that_is_the_concept_agrees_wholly() -> None:
    masks = np.random.default_rng(3).random((6, 1, 7, 7)) > 0.7
    concepts = [(np.array([0]), mask) for mask in masks]
    found = agreement(masks.astype(float), concepts, levels=np.array([0.5]), field=None, image=(7, 7), count=1)
    np.testing.assert_allclose(found, 1)
