"""What all tests share: one thread each, since they run side by side, and the real material where there is any."""

import os
from pathlib import Path

import pytest
import torch

from cnnviz_core.machine import settle

settle()
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real weights and photographs, where CNNVIZ_REAL names one."""
    if not os.environ.get("CNNVIZ_REAL"):
        pytest.skip("CNNVIZ_REAL names no folder with real weights and photographs")
    return Path(os.environ["CNNVIZ_REAL"])
