"""A small map to explore, with hostile names."""

import numpy as np

from cnnviz_core.explorer import Explorer

HOSTILE = "</script><script>alert(1)</script> \u2028 \" \\ ' <!--"


def explorer(count: int = 7) -> Explorer:
    """Images of one color each, beside each other on a circle."""
    rng, turn = np.random.default_rng(0), np.linspace(0, 2 * np.pi, count, endpoint=False)
    colours = rng.integers(0, 256, (count, 1, 1, 3), dtype=np.uint8)
    return Explorer(
        place=np.stack([np.cos(turn), np.sin(turn)], axis=1),
        tiles=np.broadcast_to(colours, (count, 24, 24, 3)),
        near=np.stack([(np.arange(count) + step) % count for step in (1, 2)], axis=1),
        near_by="codes",
        names=[f"{HOSTILE} {i}" for i in range(count)],
        labels=["cat", HOSTILE] * (count // 2) + ["cat"] * (count % 2),
        predicted=["cat"] * count,
        groups=np.arange(count) % 2,
        group_names=["even", HOSTILE],
        colours=["#0072b2", "#d55e00"],
    )
