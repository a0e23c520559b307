"""The smallest change that fools a linear classifier is known; Foolbox finds no smaller one for a network either."""

import math
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnnviz_core.methods.attacks.eight_bit import as_pixels
from cnnviz_core.methods.attacks.minimum_norm import LONGER, minimum_norm, saved_successes

GENERATOR = np.random.default_rng(3)
WEIGHTS = torch.from_numpy(GENERATOR.standard_normal((2, 3, 6, 6))).float()
PIXELS = torch.from_numpy(GENERATOR.uniform(0.35, 0.65, (8, 3, 6, 6))).float()


def linear(images: Tensor) -> Tensor:
    return torch.einsum("nchw,kchw->nk", images, WEIGHTS)


@pytest.mark.parametrize(("norm", "dual"), [(2.0, 2), (math.inf, 1)])
def test_it_finds_the_distance_of_the_plane(norm: float, dual: int) -> None:
    logits = linear(PIXELS)
    labels = logits.argmax(1)
    difference = (WEIGHTS[0] - WEIGHTS[1]).flatten()
    exact = (logits[:, 0] - logits[:, 1]).abs() / torch.linalg.vector_norm(difference, ord=dual)
    found, size = minimum_norm(linear, PIXELS, labels, norm=norm, steps=60)
    assert (linear(found).argmax(1) != labels).all()
    assert (size >= exact * (1 - 1e-4)).all()
    torch.testing.assert_close(size, exact, rtol=0.02, atol=1e-5)
    change = (found - PIXELS).flatten(1)
    torch.testing.assert_close(torch.linalg.vector_norm(change, ord=norm, dim=1), size, rtol=1e-4, atol=1e-6)


def test_what_is_fooled_at_once_is_at_zero_and_what_never_is_at_infinity() -> None:
    labels = linear(PIXELS).argmax(1)
    _, size = minimum_norm(linear, PIXELS, 1 - labels, norm=2, steps=3)
    assert not size.any()

    def deaf(images: Tensor) -> Tensor:
        return images.flatten(1)[:, :2] * 0 + torch.tensor([1.0, 0.0])

    found, size = minimum_norm(deaf, PIXELS, torch.zeros(8, dtype=torch.long), norm=math.inf, steps=4)
    assert size.isinf().all()
    assert torch.equal(found, PIXELS)
    _, factors = saved_successes(deaf, found, PIXELS, torch.zeros(8, dtype=torch.long))
    assert factors.isnan().all()


def test_a_norm_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="norm must be 2 or inf, not 1"):
        minimum_norm(linear, PIXELS, torch.zeros(8, dtype=torch.long), norm=1, steps=1)


def test_a_change_that_rounding_undoes_is_lengthened_until_the_saved_image_fools() -> None:
    pixels = (PIXELS * 255).round() / 255

    def first(images: Tensor) -> Tensor:
        """Changes its answer where the first value rises by a whole level."""
        rise = images[:, 0, 0, 0] - pixels[:, 0, 0, 0]
        return torch.stack([0.5 / 255 - rise, torch.zeros(len(rise))], dim=1)

    change = torch.zeros_like(pixels)
    change[:, 0, 0, 0] = 0.4 / 255
    saved, factors = saved_successes(first, pixels + change, pixels, torch.zeros(8, dtype=torch.long))
    torch.testing.assert_close(factors, torch.full((8,), LONGER**2))
    assert (first(as_pixels(saved)).argmax(1) == 1).all()


@pytest.mark.parametrize("norm", [2.0, math.inf])
def test_it_finds_what_foolbox_finds(norm: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import foolbox
    torch_generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(108, 24), nn.ReLU(), nn.Linear(24, 4)).eval()
    for value in net.parameters():
        value.requires_grad_(False).copy_(torch.randn(value.shape, generator=torch_generator) * 0.3)
    labels = net(PIXELS).argmax(1)
    attack = (foolbox.attacks.DDNAttack if norm == 2 else foolbox.attacks.LInfFMNAttack)(steps=100)
    model = foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu")
    theirs, _, won = attack(model, PIXELS, labels, epsilons=None)
    _, ours = minimum_norm(net, PIXELS, labels, norm=norm, steps=100)
    assert won.all()
    size = torch.linalg.vector_norm((theirs - PIXELS).flatten(1), ord=norm, dim=1)
    torch.testing.assert_close(ours.median(), size.median(), rtol=0.05, atol=0)
