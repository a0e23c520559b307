"""A sweep on a real Dask cluster of processes, one of which is killed on the way."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweep_bits import bits

from cnnviz_core.configure import build_lab, settings
from cnnviz_core.engine.cluster import Dask, Slurm
from cnnviz_core.engine.local import Local
from cnnviz_core.errors import InputError
from cnnviz_core.lab import Lab
from cnnviz_core.progress import Reporter
from cnnviz_core.store import Store

OVERRIDES = ["model=custom", "model.factory=worker_net:net", "model.weights=none", "model.size=32", "dataset=digits",
             "dataset.images=320", "engine=dask", "engine.workers=2", "engine.shard_images=32"]  # fmt: skip
NET = """
import torch

class Slow(torch.nn.Conv2d):
    def forward(self, x):
        import time
        time.sleep(0.1)
        return super().forward(x)

def net():
    return torch.nn.Sequential(
        Slow(3, 5, 5), torch.nn.ReLU(), torch.nn.MaxPool2d(4), torch.nn.Flatten(), torch.nn.Linear(245, 10)
    )
"""


class Killing(Dask):
    """A cluster of which one worker that is at work is killed as soon as a shard is finished."""

    @contextmanager
    def client(self) -> Iterator[Any]:
        with super().client() as client:
            killer = threading.Thread(target=self._kill, args=(client,))
            killer.start()
            yield client
            killer.join()

    def _kill(self, client: Any) -> None:
        while not list((self.store.root / "shards").glob("[0-9a-f]*")):
            time.sleep(0.02)
        processes = client.run(os.getpid)
        busy = next(worker for worker, tasks in client.processing().items() if tasks)
        os.kill(processes[busy], signal.SIGKILL)
        (self.store.root / "killed").touch()


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab whose network is the user's own, in the working folder; a batch takes long enough to be killed in it."""
    (tmp_path / "worker_net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "worker_net", raising=False)
    return build_lab(settings([*OVERRIDES, f"build={tmp_path}"]), Reporter(quiet=True))


@pytest.mark.filterwarnings("default")  # what a dying worker leaves behind in the process of the cluster
def test_two_workers_of_which_one_is_killed_give_the_same_bits_as_this_process(lab: Lab, tmp_path: Path) -> None:
    engine = lab.engine
    assert isinstance(engine, Dask)
    killing = Killing(**{name: getattr(engine, name) for name in engine.__dataclass_fields__})
    spread = replace(lab, engine=killing).sweep()
    assert (tmp_path / "store" / "killed").exists()
    assert bits(spread) == bits(replace(lab, engine=Local()).sweep())


class Inline(Dask):
    """A cluster whose only worker is this process."""

    @contextmanager
    def client(self) -> Iterator[Any]:
        from distributed import Client

        with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0") as client:
            yield client


def inline(lab: Lab, **changed: Any) -> Lab:
    engine = lab.engine
    assert isinstance(engine, Dask)
    fields = {name: getattr(engine, name) for name in engine.__dataclass_fields__}
    return replace(lab, engine=Inline(**{**fields, **changed}))


def test_a_worker_with_another_model_is_refused(lab: Lab) -> None:
    other = lab.with_model(replace(lab.model, fingerprint="0123456789abcdef0123"))
    with pytest.raises(InputError, match=r"images 0 to 31: a worker has not the same model.*: model changed"):
        inline(other).sweep()


def test_an_image_that_a_worker_cannot_read_is_named_with_its_shard(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = Lab.pixels

    def broken(self: Lab, ids: Any) -> Any:
        if 70 in ids:
            raise OSError("image file is truncated")
        return pixels(self, ids)

    monkeypatch.setattr(Lab, "pixels", broken)
    with pytest.raises(InputError, match=r"the shard of images 64 to 95: image 70 of digits \(.*\) cannot be read"):
        inline(lab).sweep()


def test_a_control_is_swept_here_since_no_settings_describe_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dask, "client", lambda self: pytest.fail("a cluster was started"))
    small = replace(lab.dataset, ids=lab.dataset.ids[:32], fingerprint="small")
    control = replace(lab, dataset=small, model=lab.model.randomised(np.random.default_rng(0)))
    assert len(control.sweep().logits) == 32


def test_an_address_where_nothing_answers_is_named(lab: Lab) -> None:
    engine = lab.engine
    assert isinstance(engine, Dask)
    away = replace(engine, address="tcp://127.0.0.1:9", patience=0.2)
    with pytest.raises(InputError, match=r"engine.address=tcp://127.0.0.1:9: no Dask scheduler answers there"):
        replace(lab, engine=away).sweep()


def test_slurm_jobs_are_described_as_the_settings_say(tmp_path: Path) -> None:
    from dask_jobqueue.slurm import SLURMJob

    chosen = settings(["engine=slurm", "engine.queue=gpu", 'engine.directives=["--gres=gpu:1"]',
                       'engine.prologue=["module load python"]', f"build={tmp_path}"])  # fmt: skip
    engine = Slurm(store=Store(tmp_path), settings=chosen, code={},
                   **{key: value for key, value in chosen.engine.items() if key != "_target_"})  # fmt: skip
    script = SLURMJob("tcp://10.0.0.1:1", name="w", **engine.job()).job_script()
    for line in ("#SBATCH -p gpu", "#SBATCH --gres=gpu:1", "#SBATCH -t 01:00:00", "#SBATCH --cpus-per-task=2",
                 "module load python", "--lifetime 55m --lifetime-stagger 4m", "--nthreads 1"):  # fmt: skip
        assert line in script, line
