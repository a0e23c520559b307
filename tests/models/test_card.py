"""The card says truly who is taken for whom, also under attack."""

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnnviz_core.models.card import encoded, measured
from cnnviz_core.models.training import Split


class Brightest(nn.Module):
    """Says which channel is the brightest."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean((2, 3))


def image(red: int, green: int, blue: int) -> np.ndarray:
    return np.tile(np.array([red, green, blue], dtype=np.uint8), (2, 2, 1))


PIXELS = np.stack([image(200, 0, 0), image(200, 190, 0), image(0, 9, 200), image(0, 200, 9), image(0, 200, 9)])
TEST = Split(PIXELS, np.array([0, 0, 2, 1, 2]))


def test_the_confusion_has_a_row_for_what_it_is() -> None:
    card = measured(Brightest(), TEST, ("red", "green", "blue"), epsilon=0.03, normalise=torch.clone, device="cpu")
    assert card["confusion"] == [[2, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert card["accuracy"] == 0.8
    assert card["accuracy per class"] == {"red": 1.0, "green": 1.0, "blue": 0.5}
    assert card["first predictions"] == [0, 0, 2, 1, 1]
    assert card["images"] == 5


@pytest.mark.parametrize(("levels", "right"), [(4, 0.8), (6, 0.6)])
def test_the_attack_is_as_strong_as_it_says(levels: int, right: float) -> None:
    """Red and green of the second image are 10 levels apart, and an attack moves both."""
    names = ("red", "green", "blue")
    card = measured(Brightest(), TEST, names, epsilon=levels / 255, normalise=torch.clone, device="cpu")
    assert card["adversarial accuracy"] == right
    assert card["epsilon"] == levels / 255


def test_numbers_stand_on_one_line() -> None:
    card = {"confusion": [[2, 0], [1, 1]], "limits": ["one, two", "three"]}
    assert "[2, 0]" in encoded(card)
    assert json.loads(encoded(card)) == card
