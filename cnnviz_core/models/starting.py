"""The weights with which a training starts, made of random ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def smooth_start(filters: Tensor) -> None:
    """Start the first filters (n, channels, h, w) without fine detail and deaf to even grey, but not to colour."""
    with torch.no_grad():
        channels = filters.shape[1]
        kernel = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0])
        blur = (kernel[:, None] * kernel / kernel.sum() ** 2).expand(channels, 1, 5, 5)
        blurred = F.conv2d(filters, blur, padding=2, groups=channels)
        blurred -= blurred.mean((1, 2, 3), keepdim=True)
        filters.copy_(blurred)


def unit_start(net: nn.Module, images: Tensor) -> None:
    """Scale the weights of each layer in turn to outputs of variance 1 (Mishkin and Matas 2016, alg. 1) and mean 0.

    Without it smooth filters on smooth images give so much that the first steps silence units for good; and many units
    are silent from the start, since what ReLUs give has a mean that is large beside its differences.
    """
    net.eval()
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            with torch.no_grad(), capturing(module) as outputs:
                module.weight -= module.weight.flatten(1).mean(1).view(-1, *[1] * (module.weight.ndim - 1))
                net(images)
                units = outputs[0].movedim(1, 0).flatten(1)
                mean = units.mean(1)
                scale = (units - mean[:, None]).std()
                module.weight /= scale
                module.get_parameter("bias").copy_(-mean / scale)


@contextmanager
def capturing(module: nn.Module) -> Iterator[list[Tensor]]:
    """What the module gives in the block, call by call."""
    outputs: list[Tensor] = []
    hook = module.register_forward_hook(lambda _, __, output: outputs.append(output))
    try:
        yield outputs
    finally:
        hook.remove()
