"""Files and folders that are there whole or not at all, and a lock that a killed process does not keep."""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnviz_core.errors import InputError

_UNFINISHED = ".unfinished-"


def write(path: Path, content: bytes | str) -> None:
    """Write a file under a temporary name and rename it: readers see the old file or the whole new one."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write unless the file already holds these bytes; says whether it wrote."""
    if path.is_file() and path.read_bytes() == content:
        return False
    write(path, content)
    return True


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder to fill, which becomes `path` at the end of the block and vanishes if the block fails.

    Where another process finished the same folder meanwhile, that one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(root: Path, *, older_than: float = 86400.0) -> None:
    """Remove what killed processes left unfinished under `root`, if it is that many seconds old.

    What is younger may be the work of another process.
    """
    for left in list(root.rglob(_UNFINISHED + "*")):
        if time.time() - left.stat().st_mtime < older_than:
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextmanager
def lock(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path`; the system frees it when the process ends, however it ends.

    Raises InputError where another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InputError(
                f"{what} is being built by another process ({file.read().strip() or 'unknown'}); "
                "wait for it, or choose another folder with build=DIR"
            ) from None
        file.truncate(0)
        file.write(f"pid {os.getpid()}\n")
        file.flush()
        yield


def digest(*parts: bytes | str) -> str:
    """Hash of the parts, 20 hexadecimal digits; ("ab", "c") and ("a", "bc") differ."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode(errors="surrogateescape") if isinstance(part, str) else part
        total.update(str(len(data)).encode() + b":" + data)
    return total.hexdigest()[:20]


def signature(path: Path) -> str:
    """What changes when a file, or any file in a folder, changes: names, sizes and times, without reading them."""
    if path.is_file():
        status = path.stat()
        return digest(path.name, str(status.st_size), str(status.st_mtime_ns))
    entries = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            status = os.lstat(os.path.join(folder, name))
            entries.append(f"{os.path.join(os.path.relpath(folder, path), name)} {status.st_size} {status.st_mtime_ns}")
    return digest(*entries)
