"""On a world whose answers depend on its surroundings, while its brightness does nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from known_world import known_lab, known_world
from tiny import MakeLab
from torch import Tensor

from cnnviz_core.errors import InputError
from cnnviz_core.figures.attr_counterfactual import AttrCounterfactual
from cnnviz_core.lab import Dataset, Lab

FIGURE = AttrCounterfactual(
    factors={"surroundings": ["meadow", "street"], "scale": [0.1, 0.9]}, scenes=12, bins=2, batch=7
)


class Planted:
    """In other surroundings than its own, an image spells the answer 0; larger objects change no pixel of it."""

    def __init__(self, data: Dataset) -> None:
        self.data = data

    def factors(self, i: int) -> Mapping[str, Any]:
        return {"surroundings": ["meadow", "street"][i % 2], "scale": 0.2, "seed": 5}

    def changed(self, i: int, factor: str, value: Any) -> tuple[Tensor, Mapping[str, float | str]]:
        image = self.data.images[i].clone()
        if factor == "surroundings" and value != self.factors(i)["surroundings"]:
            image[0, 0] = torch.roll(image[0, 0], 1)
        return image, {"surroundings": value, "scale": value}


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    data = known_world()
    return known_lab(make_lab, replace(data, world=Planted(data)))


def test_what_is_set_is_the_cause(lab: Lab) -> None:
    stats = FIGURE.compute(lab).stats
    surroundings, scale = stats["factors"]
    assert (stats["scenes"], stats["renderings"], stats["unchanged"]) == (12, 48, 0)
    assert surroundings["effect"] > 0.9
    assert [each["mean"] for each in surroundings["observed"]] == pytest.approx([1, 1], abs=0.01)
    assert [each["mean"] for each in surroundings["caused"]] == pytest.approx([0.5, 0.5], abs=0.07)
    assert scale["effect"] == pytest.approx(0, abs=1e-6)
    assert [each["at"] for each in scale["caused"]] == pytest.approx([0.1, 0.9])
    claims = {claim.name.partition(".")[2]: claim.holds for claim in FIGURE.claims(stats)}
    assert claims == {"unchanged": True, "surroundings": True, "scale": None}
    against = [{**surroundings, "interval": [-0.3, -0.1]}, scale]
    wrong = FIGURE.claims({**stats, "unchanged": 3, "factors": against})
    assert [claim.holds for claim in wrong][:2] == [False, False]
    assert FIGURE.claims({**stats, "scenes": 4})[1].undecided == "there are fewer than ten scenes"


def test_draws_curves_and_a_strip_for_each_factor(lab: Lab) -> None:
    result = FIGURE.compute(lab)
    axes = FIGURE.draw(result).axes
    assert [each.get_title() for each in axes[:2]] == ["surroundings", "scale"]
    assert axes[3].get_title().startswith("meadow: ")
    assert "where it is set by" in FIGURE.alt(result.stats)


def test_obstacles_and_wrong_settings(lab: Lab) -> None:
    photographs = replace(lab, dataset=replace(lab.dataset, world=None))
    assert FIGURE.obstacle(photographs) == (
        "the images of shapes cannot be made again with something changed; those of dataset=diorama can, "
        "since they are rendered"
    )
    with pytest.raises(
        InputError, match=r"factors has 'scal', but allowed are surroundings, scale; did you mean 'scale'"
    ):
        replace(FIGURE, factors={"scal": [1, 2]}).obstacle(lab)
    with pytest.raises(InputError, match=r"factors\.scale=\[1\] must list at least two values"):
        replace(FIGURE, factors={"scale": [1]}).obstacle(lab)
    assert FIGURE.obstacle(lab) is None
    assert isinstance(FIGURE.compute(lab).arrays["images_0"], np.ndarray)
