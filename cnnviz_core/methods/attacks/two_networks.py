"""Two networks shown the same images: clean, noisy, and attacked along their own and along the other's gradient.

The table of Goodfellow, Shlens and Szegedy 2015, section 6. Everything is shown as 8 bits hold it.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor, no_grad

from cnnviz_core.methods.attacks.eight_bit import as_pixels, eight_bit
from cnnviz_core.methods.attacks.fast_gradient_sign import Classifier, gradient_sign, moved
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size
from cnnviz_core.methods.attacks.size_curves import many_steps_curve
from cnnviz_core.methods.attacks.threats import sign_noise, uniform_noise

PAIR = ("plain", "hardened")
Rows = dict[str, Float[np.ndarray, "*rows n"]]


def errors_of_both(
    pair: tuple[Classifier, Classifier], pixels: Float[Tensor, "n 3 h w"], labels: Int[Tensor, " n"], *,
    epsilon: float, sizes: Sequence[float], steps: int, rng: np.random.Generator,
) -> Rows:  # fmt: skip
    """Of each image, last, and of each network by name: whether it errs on `NAME INPUT`, and by size.

    Inputs are clean, signs (random ones), uniform (noise), one and many (steps along the own gradient), and other (one
    step along the other network's); `NAME INPUT excess` is how much farther than epsilon the saved images are from
    `pixels`. `NAME by size` is (one step or many, sizes, n). The gradient of a network is the same for all sizes.
    """
    signs = [gradient_sign(network, pixels, labels) for network in pair]
    noise = {"signs": sign_noise(pixels, epsilon, rng), "uniform": uniform_noise(pixels, epsilon, rng)}
    rows: Rows = {}
    for k, (name, network) in enumerate(zip(PAIR, pair, strict=True)):
        steps_to = {"one": signs[k], "other": signs[1 - k]}
        made = {"clean": pixels, **noise, **{key: moved(pixels, way, epsilon) for key, way in steps_to.items()}}
        for key, images in made.items():
            saved = as_pixels(eight_bit(images, pixels, epsilon=epsilon))
            rows[f"{name} {key}"], rows[f"{name} {key} sure"] = _answers(network, saved, labels)
            rows[f"{name} {key} excess"] = perturbation_size(saved, pixels) - epsilon
        every = sorted({epsilon, *sizes})
        fooled, excess = many_steps_curve(network, pixels, labels, math.inf, every, steps)
        rows[f"{name} many"], rows[f"{name} many excess"] = (of[every.index(epsilon)] for of in (fooled, excess))
        one = [
            _answers(network, as_pixels(eight_bit(moved(pixels, signs[k], size), pixels, epsilon=size)), labels)[0]
            for size in sizes
        ]
        rows[f"{name} by size"] = np.array([one, fooled[[every.index(size) for size in sizes]]], dtype=float)
    return {key: np.asarray(row, dtype=float) for key, row in rows.items()}


def _answers(network: Classifier, images: Tensor, labels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Whether each is wrong, and the probability of the answer."""
    with no_grad():
        sure, said = network(images).double().softmax(dim=1).max(dim=1)
    return (said.cpu() != labels.cpu()).double().numpy(), sure.cpu().numpy()
