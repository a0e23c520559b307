"""What a worker of a cluster does: it builds the lab from the settings once, and makes shards."""

import contextlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz_core.errors import InputError
from cnnviz_core.machine import settle

if TYPE_CHECKING:
    from cnnviz_core.sweep.plan import Plan


def make_shard(described: str, inputs: Mapping[str, str], start: int, stop: int) -> None:
    """Put the shard of the images from `start` to `stop` into the store.

    Raises InputError where the inputs of the sweep are not the same here, and so its numbers may not be.
    """
    from cnnviz_core.store import changes

    plan = _plan(described)
    if differing := changes(inputs, plan.inputs):
        raise InputError(f"a worker has not the same model, images or versions: {'; '.join(differing)}")
    plan.make_shard(range(start, stop), lambda count: None)


@lru_cache(maxsize=1)
def _plan(described: str) -> "Plan":
    settle()
    import torch

    from cnnviz_core.configure import Settings, build_lab
    from cnnviz_core.engine.local import Local
    from cnnviz_core.progress import Reporter
    from cnnviz_core.sweep.plan import Plan

    torch.set_num_threads(1)
    told = json.loads(described)
    chosen = Settings(
        model=told["model"], dataset=told["dataset"], figures={}, seed=told["seed"], device=told["device"],
        book=told["book"], build=Path(told["build"]), chapters=None,
    )  # fmt: skip
    folder = told["folder"] if Path(told["folder"]).is_dir() else Path.cwd()
    with contextlib.chdir(folder):  # from which the user's code is imported
        lab = build_lab(chosen, Reporter(quiet=True))
    assert isinstance(lab.engine, Local)
    return Plan(lab, chosen.store, lab.engine.code, told["shard_images"])
