"""One thread: small nets gain nothing from more, and lose much on a busy machine."""

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def real() -> Path:
    """The folder of real weights and photographs, where CNNVIZ_REAL names one."""
    if not os.environ.get("CNNVIZ_REAL"):
        pytest.skip("CNNVIZ_REAL names no folder with real weights and photographs")
    return Path(os.environ["CNNVIZ_REAL"])
