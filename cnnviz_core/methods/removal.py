"""What is left of an answer while the pixels of an image are replaced in the order that a map gives them.

Petsiuk, Das and Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018, deletion and
insertion; Samek, Binder, Montavon, Lapuschkin and Mueller 2017 replace regions in the same way.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor


def ranked(maps: Float[np.ndarray, "n h w"], rng: np.random.Generator) -> Int[np.ndarray, "n h w"]:
    """The place of each pixel in the order of falling values, from 0 for the largest; equal values in random order.

    In the order of reading, a map with many zeros would have them replaced from the top of the image down.
    """
    found = np.empty((len(maps), maps[0].size), dtype=np.int64)
    for ranks, values in zip(found, maps.reshape(len(maps), -1), strict=True):
        ranks[np.lexsort((rng.random(values.size), -values))] = np.arange(values.size)
    return found.reshape(maps.shape)


@torch.no_grad()
def replacement_logits(
    model: Callable[[Tensor], Tensor],
    first: Float[Tensor, "3 h w"],
    second: Float[Tensor, "3 h w"],
    ranks: Int[np.ndarray, "maps h w"],
    shares: Float[np.ndarray, " steps"],
    *,
    batch: int,
) -> Float[Tensor, "maps steps classes"]:
    """Logits of the first image with a growing share of its pixels from the second, those of the lowest rank first.

    Deletion goes from the image to a color, insertion from a blurred copy to the image. Shares of 0 and 1 give the
    first and the second image whatever the ranks, and run once for all maps. All others share passes of `batch`.
    """
    total, counts = ranks[0].size, np.round(shares * ranks[0].size).astype(int).tolist()
    wanted = [[(k if 0 < count < total else 0, count) for count in counts] for k in range(len(ranks))]
    runs = list(dict.fromkeys(run for row in wanted for run in row))
    places = torch.from_numpy(ranks).to(first.device)
    parts = []
    for start in range(0, len(runs), batch):
        replaced = torch.stack([places[k] < count for k, count in runs[start : start + batch]])[:, None]
        parts.append(model(torch.where(replaced, second, first)))
    place = {run: row for row, run in enumerate(runs)}
    return torch.cat(parts)[torch.tensor([[place[run] for run in row] for row in wanted], device=first.device)]


def area_under(
    curves: Float[np.ndarray, "*curves steps"], shares: Float[np.ndarray, " steps"]
) -> Float[np.ndarray, "*curves"]:
    """The area under each curve by the trapezoidal rule, over that of the axis: the curve's mean."""
    return np.asarray(np.trapezoid(curves, shares, axis=-1) / (shares[-1] - shares[0]))
