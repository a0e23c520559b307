"""Batch normalisation in training alone: afterwards it is folded into the weights, and the net is a plain one."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn


def with_batch_norm(net: nn.Module) -> nn.Module:
    """Put a batch normalisation (Ioffe and Szegedy 2015) behind each weighted layer of a net's sequences but the last.

    The layers keep their order and, apart from those added, their kinds; the net itself is changed.
    """
    for name, sequence in list(_sequences(net)):
        modules: list[nn.Module] = []
        for module in sequence:
            modules.append(module)
            if isinstance(module, nn.Conv2d):
                modules.append(nn.BatchNorm2d(module.out_channels))
            elif isinstance(module, nn.Linear) and module is not sequence[-1]:
                modules.append(nn.BatchNorm1d(module.out_features))
        setattr(net, name, nn.Sequential(*modules))
    return net


def folded(net: nn.Module) -> dict[str, Tensor]:
    """The weights of the plain net that gives what this one gives in evaluation mode.

    With mean m, variance v, scale g and shift b of a normalisation, W x + c becomes s (W x + c - m) + b with
    s = g / sqrt(v + eps).
    """
    state: dict[str, Tensor] = {}
    for name, sequence in _sequences(net):
        place = 0
        for module, after in zip(sequence, [*[*sequence][1:], None], strict=True):
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                weight, bias = module.weight.detach(), module.get_parameter("bias").detach()
                if isinstance(after, (nn.BatchNorm1d, nn.BatchNorm2d)):
                    weight, bias = _scaled(weight, bias, after)
                state |= {f"{name}.{place}.weight": weight, f"{name}.{place}.bias": bias}
            place += not isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))
    return state


def _scaled(weight: Tensor, bias: Tensor, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
    scale = norm.weight.detach() / torch.sqrt(variance + norm.eps)
    return weight * scale.view(-1, *[1] * (weight.ndim - 1)), (bias - mean) * scale + norm.bias.detach()


def _sequences(net: nn.Module) -> Iterator[tuple[str, nn.Sequential]]:
    return ((name, module) for name, module in net.named_children() if isinstance(module, nn.Sequential))
