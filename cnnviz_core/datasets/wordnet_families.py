"""Families of ImageNet's classes by their ids, which are places in WordNet 3.0's file of nouns."""

import re
from bisect import bisect_right
from collections.abc import Sequence

_STARTS = (
    (0, "other things"),
    (1_300_000, "animals"),
    (2_660_000, "made things"),
    (4_620_000, "other things"),
    (6_000_000, "signs and texts"),
    (7_570_000, "food"),
    (8_000_000, "other things"),
    (9_190_000, "landscapes"),
    (9_500_000, "people"),
    (11_500_000, "plants and fungi"),
    (13_200_000, "other things"),
)
"""The file is ordered by topic. Each bound lies in a gap between the ids of the 1000 classes of ILSVRC 2012."""


def wordnet_families(wnids: Sequence[str]) -> tuple[str, ...] | None:
    """The family of each id (n01440764), or None where one of them is no such id or all are of one family."""
    if not all(re.fullmatch(r"n\d{8}", wnid, re.ASCII) for wnid in wnids):
        return None
    bounds = [start for start, _ in _STARTS]
    found = tuple(_STARTS[bisect_right(bounds, int(wnid[1:])) - 1][1] for wnid in wnids)
    return found if len(set(found)) > 1 else None
