"""Maps, logits and totals, on a network small enough to add up by hand."""

import pytest
import torch
from torch import Tensor

from cnnviz_core.methods.maps_and_logits import logits_and_total, maps_and_logits

PIXELS = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 0.0]]]])


class Doubled:
    """Its maps are the image doubled, its logits the largest value of each map."""

    passes = 0

    def __call__(self, pixels: Tensor) -> Tensor:
        return self.activations(pixels, "logits")[0].flatten(1)

    def activations(self, pixels: Tensor, *names: str) -> tuple[Tensor, ...]:
        self.passes += 1
        layers = {"maps": 2 * pixels, "logits": (2 * pixels).amax(dim=(2, 3), keepdim=True)}
        return tuple(layers[name] for name in names)


@pytest.mark.parametrize(("logits_layer", "passes"), [("logits", 1), (None, 2)])
def test_both_come_from_as_few_passes_as_can_be(logits_layer: str | None, passes: int) -> None:
    model = Doubled()
    maps, logits = maps_and_logits(model, PIXELS, "maps", logits_layer=logits_layer)
    assert torch.equal(maps, 2 * PIXELS)
    assert logits.tolist() == [[4, 8, 10]]
    assert model.passes == passes


def test_the_total_of_one_map_comes_last() -> None:
    assert logits_and_total(Doubled(), "maps", 1, logits_layer="logits")(PIXELS).tolist() == [[4, 8, 10, 14]]
