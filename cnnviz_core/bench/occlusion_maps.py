"""Occlusion maps beside Captum's."""

import numpy as np
import torch

from cnnviz_core.bench.measure import SIZE, Row, forward_seconds, images, network, row, same
from cnnviz_core.methods.occlusion import occlusion_map, starts

PATCH, STRIDE = 32, 24  # pixels; the stride fits, since the peer crops a last square that does not
BATCHES = (1, 4, 8, 16, 32)
BATCH = 16


def occlusion(name: str) -> Row:
    """An occlusion map against Captum's Occlusion at its best batch size of ours."""
    from captum.attr import Occlusion

    model, image = network(name), images(1)
    places = len(starts(SIZE, PATCH, STRIDE))
    plain = network(name).net.to(memory_format=torch.contiguous_format)
    peer = Occlusion(lambda pixels: plain(pixels).softmax(dim=1))

    def ours() -> np.ndarray:
        return occlusion_map(model, image[0], label=0, patch=PATCH, stride=STRIDE, batch=BATCH)

    def theirs() -> np.ndarray:
        with torch.no_grad():
            found = peer.attribute(
                image, target=0, baselines=0, sliding_window_shapes=(3, PATCH, PATCH), strides=(3, STRIDE, STRIDE),
                perturbations_per_eval=BATCH,
            )  # fmt: skip
        return np.asarray(found[0, 0])

    clean = float(model(image).softmax(dim=1)[0, 0])
    same(clean - averaged(clean - ours()), clean - theirs())
    best = min(BATCHES, key=lambda batch: forward_seconds(model, batch))
    return row(f"occlusion {name}, {places**2} places", ours, theirs, lambda: places**2 * forward_seconds(model, best))


def averaged(drops: np.ndarray) -> np.ndarray:
    """What Captum makes of the drops: for each pixel their mean over all squares that cover it."""
    total, count = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    corners = starts(SIZE, PATCH, STRIDE)
    for drop, (top, left) in zip(drops.ravel(), ((t, c) for t in corners for c in corners), strict=True):
        total[top : top + PATCH, left : left + PATCH] += drop
        count[top : top + PATCH, left : left + PATCH] += 1
    return total / count
