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
    (9_190_000, "places"),
    (9_500_000, "people"),
    (11_500_000, "plants and fungi"),
    (13_200_000, "other things"),
)
"""The file is ordered by topic. Each bound lies in a gap between the ids of the 1000 classes of ILSVRC 2012."""

_VEHICLES = frozenset({
    2_687_172, 2_690_373, 2_692_877, 2_701_002, 2_704_792, 2_782_093, 2_814_533, 2_835_271, 2_860_847, 2_917_067,
    2_930_766, 2_951_358, 2_981_792, 3_095_699, 3_100_240, 3_218_198, 3_272_562, 3_344_393, 3_345_487, 3_384_352,
    3_393_912, 3_417_042, 3_444_034, 3_445_924, 3_447_447, 3_478_589, 3_496_892, 3_538_406, 3_594_945, 3_599_486,
    3_662_601, 3_670_208, 3_673_027, 3_769_881, 3_770_679, 3_777_568, 3_785_016, 3_791_053, 3_792_782, 3_796_401,
    3_868_242, 3_895_866, 3_930_630, 3_947_888, 3_977_966, 4_037_443, 4_065_272, 4_146_614, 4_147_183, 4_252_077,
    4_252_225, 4_266_014, 4_273_569, 4_285_008, 4_310_018, 4_335_435, 4_347_754, 4_389_033, 4_461_696, 4_465_501,
    4_467_665, 4_482_393, 4_483_307, 4_487_081, 4_509_417, 4_552_348, 4_612_504,
})  # fmt: skip
_PLACES = frozenset({
    2_699_494, 2_727_426, 2_776_631, 2_791_270, 2_793_495, 2_814_860, 2_825_657, 2_859_443, 2_871_525, 2_894_605,
    2_927_161, 2_980_441, 3_028_079, 3_032_252, 3_042_490, 3_089_624, 3_160_309, 3_216_828, 3_220_513, 3_240_683,
    3_388_043, 3_457_902, 3_461_385, 3_529_860, 3_661_043, 3_697_007, 3_733_281, 3_743_016, 3_781_244, 3_788_195,
    3_837_869, 3_877_845, 3_899_768, 3_933_933, 3_956_157, 4_005_630, 4_081_281, 4_200_800, 4_296_562, 4_311_004,
    4_326_547, 4_346_328, 4_366_367, 4_417_672, 4_435_653, 4_443_257, 4_462_240, 4_486_054, 4_532_670, 4_562_935,
    4_613_696,
})  # fmt: skip
"""Artifacts are ordered by name, so that vehicles, buildings and rooms stand among all other made things."""


def wordnet_families(wnids: Sequence[str]) -> tuple[str, ...] | None:
    """The family of each id (n01440764), or None where one of them is no such id or all are of one family."""
    if not all(re.fullmatch(r"n\d{8}", wnid, re.ASCII) for wnid in wnids):
        return None
    found = tuple(_family(int(wnid[1:])) for wnid in wnids)
    return found if len(set(found)) > 1 else None


def _family(place: int) -> str:
    if place in _VEHICLES:
        return "vehicles"
    if place in _PLACES:
        return "places"
    return _STARTS[bisect_right([start for start, _ in _STARTS], place) - 1][1]
