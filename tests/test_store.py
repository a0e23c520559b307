"""Results appear whole or not at all, and under a key of all their inputs."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from cnnviz_core.files import digest, signature, sweep, whole_folder, write, write_if_changed
from cnnviz_core.store import Store, changes


def test_a_result_is_made_once_and_found_again(tmp_path: Path) -> None:
    store, calls = Store(tmp_path), []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "number").write_text("7")

    first = store.fetch("results/x", {"a": "1"}, make)
    second = store.fetch("results/x", {"a": "1"}, make)
    assert first == second
    assert len(calls) == 1
    assert (first / "number").read_text() == "7"
    assert store.inputs("results/x", first.name) == {"a": "1"}


def test_another_input_is_another_result(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.path("x", {"a": "1"}) != store.path("x", {"a": "2"})
    assert store.path("x", {"a": "1", "b": "2"}) == store.path("x", {"b": "2", "a": "1"})


def test_a_failed_result_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        store.fetch("x", {}, fail)
    assert not store.has("x", {})
    assert list((tmp_path / "x").iterdir()) == []


def test_a_killed_process_leaves_no_result_that_is_believed(tmp_path: Path) -> None:
    script = f"""
        import time
        from pathlib import Path
        from cnnviz_core.store import Store

        def make(folder):
            (folder / "arrays.npz").write_text("half")
            print("started", flush=True)
            time.sleep(60)

        Store(Path({str(tmp_path)!r})).fetch("results/x", {{"a": "1"}}, make)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    store = Store(tmp_path)
    assert not store.has("results/x", {"a": "1"})
    assert list(tmp_path.rglob("arrays.npz")), "the killed process had begun to write"
    path = store.fetch("results/x", {"a": "1"}, lambda folder: write(folder / "arrays.npz", "whole"))
    assert (path / "arrays.npz").read_text() == "whole"
    sweep(tmp_path, older_than=0)
    assert [file.parent for file in tmp_path.rglob("arrays.npz")] == [path]


def test_the_folder_of_whoever_is_first_stays(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "x") as slow:
        (slow / "who").write_text("slow")
        with whole_folder(tmp_path / "x") as fast:
            (fast / "who").write_text("fast")
    assert (tmp_path / "x" / "who").read_text() == "fast"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_changes_name_what_differs() -> None:
    old = {"seed": "0", "model": "a" * 20, "gone": "1"}
    new = {"seed": "1", "model": "b" * 20, "gone": "1"}
    assert changes(old, new) == ["model changed", "seed: 0 -> 1"]


def test_a_file_is_written_whole_and_only_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    assert write_if_changed(path, b"one")
    before = path.stat().st_mtime_ns
    assert not write_if_changed(path, b"one")
    assert path.stat().st_mtime_ns == before
    assert write_if_changed(path, b"two")
    assert [file.name for file in path.parent.iterdir()] == ["file"]


def test_signature_sees_every_change_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    seen = [signature(tmp_path)]
    (tmp_path / "a" / "y").write_text("1")
    seen.append(signature(tmp_path))
    os.utime(tmp_path / "a" / "x", ns=(1, time.time_ns()))
    seen.append(signature(tmp_path))
    (tmp_path / "a" / "y").rename(tmp_path / "a" / "z")
    seen.append(signature(tmp_path))
    assert len(set(seen)) == 4


def test_digest_keeps_parts_apart() -> None:
    assert digest("ab", "c") != digest("a", "bc")


def test_signature_of_odd_entries(tmp_path: Path) -> None:
    before = signature(tmp_path)
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / os.fsdecode(b"not utf-8 \xff")).write_text("x")
    assert signature(tmp_path) != before
