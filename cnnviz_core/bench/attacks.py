"""The fast gradient sign and projected gradients, beside Foolbox's."""

import copy
import math
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from cnnviz_core.bench.measure import Network, Row, images, network, row, same, seconds
from cnnviz_core.methods.attacks.fast_gradient_sign import fast_gradient_sign
from cnnviz_core.methods.attacks.projected_gradient import projected_gradient

EPSILON = 4 / 255
STEP = EPSILON / 4

Attack = Callable[[Any, Tensor, Tensor], Tensor]
"""Makes of a network, images and labels the changed images."""


def one_step(name: str) -> Row:
    """One step along the sign of the gradient, against Foolbox on the same batch."""

    def ours(model: Any, pixels: Tensor, labels: Tensor) -> Tensor:
        return fast_gradient_sign(model, pixels, labels, EPSILON)

    peer = _foolbox("LinfFastGradientAttack", random_start=False)
    return _compared(f"fast gradient sign {name}", name, ours, peer, steps=1)


def many_steps(name: str, steps: int = 10) -> Row:
    """Projected gradients in the infinity norm from the images themselves, against Foolbox on the same batch."""

    def ours(model: Any, pixels: Tensor, labels: Tensor) -> Tensor:
        return projected_gradient(model, pixels, labels, norm=math.inf, epsilon=EPSILON, steps=steps, step=STEP)

    peer = _foolbox("LinfPGD", random_start=False, steps=steps, abs_stepsize=STEP)
    return _compared(f"{steps} projected steps {name}", name, ours, peer, steps=steps)


def _compared(title: str, name: str, ours: Attack, theirs: Attack, *, steps: int) -> Row:
    """The row of two attacks; the bound is as many forward passes, each with a gradient by the images.

    The outputs are compared on one image in double precision. In single precision the sign of a slope near zero hangs
    on the order of sums, and after a few steps such signs have led the two apart.
    """
    model, pixels = network(name), images(4).contiguous(memory_format=torch.channels_last)
    precise = Network(copy.deepcopy(model.net).double())
    with torch.no_grad():
        labels = model(pixels).argmax(dim=1)

    def plain() -> None:
        for _ in range(steps):
            inputs = pixels.clone().requires_grad_()
            torch.autograd.grad(model(inputs).sum(), inputs)

    one = pixels[:1].double()
    same(*((way(precise, one, labels[:1]) - one).numpy() for way in (ours, theirs)))
    measured = row(
        f"{title}, 4 images", lambda: ours(model, pixels, labels), lambda: theirs(model, pixels, labels),
        lambda: seconds(plain),
    )  # fmt: skip
    return {**measured, "peer": "foolbox"}


def _foolbox(name: str, **settings: Any) -> Attack:
    """Foolbox's attack of that name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # in what it imports of scipy
        import foolbox.attacks
        from foolbox.models.pytorch import PyTorchModel
    attack = getattr(foolbox.attacks, name)(**settings)

    def run(model: Network, pixels: Tensor, labels: Tensor) -> Tensor:
        wrapped = PyTorchModel(model.net, bounds=(0, 1), device="cpu")
        found: Tensor = attack.run(wrapped, pixels, labels, epsilon=EPSILON)
        return found

    return run
