"""One pass over a data set in shards that are kept as they are finished: what is interrupted goes on from there."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from cnnviz_core.files import digest, lock
from cnnviz_core.lab import Lab
from cnnviz_core.methods.strongest import Strongest
from cnnviz_core.network import Model
from cnnviz_core.sources import code_digest
from cnnviz_core.store import Inputs, Store
from cnnviz_core.sweep import gather
from cnnviz_core.sweep.gathered import Swept, join, load, save, swept, with_shard
from cnnviz_core.sweep.request import Request, request

Done = Callable[[int], None]
"""Is told how many more images are finished."""


@dataclass(frozen=True)
class Plan:
    """A pass of a lab's model over all images of its data set, in shards of so many images."""

    lab: Lab
    store: Store
    code: Mapping[str, str]  # of the model and of the data set, where their fingerprints do not cover it
    shard_images: int

    @cached_property
    def request(self) -> Request:
        return request(self.lab.model)

    @cached_property
    def inputs(self) -> Inputs:
        """Everything that could change what is found; the shards, the engine and its workers do not."""
        return {
            **self.code,
            **{
                f"version of {package}": version(package)
                for package in ("torch", "torchvision", "numpy", "numba", "pillow")
            },
            "request": json.dumps(dataclasses.asdict(self.request)),
            "model": fingerprint(self.lab.model),
            "dataset": self.lab.dataset.fingerprint,
            "device": self.lab.device,
            "code of sweep": code_digest(gather.__name__),
        }

    @cached_property
    def shards(self) -> list[range]:
        """The images of each shard, which holds whole batches."""
        step = -(-self.shard_images // self.request.batch) * self.request.batch
        total = len(self.lab.dataset)
        return [range(start, min(start + step, total)) for start in range(0, total, step)]

    def shard_inputs(self, ids: range) -> Inputs:
        return {"images": f"{ids.start} to {ids.stop - 1}", "sweep": self.store.path("sweeps", self.inputs).name}

    def make_shard(self, ids: range, done: Done, floors: gather.Floors | None = None) -> Path:
        """The folder of a shard, which is made where it is not there yet.

        It may lack places below the `floors`, which those of other shards keep out of the strongest of all.
        """
        return self.store.fetch(
            "shards", self.shard_inputs(ids),
            lambda folder: save(gather.gather(self.lab, self.request, ids, done, floors), folder),
        )  # fmt: skip

    def make_shards(self, missing: Sequence[range], done: Done) -> None:
        """Make one shard after the other. The more are finished, the fewer places need to be looked at."""
        best: dict[str, Strongest] = {}
        for ids in self.shards:
            if ids not in missing:
                best = with_shard(best, self.store.path("shards", self.shard_inputs(ids)))
        for ids in missing:
            floors = {name: places.values[:, -1] for name, places in best.items()}
            best = with_shard(best, self.make_shard(ids, done, floors))

    def swept(self, work: Callable[[Sequence[range], Done], None]) -> Swept:
        """What the pass found, from the store or else by `work`, which makes the missing shards."""
        folder = self.store.path("sweeps", self.inputs)
        if not folder.is_dir():
            with lock(self.store.root / "sweeps" / f".lock-{folder.name}", f"the sweep {folder}"):
                self._work(work)
                folders = [self.store.path("shards", self.shard_inputs(ids)) for ids in self.shards]
                self.store.fetch("sweeps", self.inputs, lambda folder: join(folders, folder))
                for path in folders:
                    shutil.rmtree(path, ignore_errors=True)
        return swept(load(folder))

    def _work(self, work: Callable[[Sequence[range], Done], None]) -> None:
        missing = [ids for ids in self.shards if not self.store.has("shards", self.shard_inputs(ids))]
        with self._progress(sum(map(len, missing))) as done:
            work(missing, done)

    @contextmanager
    def _progress(self, images: int) -> Iterator[Done]:
        here = len(self.lab.dataset) - images
        shown = self.lab.track(range(images), "sweep over images" + (f" ({here} are there already)" if here else ""))

        def done(count: int) -> None:
            for _ in islice(shown, count):
                pass

        yield done
        done(images + 1)


def fingerprint(model: Model) -> str:
    """That of the model; of one that was made on the way, such as a control, the hash of its weights."""
    if model.fingerprint:
        return model.fingerprint
    state = sorted(model.net.state_dict().items())
    return digest(model.name, *(part for name, value in state for part in (name, value.cpu().numpy().tobytes())))
