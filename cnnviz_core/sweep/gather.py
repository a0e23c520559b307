"""A pass over some images: each batch goes once through the network, each map is looked at once as it is computed."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnviz_core.errors import InputError
from cnnviz_core.lab import Lab
from cnnviz_core.methods.activity import Activity, activity, together
from cnnviz_core.methods.map_scan import Ranking, scan
from cnnviz_core.methods.strongest import overlapping
from cnnviz_core.network import Layer, Model
from cnnviz_core.operations import Call, Site, Watch
from cnnviz_core.sweep.gathered import Gathered
from cnnviz_core.sweep.request import Request

Floors = Mapping[str, np.ndarray]
"""For each channel (c,) of a layer the weakest of the strongest places of other images: what is weaker is left out."""

_AHEAD = 2  # batches that are prepared while the network works


def gather(
    lab: Lab, request: Request, ids: Sequence[int], done: Callable[[int], None], floors: Floors | None = None
) -> Gathered:
    """Gather what is requested on the images `ids`, in ascending order; `done` is told how many are finished.

    Places weaker than the `floors` of their channel are not among the strongest. Memory holds a few batches and what is
    gathered. Raises InputError that names an image that cannot be read.
    """
    batches = [ids[start : start + request.batch] for start in range(0, len(ids), request.batch)]
    with ExitStack() as stack, torch.no_grad():
        threads = stack.enter_context(ThreadPoolExecutor(torch.get_num_threads()))
        ranked = {
            name: Ranked(lab.model.layer(name), request, threads, (floors or {}).get(name)) for name in request.ranked
        }
        pooled = {name: Pooled(lab.model.layer(name)) for name in {request.codes} - set(ranked)}
        seen: list[Ranked | Pooled] = [*ranked.values(), *pooled.values()]
        logits = []
        for batch, pixels in zip(batches, stack.enter_context(Prepared(lab, batches)), strict=True):
            logits.append(_through(lab.model, pixels, seen, batch[0]).float().cpu().numpy())
            done(len(batch))
    return Gathered(
        {name: layer.ranking.strongest for name, layer in ranked.items()},
        {name: together(layer.activity) for name, layer in ranked.items()},
        {layer.layer.name: np.concatenate(layer.codes) for layer in seen},
        np.concatenate(logits),
    )


class Pooled:
    """The values of a layer, one vector for each image; maps are averaged over their places."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.codes: list[np.ndarray] = []

    def see(self, output: Tensor, first: int) -> None:
        values = output.movedim(-1, 1) if self.layer.channels_last else output
        values = values.mean(dim=(2, 3)) if values.ndim == 4 else values.flatten(1)
        self.codes.append(values.float().cpu().numpy())


class Ranked:
    """The strongest places of a layer of maps, its statistics, and the average of each map.

    Maps of another device are copied to the processor, which looks at them.
    """

    def __init__(self, layer: Layer, request: Request, threads: ThreadPoolExecutor, floor: np.ndarray | None) -> None:
        self.layer, self.request, self.threads = layer, request, threads
        channels, *shape = layer.shape
        field = layer.receptive_field
        self.overlap = (
            overlapping(field.size, field.stride, (shape[0], shape[1]), iou=request.iou)
            if field is not None
            else np.ones(shape, dtype=bool)  # every place sees the whole image
        )
        self.ranking = Ranking.empty(channels, (shape[0], shape[1]), request.k, floor)
        self.activity: list[Activity] = []
        self.codes: list[np.ndarray] = []

    def see(self, output: Tensor, first: int) -> None:
        maps = (output if self.layer.channels_last else output.movedim(1, -1)).float().contiguous().cpu().numpy()
        sums = scan(
            maps, first, self.ranking, overlap=self.overlap, places=self.request.places,
            threads=self.threads, parts=torch.get_num_threads(),
        )  # fmt: skip
        places = self.overlap.size
        self.activity = [together([*self.activity, activity(sums, places)])]
        self.codes.append((sums.values / places).astype(np.float32))


def _through(model: Model, pixels: Tensor, layers: Sequence[Ranked | Pooled], first: int) -> Tensor:
    """The logits of a batch, whose outputs each layer sees on the way."""
    sites: Mapping[Site, Ranked | Pooled] = {seeing.layer.site: seeing for seeing in layers}

    def see(call: Call) -> Any:
        if (seeing := sites.get(call.site)) is not None:
            seeing.see(call.output, first)
        return call.output

    with Watch(see):
        return model(pixels)


class Prepared(AbstractContextManager["Prepared"]):
    """The pixels of each batch, read by a thread of its own while the network works on those before."""

    def __init__(self, lab: Lab, batches: Sequence[Sequence[int]]) -> None:
        self.lab, self.batches = lab, batches
        self.thread: Executor = ThreadPoolExecutor(1)

    def __iter__(self) -> Iterator[Tensor]:
        waiting = deque(self.thread.submit(self._pixels, batch) for batch in self.batches[:_AHEAD])
        for batch in [*self.batches[_AHEAD:], *[None] * min(_AHEAD, len(self.batches))]:
            pixels = waiting.popleft().result()
            if batch is not None:
                waiting.append(self.thread.submit(self._pixels, batch))
            yield pixels

    def _pixels(self, batch: Sequence[int]) -> Tensor:
        try:
            return self.lab.pixels(batch)
        except Exception:
            for i in batch:
                self._check(i)
            raise

    def _check(self, i: int) -> None:
        try:
            self.lab.pixels([i])
        except Exception as error:
            data = self.lab.dataset
            raise InputError(f"image {i} of {data.name} ({data.ids[i]}) cannot be read: {error}") from error

    def __exit__(self, *exception: object) -> None:
        self.thread.shutdown(cancel_futures=True)
