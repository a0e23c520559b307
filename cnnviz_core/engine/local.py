"""Work in this process."""

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cnnviz_core.lab import Lab
from cnnviz_core.store import Store
from cnnviz_core.sweep.gathered import Swept
from cnnviz_core.sweep.plan import Plan

SHARD_IMAGES = 256  # under a minute of VGG16 on two cores, and no more is lost when the process is killed


@dataclass(frozen=True)
class Local:
    """One shard after the other, with all threads of this process."""

    store: Store | None = None  # None: a folder that vanishes with the process
    code: Mapping[str, str] = field(default_factory=dict)
    shard_images: int = SHARD_IMAGES

    @cached_property
    def _kept(self) -> Store:
        if self.store is not None:
            return self.store
        folder = Path(tempfile.mkdtemp(prefix="cnnviz-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return Store(folder)

    def sweep(self, lab: Lab) -> Swept:
        """One pass of the lab's model over its images; what is finished is in the store."""
        plan = Plan(lab, self._kept, self.code, self.shard_images)
        return plan.swept(plan.make_shards)
