"""A small set of images to be labelled, with hostile names, whose answers and whose net's answers are known."""

import numpy as np

from cnnviz_core.labelling import Labelling

HOSTILE = "</script><script>alert(1)</script> \u2028 \" ' <!--"
NAMES = ["cat", HOSTILE, 'sea lion, "young"', "שלום, עולם", "na\u00efve dog"]
ORDER = [4, 0, 2, 1, 3]
FAMILIES = ["animals", "<b>odd</b>", "animals", "<b>odd</b>", "animals"]
IDS = ["a,b/1.png", 'q"uote/2.png', "Ωμέγα/3.png", "x/4.png"]
TRUTH = np.array([0, 1, 2, 3])
RANKS = np.array([0, 3, 0, 1])


def labelling(side: int = 24, examples: int = 3) -> Labelling:
    """Images of noise; the examples of a class are of the gray of its index, the first of them brighter."""
    rng = np.random.default_rng(0)
    tiles = [np.full((examples, 16, 12, 3), 40 * label, dtype=np.uint8) for label in range(len(NAMES))]
    for strip in tiles:
        strip[:1] += 60
    return Labelling(
        images=rng.integers(0, 256, (len(IDS), side, side, 3), dtype=np.uint8), ids=IDS, truth=TRUTH, names=NAMES,
        order=ORDER, families=FAMILIES, examples=tiles, origin="Examples come from elsewhere.", model="net <i>7</i>",
        outputs=9, same_names=True, said=[[(NAMES[k], 0.8), (NAMES[k - 1], 0.2)] for k in (0, 2, 2, 0)], ranks=RANKS,
    )  # fmt: skip
