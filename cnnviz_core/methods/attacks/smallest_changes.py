"""How far each image must be moved until the saved image fools, and what is typical of many images."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from cnnviz_core.methods.attacks.eight_bit import as_pixels
from cnnviz_core.methods.attacks.fast_gradient_sign import Classifier
from cnnviz_core.methods.attacks.first_success import fools
from cnnviz_core.methods.attacks.minimum_norm import minimum_norm, saved_successes
from cnnviz_core.methods.attacks.perturbation_size import perturbation_size


def smallest_saved(
    logits: Classifier, pixels: Float[Tensor, "n 3 h w"], labels: Int[Tensor, " n"], *, norm: float, steps: int
) -> tuple[Float[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """The smallest change found of each image, in the norm, as 8 bits hold it; infinite where none fools.

    And whether each saved image, shown again, does what was said of it.
    """
    found, _ = minimum_norm(logits, pixels, labels, norm=norm, steps=steps)
    saved, lengthened = saved_successes(logits, found, pixels, labels)
    again = fools(logits, as_pixels(saved), labels).cpu().numpy()
    sizes = perturbation_size(as_pixels(saved), pixels, norm)
    return np.where(again, sizes, np.inf), np.asarray(again == ~np.isnan(lengthened.numpy()))


def quartiles(smallest: Float[np.ndarray, " n"], rng: np.random.Generator, *, draws: int = 2000) -> dict[str, Any]:
    """Median with its bootstrap interval, and quartiles; None where so many images were never fooled (infinite)."""
    drawn = smallest[rng.integers(len(smallest), size=(draws, len(smallest)))]
    medians = np.quantile(drawn, 0.5, axis=1, method="lower")
    ends = np.quantile(medians, [0.025, 0.975], method="nearest")
    quarters = np.quantile(smallest, [0.25, 0.5, 0.75], method="lower")
    first, median, third, low, high = (float(v) if np.isfinite(v) else None for v in (*quarters, *ends))
    never = int(np.isinf(smallest).sum())
    return {"median": median, "interval": [low, high], "quartiles": [first, third], "never": never}
