"""What all tests share: one thread each, since they run side by side, and the real material where there is any."""

import os
from pathlib import Path

import pytest
import torch

from cnnviz_core.machine import settle

settle()
torch.set_num_threads(1)


LONGEST = ("test_networks.py", "test_hostile.py", "test_book.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files run as a whole, for their fixtures, and those first that take longest."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real weights and photographs, where CNNVIZ_REAL names one."""
    if not os.environ.get("CNNVIZ_REAL"):
        pytest.skip("CNNVIZ_REAL names no folder with real weights and photographs")
    return Path(os.environ["CNNVIZ_REAL"])
