"""A sweep over images beside the forward pass alone."""

import resource

import numpy as np
import torch

from cnnviz_core.bench.measure import SIZE, Row, images, network, row, seconds

SWEPT = 256  # images, a multiple of the sweep's batch


def sweep(name: str) -> Row:
    """A shard of a sweep against the model's own forward pass over its batches, which is the bound and has no peer.

    It is one after another of as many images, as all shards but the first.
    """
    from cnnviz_core.lab import Dataset, Lab
    from cnnviz_core.models.assemble import assemble
    from cnnviz_core.sweep.gather import gather
    from cnnviz_core.sweep.request import request

    model = assemble(
        network(name).net, name=name, size=SIZE, resize=SIZE, mean=[0.5] * 3, std=[0.25] * 3, classes=None,
        weights="random",
    )  # fmt: skip
    pixels = list((images(2 * SWEPT) * 255).byte())
    ids = tuple(map(str, range(2 * SWEPT)))
    lab = Lab(model, Dataset("noise", "noise", pixels, ids, np.zeros(2 * SWEPT, int), ("noise",)), seed=0)
    wanted = request(model)
    batches = [lab.pixels(range(start, start + wanted.batch)) for start in range(SWEPT, 2 * SWEPT, wanted.batch)]
    before = gather(lab, wanted, range(SWEPT), lambda count: None)
    floors = {layer: found.values[:, -1] for layer, found in before.strongest.items()}

    def ours() -> None:
        gather(lab, wanted, range(SWEPT, 2 * SWEPT), lambda count: None, floors)

    def forward() -> None:
        with torch.no_grad():
            for batch in batches:
                model(batch)

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    measured = row(f"sweep {name}, {SWEPT} images", ours, forward, lambda: seconds(forward))
    return {**measured, "peer": f"forward pass; {most / 1024:.0f} MB at most"}
