"""Logits and totals, on a network small enough to add up by hand."""

import torch
from torch import Tensor

from cnnviz_core.methods.total_activation import logits_and_total

PIXELS = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 0.0]]]])


class Doubled:
    """Its maps are the image doubled, its logits the largest value of each map."""

    passes = 0

    def __call__(self, pixels: Tensor) -> Tensor:
        return self.activations_and_logits(pixels)[1]

    def activations_and_logits(self, pixels: Tensor, *names: str) -> tuple[tuple[Tensor, ...], Tensor]:
        self.passes += 1
        return (2 * pixels,), (2 * pixels).amax(dim=(2, 3))


def test_the_total_of_one_map_comes_last() -> None:
    model = Doubled()
    assert logits_and_total(model, "maps", 1)(PIXELS).tolist() == [[4, 8, 10, 14]]
    assert model.passes == 1
