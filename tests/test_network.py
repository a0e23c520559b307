"""What a model says of its layers and its answer in one pass, and the same model in double precision."""

import numpy as np
import pytest
import torch
from oracle import net

from cnnviz_core.models.assemble import assemble
from cnnviz_core.network import Model

NETWORKS = ("alexnet", "resnet18", "swin_t")


@pytest.fixture(scope="module", params=NETWORKS)
def model(request: pytest.FixtureRequest) -> Model:
    return assemble(
        net(request.param, dtype=torch.float32), name=request.param, size=64, resize=64, mean=[0.5] * 3, std=[0.25] * 3,
        classes=None, weights="random",
    )  # fmt: skip


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(2).random((2, 3, 64, 64), dtype=np.float32))


def test_activations_and_logits_are_those_of_separate_passes(model: Model, pixels: torch.Tensor) -> None:
    names = [name for name, layer in model.layers.items() if layer.spatial]
    with torch.no_grad():
        found, logits = model.activations_and_logits(pixels, *names)
        torch.testing.assert_close(logits, model(pixels))
        for name, maps, alone in zip(names, found, model.activations(pixels, *names), strict=True):
            assert tuple(maps.shape[1:]) == model.layers[name].shape
            torch.testing.assert_close(maps, alone)


def test_logits_are_differentiated_by_the_layers(model: Model, pixels: torch.Tensor) -> None:
    """Also by those that an in-place operation changes afterwards, and those with their channels last."""
    names = [name for name, layer in model.layers.items() if layer.spatial][-3:]
    found, logits = model.activations_and_logits(pixels.requires_grad_(), *names)
    score = logits[:, 3].sum()
    for name, maps, slope in zip(names, found, torch.autograd.grad(score, found), strict=True):
        assert slope.shape == maps.shape
        assert slope.count_nonzero() > 0, name


def test_in_double_precision_it_is_the_same_model(model: Model, pixels: torch.Tensor) -> None:
    with torch.no_grad():
        exact = model.precise()(pixels.double())
        assert exact.dtype == torch.float64
        torch.testing.assert_close(exact.float(), model(pixels), rtol=1e-4, atol=1e-4)
        assert model.dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "layer"),
    [("alexnet", None), ("resnet18", "layer4_1"), ("squeezenet1_0", "relu10"), ("densenet121", "relu8")],
)
def test_maps_that_are_only_averaged(name: str, layer: str | None) -> None:
    made = assemble(
        net(name, dtype=torch.float32), name=name, size=96, resize=96, mean=[0.5] * 3, std=[0.25] * 3, classes=None,
        weights="random",
    )  # fmt: skip
    assert (made.averaged and made.averaged.name) == layer, list(made.layers)


def test_what_a_maximum_pooling_follows_is_not_ranked() -> None:
    made = assemble(
        net("alexnet", dtype=torch.float32), name="alexnet", size=96, resize=96, mean=[0.5] * 3, std=[0.25] * 3,
        classes=None, weights="random",
    )  # fmt: skip
    found = [layer.name for layer in made.ranked_layers]
    assert found[:5] == ["pool1", "pool2", "relu3", "relu4", "relu5"], found
