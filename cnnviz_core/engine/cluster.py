"""Work spread over the workers of a Dask cluster: on this machine, at an address, or in the queue of SLURM.

Workers get the settings, not the network, and build the lab themselves; each piece of work leaves its result in the
store, which all of them must see. Dask gives the work of a worker that died to another one.
"""

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cnnviz_core.configure import Settings, with_whole_paths
from cnnviz_core.engine import worker
from cnnviz_core.engine.local import Local
from cnnviz_core.errors import InputError
from cnnviz_core.lab import Lab
from cnnviz_core.store import Store
from cnnviz_core.sweep.gathered import Swept
from cnnviz_core.sweep.plan import Done, Plan


@dataclass(frozen=True, kw_only=True)
class Cluster(ABC):
    """Shards made by the workers of a cluster, one thread each."""

    store: Store
    settings: Settings
    code: Mapping[str, str]
    shard_images: int

    @abstractmethod
    def client(self) -> Any:
        """A context that starts or finds the cluster and gives Dask's client."""

    def sweep(self, lab: Lab) -> Swept:
        """One pass of the lab's model over its images; what is finished is in the store.

        A model that no settings describe, such as a control with random weights, is run in this process. Raises
        InputError where a worker does not have the same model, images and versions, or cannot read an image.
        """
        if not lab.model.fingerprint:
            return Local(self.store, self.code, self.shard_images).sweep(lab)
        store = Store(self.store.root.absolute())
        plan = Plan(lab, store, self.code, self.shard_images)
        described = self._described()

        def work(missing: Sequence[range], done: Done) -> None:
            with self.client() as client:
                for ids in self._finished(client, described, plan, missing):
                    done(len(ids))

        return plan.swept(work)

    def _described(self) -> str:
        """What a worker needs in order to build the same lab, as JSON."""
        chosen = self.settings
        return json.dumps({
            "model": with_whole_paths(chosen.model), "dataset": with_whole_paths(chosen.dataset), "seed": chosen.seed,
            "device": chosen.device, "book": chosen.book, "build": str(chosen.build.absolute()),
            "folder": str(Path.cwd()), "shard_images": self.shard_images,
        })  # fmt: skip

    def _finished(self, client: Any, described: str, plan: Plan, missing: Sequence[range]) -> Iterator[range]:
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        inputs = dict(plan.inputs)
        futures = {
            client.submit(worker.make_shard, described, inputs, ids.start, ids.stop, pure=False): ids
            for ids in missing
        }  # fmt: skip
        for future in as_completed(futures, loop=client.loop):
            ids = futures[future]
            try:
                future.result()
            except KilledWorker as error:
                raise InputError(f"{_named(ids)}: {error.allowed_failures + 1} workers died of it, the last at "
                                 f"{error.last_worker.address}: give them more memory, or make pieces smaller with "
                                 "engine.shard_images") from None  # fmt: skip
            except InputError as error:
                raise InputError(f"{_named(ids)}: {error}") from None
            yield ids


def _named(ids: range) -> str:
    return f"the shard of images {ids.start} to {ids.stop - 1}"


def _needs(package: str, engine: str) -> None:
    if find_spec(package) is None:
        raise InputError(f"engine={engine} needs {package}, which is not installed: pip install 'cnnviz[cluster]'")


@dataclass(frozen=True, kw_only=True)
class Dask(Cluster):
    """Worker processes on this machine, or those of a cluster that runs already at an address."""

    workers: int | None = None  # on this machine; None: one for each processor
    address: str | None = None  # of a scheduler
    patience: float = 10.0  # seconds until the scheduler must have answered

    @contextmanager
    def client(self) -> Iterator[Any]:
        """Raises InputError where nothing answers at the address."""
        _needs("distributed", "dask")
        from distributed import Client, LocalCluster

        if self.address is not None:
            try:
                with Client(self.address, timeout=self.patience, set_as_default=False) as client:
                    yield client
            except (OSError, ValueError) as error:
                raise InputError(f"engine.address={self.address}: no Dask scheduler answers there: {error}") from None
            return
        with LocalCluster(
            n_workers=self.workers, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1",
            silence_logs=logging.CRITICAL,
        ) as cluster, Client(cluster, set_as_default=False) as client:  # fmt: skip
            yield client


@dataclass(frozen=True, kw_only=True)
class Slurm(Cluster):
    """As many SLURM jobs as there is work for, each one worker."""

    jobs: int  # at most
    queue: str | None
    account: str | None
    cores: int  # of each job; a worker computes with one, the others decode
    memory: str
    walltime: str
    lifetime: str  # after which a worker ends by itself, before SLURM ends it in the middle of its work
    directives: Sequence[str]  # more lines of #SBATCH
    prologue: Sequence[str]  # commands that a job runs first, such as those that activate an environment

    @contextmanager
    def client(self) -> Iterator[Any]:
        """Jobs are asked for as they are needed and given back at the end."""
        _needs("dask_jobqueue", "slurm")
        from dask_jobqueue.slurm import SLURMCluster
        from distributed import Client

        with SLURMCluster(**self.job()) as cluster, Client(cluster, set_as_default=False) as client:
            cluster.adapt(minimum_jobs=1, maximum_jobs=self.jobs)
            yield client

    def job(self) -> dict[str, Any]:
        """A job in the words of dask-jobqueue."""
        return {
            "queue": self.queue, "account": self.account, "cores": 1, "job_cpu": self.cores, "processes": 1,
            "memory": self.memory, "walltime": self.walltime, "job_extra_directives": list(self.directives),
            "job_script_prologue": list(self.prologue),
            "worker_extra_args": ["--lifetime", self.lifetime, "--lifetime-stagger", "4m"],
        }  # fmt: skip
