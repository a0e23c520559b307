"""The places of many images whose features are nearest to those of given places, exactly and in bounded memory.

In the manner of Long, Zhang and Darrell, Do Convnets Learn Correspondence?, NIPS 2014.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

CELLS = 2**23  # similarities that are held at once
NOBODY = -1


def columns(maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n places c"]:
    """The features of each place, row by row, brought to length one; those of a silent place stay zero."""
    return F.normalize(maps.flatten(2).transpose(1, 2).float(), dim=2, eps=1e-12)


class Search:
    """The `count` nearest places, by cosine, of each query among all that are added; none in a query's own image."""

    similarities: Float[Tensor, "q count"]  # the largest first; -inf where fewer than `count` places were added
    images: Int[Tensor, "q count"]
    places: Int[Tensor, "q count"]

    def __init__(self, queries: Float[Tensor, "q c"], own: Sequence[int], count: int) -> None:
        """`queries` have length one; `own` is the image that each is from, or `NOBODY`."""
        self.queries, self.own = queries, torch.tensor(own, device=queries.device)
        self.similarities = queries.new_full((len(queries), count), -torch.inf)
        self.images = torch.full_like(self.similarities, NOBODY, dtype=torch.long)
        self.places = torch.full_like(self.images, NOBODY)

    def add(self, images: Sequence[int], features: Float[Tensor, "n places c"]) -> None:
        """Looks through the places of some images, whose features have length one."""
        places = features.shape[1]
        block = max(CELLS // max(len(self.queries) * places, 1), 1)
        for start in range(0, len(images), block):
            some = torch.tensor(images[start : start + block], device=features.device)
            found = self.queries @ features[start : start + block].flatten(0, 1).T
            found.view(len(found), len(some), places)[self.own[:, None] == some] = -torch.inf
            best, at = found.topk(min(self.similarities.shape[1], found.shape[1]), dim=1)
            self._merge(best, some[at // places], at % places)

    def _merge(self, similarities: Tensor, images: Tensor, places: Tensor) -> None:
        every = torch.cat([self.similarities, similarities], dim=1)
        self.similarities, order = every.topk(self.similarities.shape[1], dim=1)
        self.images = torch.cat([self.images, images], dim=1).gather(1, order)
        self.places = torch.cat([self.places, places], dim=1).gather(1, order)
