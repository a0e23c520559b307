"""All attribution methods by name: against each method alone, and against Captum on networks that it can treat."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import captum.attr as peer
import numpy as np
import pytest
import torch
from oracle import net, off, signed
from slow_net import ANSWERS, FAST, IMAGES, SLOW, each_image
from torch import Tensor, nn

from cnnviz_core.methods.attributions import PRODUCTS, TITLES, Constants, attributions, magnitude, possible
from cnnviz_core.methods.deconvnet import class_projections
from cnnviz_core.methods.gradcam import at_pixels, gradcam
from cnnviz_core.methods.integrated_gradients import integrated_gradients
from cnnviz_core.methods.smoothgrad import smoothgrad
from cnnviz_core.models.assemble import assemble
from cnnviz_core.network import Model

BASELINE = torch.tensor([0.1, -0.2, 0.3], dtype=torch.float64)
CONSTANTS = Constants(BASELINE, "maps", None, samples=3, noise=0.2, steps=5)


def found(*names: str) -> dict[str, Tensor]:
    return attributions(FAST, IMAGES, ANSWERS, names, CONSTANTS, np.random.default_rng(1))


def test_all_together_are_what_each_is_alone() -> None:
    together = found(*TITLES)
    assert list(together) == list(TITLES)
    for name in TITLES:
        alone = found(name)
        assert list(alone) == [name]
        torch.testing.assert_close(alone[name], together[name])
        assert together[name].shape == (3, 1 if name == "gradcam" else 3, 8, 8)


def test_each_is_that_of_its_paper() -> None:
    values = found(*TITLES)
    for rule in ("gradient", "deconvnet", "guided"):
        expected = np.stack([SLOW.back(image, output, rule)[0] for image, output in each_image()])
        np.testing.assert_allclose(values[rule], expected, atol=1e-12)
    start = BASELINE[:, None, None]
    torch.testing.assert_close(values["gradient_x_input"], (IMAGES - start) * values["gradient"])
    rng = np.random.default_rng(1)
    smooth = smoothgrad(FAST, IMAGES, ANSWERS, noise=0.2, samples=3, rng=rng)
    torch.testing.assert_close(values["smoothgrad"], smooth)
    integrated = integrated_gradients(FAST, IMAGES, ANSWERS, baseline=BASELINE, steps=5)
    torch.testing.assert_close(values["integrated_gradients"], integrated)
    maps = at_pixels(gradcam(FAST, IMAGES, ANSWERS, "maps"), (8, 8))[:, None]
    torch.testing.assert_close(values["gradcam"], maps)
    torch.testing.assert_close(values["guided_gradcam"], maps * values["guided"])


def test_the_deconvnet_of_an_average_starts_at_one_place() -> None:
    averaged = replace(CONSTANTS, averaged="maps")
    values = attributions(FAST, IMAGES, ANSWERS, list(TITLES), averaged, np.random.default_rng(1))
    torch.testing.assert_close(values["deconvnet"], class_projections(FAST, IMAGES, ANSWERS, "maps"))
    torch.testing.assert_close(values["guided"], found("guided")["guided"])


def test_the_three_rules_share_a_forward_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes, whole = [], FAST.activations_and_logits

    def counted(pixels: Tensor, *names: str) -> tuple[tuple[Tensor, ...], Tensor]:
        passes.append(1)
        return whole(pixels, *names)

    monkeypatch.setattr(FAST, "activations_and_logits", counted)
    found("gradient", "deconvnet", "guided", "gradient_x_input")
    assert len(passes) == 1
    found("guided_gradcam", "gradcam", "guided")
    assert len(passes) == 3


def test_magnitudes_are_one_value_for_each_pixel() -> None:
    values = torch.tensor([[[[1.0]], [[-3.0]], [[1.5]]]])
    assert magnitude("guided", values).tolist() == [[[3.0]]]
    assert [magnitude(name, values).tolist() for name in PRODUCTS] == [[[[0.5]]]] * 2


def test_what_a_network_cannot_have_is_left_out() -> None:
    names = list(TITLES)
    assert possible(names, ruled=True, maps=True) == names
    assert possible(names, ruled=False, maps=True) == [
        n for n in names if n not in ("deconvnet", "guided", "guided_gradcam")
    ]
    assert possible(names, ruled=True, maps=False) == [n for n in names if n not in ("gradcam", "guided_gradcam")]


SIDE = 64
NETWORKS = ("alexnet", "vgg16", "squeezenet1_0", "resnet18")


@pytest.fixture(scope="module", params=NETWORKS)
def model(request: pytest.FixtureRequest) -> Model:
    return assemble(
        net(request.param, dtype=torch.float32), name=request.param, size=SIDE, resize=SIDE,
        mean=[0, 0, 0], std=[1, 1, 1], classes=None, weights="random",
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting (forward|backward|forward, backward) hooks", UserWarning)
        yield


def test_agrees_with_captum(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    x, outputs = signed(2, 3, SIDE, SIDE).float(), torch.tensor([3, 3])
    assert model.last_maps is not None
    layer = model.module(model.last_maps)
    constants = replace(CONSTANTS, baseline=torch.zeros(3), layer=model.last_maps.name)
    ours = attributions(model, x, outputs, list(TITLES), constants, np.random.default_rng(1))
    gradcam = peer.LayerGradCam(model.net, layer)
    theirs: dict[str, Callable[[], Any]] = {
        "gradient": lambda: peer.Saliency(model.net).attribute(inputs(), target=3, abs=False),
        "deconvnet": lambda: peer.Deconvolution(model.net).attribute(inputs(), target=3),
        "guided": lambda: peer.GuidedBackprop(model.net).attribute(inputs(), target=3),
        "gradient_x_input": lambda: peer.InputXGradient(model.net).attribute(inputs(), target=3),
        "smoothgrad": lambda: tunnel(model.net, inputs(), monkeypatch),
        "integrated_gradients": lambda: peer.IntegratedGradients(model.net).attribute(inputs(), target=3, n_steps=5),
        "gradcam": lambda: at_pixels(
            gradcam.attribute(inputs(), target=3, relu_attributions=True)[:, 0].detach(), (SIDE, SIDE)
        )[:, None],
    }  # fmt: skip

    def inputs() -> Tensor:
        return x.clone().contiguous(memory_format=torch.channels_last).requires_grad_()

    for name, attribute in theirs.items():
        assert off(ours[name], attribute().detach()) < 1e-5, name


def tunnel(function: nn.Module, x: Tensor, monkeypatch: pytest.MonkeyPatch) -> Tensor:
    """Captum's SmoothGrad on the noise that ours draws; its deviation is of all images, not of each image's range."""
    drawn = np.random.default_rng(1).standard_normal((3, *x.shape), dtype=np.float32)
    flat = x.detach().flatten(1)
    deviation = (0.2 * (flat.amax(1) - flat.amin(1)))[None, :, None, None, None]
    noise = (torch.from_numpy(drawn) * deviation).transpose(0, 1).reshape(-1, *x.shape[1:])  # image by image
    monkeypatch.setattr(torch, "normal", lambda *_, **__: noise)
    found: Tensor = peer.NoiseTunnel(peer.Saliency(function)).attribute(
        x, nt_type="smoothgrad", nt_samples=3, stdevs=1.0, target=3, abs=False
    )
    return found
