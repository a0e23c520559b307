"""What all tests share: one thread each, since they run side by side, and the real material where there is any."""

import os
from pathlib import Path

import pytest
import torch

from cnnviz_core.machine import settle

settle()
torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The networks run first and one by one, since they take longest; other files as a whole, for their fixtures."""
    items.sort(key=lambda item: item.path.name != "test_networks.py")
    for item in items:
        alone = item.path.name == "test_networks.py"
        item.add_marker(pytest.mark.xdist_group(item.nodeid if alone else str(item.path)))


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real weights and photographs, where CNNVIZ_REAL names one."""
    if not os.environ.get("CNNVIZ_REAL"):
        pytest.skip("CNNVIZ_REAL names no folder with real weights and photographs")
    return Path(os.environ["CNNVIZ_REAL"])
