"""Results on disk, each under a key of everything that could change it."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnviz_core.files import digest, whole_folder

Inputs = Mapping[str, str]
"""What a result is made from: a readable name for each thing that could change it, and its value or hash."""


@dataclass(frozen=True)
class Store:
    """Finished folders at ``root/<step>/<key>``, where the key is the hash of the inputs.

    A folder appears whole, by a rename, or not at all; ``inputs.json`` in it says what it was made from.
    """

    root: Path

    def path(self, step: str, inputs: Inputs) -> Path:
        """Where the result of these inputs lies, whether it is there or not."""
        return self.root / step / digest(json.dumps(dict(inputs), sort_keys=True))

    def has(self, step: str, inputs: Inputs) -> bool:
        """Whether that result is there."""
        return self.path(step, inputs).is_dir()

    def fetch(self, step: str, inputs: Inputs, make: Callable[[Path], None]) -> Path:
        """The folder of the result; where there is none yet, `make(folder)` fills it first."""
        path = self.path(step, inputs)
        if not path.is_dir():
            with whole_folder(path) as folder:
                start = time.perf_counter()
                make(folder)
                (folder / "inputs.json").write_text(json.dumps(dict(inputs), indent=1, sort_keys=True))
                (folder / "seconds.json").write_text(json.dumps(round(time.perf_counter() - start, 3)))
        return path

    def inputs(self, step: str, key: str) -> dict[str, str]:
        """What the result of that key was made from; empty where it is gone."""
        path = self.root / step / key / "inputs.json"
        return dict(json.loads(path.read_text())) if path.is_file() else {}

    def seconds(self, step: str, key: str) -> float:
        """How long it took to make the result of that key."""
        path = self.root / step / key / "seconds.json"
        return float(json.loads(path.read_text())) if path.is_file() else 0.0


def changes(old: Inputs, new: Inputs) -> list[str]:
    """The inputs that differ, as lines `name: old -> new`, with hashes only named."""
    lines = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before != after:
            hashed = all(value is None or _is_hash(value) for value in (before, after))
            lines.append(f"{name} changed" if hashed else f"{name}: {before} -> {after}")
    return lines


def _is_hash(value: str) -> bool:
    return len(value) >= 16 and all(letter in "0123456789abcdef" for letter in value)
