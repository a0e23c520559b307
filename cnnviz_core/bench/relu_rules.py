"""Gradients and the rules that change them, beside Captum's."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch

from cnnviz_core.bench.measure import Row, images, network, row, same, seconds
from cnnviz_core.methods.saliency import class_gradients


def backward(name: str, rules: Sequence[str], title: str) -> Row:
    """One logit sent back by each of the rules, against Captum on the same batch.

    The bound is torch's own gradient by the images: one forward pass, and as many backward passes as there are rules.
    """
    from captum.attr import Deconvolution, GuidedBackprop, Saliency

    model, pixels = network(name), images(4).contiguous(memory_format=torch.channels_last)
    peers = {"gradient": Saliency, "deconvnet": Deconvolution, "guided": GuidedBackprop}
    outputs = torch.zeros(len(pixels), dtype=torch.int64)

    def ours() -> np.ndarray:
        found = class_gradients(model, pixels, outputs, rules)
        return torch.stack([found[rule].abs() for rule in rules]).numpy()

    def theirs() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it sets hooks
            found = [peers[rule](model.net).attribute(pixels.clone().requires_grad_(), target=0) for rule in rules]
        return torch.stack([each.detach().abs() for each in found]).numpy()

    def plain() -> None:
        inputs = pixels.clone().requires_grad_()
        score = model(inputs)[:, 0].sum()
        for k in range(len(rules)):
            torch.autograd.grad(score, inputs, retain_graph=k < len(rules) - 1)

    same(ours(), theirs())
    return row(f"{title} {name}, 4 images", ours, theirs, lambda: seconds(plain))
