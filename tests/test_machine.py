"""Freed memory is kept, and waiting threads sleep."""

import platform
import subprocess
import sys
import textwrap

import pytest

SCRIPT = textwrap.dedent(
    """
    import os, resource, sys
    import numpy as np
    if "settled" in sys.argv:
        from cnnviz_core.machine import settle
        settle()
    faults = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        np.ones(16 << 20, dtype=np.float32)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    print(faults[-1], os.environ.get("OMP_WAIT_POLICY"))
    """
)


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True)
    faults, policy = done.stdout.split()
    return int(faults), policy


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_a_large_block_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    without, _ = run()
    settled, policy = run("settled")
    assert policy == "PASSIVE"
    assert settled < without / 10


def test_what_the_user_says_of_threads_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert run("settled")[1] == "ACTIVE"
