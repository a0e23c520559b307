"""The three ReLU rules a second time: every way to call a ReLU replaced by a function of autograd, in any network.

It shares nothing with `cnnviz_core.methods.relu_rules`, which watches operations while they run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn

from cnnviz_core.network import draw_weights


def net(name: str, *, dtype: torch.dtype = torch.float64, **options: Any) -> nn.Module:
    """A torchvision network with weights, biases and statistics drawn by numpy, so that its signals stay alive."""
    if name in ("googlenet", "inception_v3"):
        options |= {"aux_logits": False, "init_weights": False}
    # on the device meta no first weights are drawn, which would take seconds; the indices of swin are computed there
    with torch.device("cpu" if name.startswith("swin") else "meta"):
        made: nn.Module = torchvision.models.get_model(name, weights=None, **options)
        if name in ("alexnet", "vgg16"):  # narrow fully connected layers: theirs have nearly all of the weights
            made.classifier = nn.Sequential(
                nn.Linear(256 * 36 if name == "alexnet" else 512 * 49, 64), nn.ReLU(inplace=True), nn.Dropout(),
                nn.Linear(64, 48), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(48, 1000),
            )  # fmt: skip
    made = made if name.startswith("swin") else made.to_empty(device="cpu")
    made = made.to(dtype).eval().requires_grad_(False)
    rng = np.random.default_rng(7)
    draw_weights(made, rng)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value, low, high in (
                (module.weight, 0.6, 1.4),
                (module.bias, -0.3, 0.3),
                (module.running_mean, -0.3, 0.3),
            ):
                assert value is not None
                value.copy_(torch.from_numpy(rng.uniform(low, high, tuple(value.shape))))
        elif isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            module.bias.copy_(torch.from_numpy(rng.normal(scale=0.1, size=tuple(module.bias.shape))))
    return made


def signed(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers in double precision, the same in every run."""
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


class _Ruled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, rule: str, most: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.rule, ctx.most = rule, most
        return torch.where(x > 0, torch.where(x < most, x, torch.full_like(x, most)), torch.zeros_like(x))

    @staticmethod
    def backward(ctx: Any, *signals: Tensor) -> tuple[Tensor | None, ...]:
        (x,), (signal,) = ctx.saved_tensors, signals
        on = torch.logical_and(x > 0, x < ctx.most).to(signal.dtype)
        up = (signal > 0).to(signal.dtype)
        masks = {"gradient": on, "deconvnet": up, "guided": on * up}
        return masks[ctx.rule] * signal, None, None


@contextmanager
def patched(rule: str) -> Iterator[list[int]]:
    """Every ReLU of torchvision's networks, module or function, follows the rule inside; the list has a 1 for each."""
    ran: list[int] = []

    def ruled(x: Tensor, *_: Any, **__: Any) -> Tensor:
        ran.append(1)
        found: Tensor = _Ruled.apply(x, rule, float("inf"))
        return found

    def ruled6(x: Tensor, *_: Any, **__: Any) -> Tensor:
        ran.append(1)
        found: Tensor = _Ruled.apply(x, rule, 6.0)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.ReLU, "forward", lambda self, x: ruled(x))
        patch.setattr(nn.ReLU6, "forward", lambda self, x: ruled6(x))
        for place, name in ((nn.functional, "relu"), (torch, "relu"), (torch, "relu_"), (Tensor, "relu")):
            patch.setattr(place, name, ruled)
        yield ran


def oracle(function: Callable[[Tensor], Tensor], inputs: Tensor, signal: Tensor, rule: str) -> tuple[Tensor, int]:
    """The signal at the function's output sent back to its inputs, and the number of ReLUs that ran."""
    inputs = inputs.detach().clone().requires_grad_()
    with patched(rule) as ran:
        output = function(inputs)
    torch.autograd.backward(output, signal)
    assert inputs.grad is not None
    return inputs.grad, len(ran)


def off(found: Tensor, truth: Tensor) -> float:
    """The largest difference, as a share of the largest value that there should be."""
    largest = float(truth.abs().max())
    assert largest > 0
    return float((found - truth).abs().max()) / largest
