"""What was gathered on some images, and the folder that holds it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from cnnviz_core.methods.activity import Activity, Statistics, together
from cnnviz_core.methods.exact_sum import ExactSum
from cnnviz_core.methods.strongest import Strongest, merged


@dataclass(frozen=True, eq=False)
class Gathered:
    """What was gathered on some images. Layers are named as in the model."""

    strongest: Mapping[str, Strongest]
    activity: Mapping[str, Activity]
    codes: Mapping[str, np.ndarray]  # each (n, d), float32
    logits: np.ndarray  # (n, classes), float32


@dataclass(frozen=True, eq=False)
class Swept:
    """What one pass over all images of a data set found; the arrays (n, ...) are read from disk when they are used."""

    strongest: Mapping[str, Strongest]  # of each layer of maps: the 64 strongest places of each channel
    statistics: Mapping[str, Statistics]  # of each layer of maps
    codes: Mapping[str, np.ndarray]  # of each of these layers and the codes layer: (n, d), float32; maps are averaged
    logits: np.ndarray  # (n, classes), float32


def save(found: Gathered, folder: Path) -> None:
    """Write all into a folder."""
    for name, values in found.codes.items():
        np.save(_codes_file(folder, name), values)
    np.save(folder / "logits.npy", found.logits)
    _save_small(found, folder)


def _codes_file(folder: Path, name: str) -> Path:
    return folder / f"codes-{quote(name, safe='')}.npy"


def _save_small(found: Gathered, folder: Path) -> None:
    """What does not grow with the number of images."""
    layers = list(found.strongest)
    arrays: dict[str, np.ndarray] = {}
    for i, name in enumerate(layers):
        strongest, activity = found.strongest[name], found.activity[name]
        arrays |= {f"{i} {part}": getattr(strongest, part) for part in ("values", "images", "rows", "columns")}
        arrays |= {f"{i} zeros": activity.zeros, f"{i} maximum": activity.maximum}
        arrays |= {f"{i} {part}": getattr(getattr(activity, of), part_of) for part, of, part_of in _SUMS}
    np.savez(folder / "channels.npz", allow_pickle=False, **arrays)
    places = {name: found.activity[name].places for name in layers}
    (folder / "layers.json").write_text(json.dumps({"places": places, "codes": list(found.codes)}), encoding="utf-8")


_SUMS = (
    ("sum", "sum", "whole"), ("sum, part", "sum", "part"),
    ("squares", "squares", "whole"), ("squares, part", "squares", "part"),
)  # fmt: skip


def load(folder: Path) -> Gathered:
    """What a folder holds; the arrays (n, ...) stay on disk until they are used."""
    told = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    strongest, activity = {}, {}
    with np.load(folder / "channels.npz", allow_pickle=False) as arrays:
        for i, (name, places) in enumerate(told["places"].items()):
            of = {part.partition(" ")[2]: arrays[part] for part in arrays.files if part.startswith(f"{i} ")}
            strongest[name] = Strongest(of["values"], of["images"], of["rows"], of["columns"])
            activity[name] = Activity(
                places, ExactSum(of["sum"], of["sum, part"]), ExactSum(of["squares"], of["squares, part"]),
                of["zeros"], of["maximum"],
            )  # fmt: skip
    codes = {name: np.load(_codes_file(folder, name), mmap_mode="r") for name in told["codes"]}
    return Gathered(strongest, activity, codes, np.load(folder / "logits.npy", mmap_mode="r"))


def swept(found: Gathered) -> Swept:
    """What was gathered on all images, as figures use it."""
    statistics = {name: activity.statistics for name, activity in found.activity.items()}
    return Swept(found.strongest, statistics, found.codes, found.logits)


def with_shard(best: Mapping[str, Strongest], shard: Path) -> dict[str, Strongest]:
    """The strongest places of all shards so far, and of one more."""
    found = load(shard).strongest
    return {name: merged([best[name], places]) if name in best else places for name, places in found.items()}


def join(shards: Sequence[Path], folder: Path) -> None:
    """Put the folders of shards, in the order of their images, together in another, one at a time in memory."""
    first = load(shards[0])
    lengths = [len(load(shard).logits) for shard in shards]
    strongest, activity = dict(first.strongest), dict(first.activity)
    with_rows = {name: _empty(_codes_file(folder, name), sum(lengths), like) for name, like in first.codes.items()}
    logits = _empty(folder / "logits.npy", sum(lengths), first.logits)
    start = 0
    for k, (shard, length) in enumerate(zip(shards, lengths, strict=True)):
        found = load(shard)
        for name, rows in with_rows.items():
            rows[start : start + length] = found.codes[name]
        logits[start : start + length] = found.logits
        start += length
        if k > 0:
            for name in strongest:
                strongest[name] = merged([strongest[name], found.strongest[name]])
                activity[name] = together([activity[name], found.activity[name]])
    for rows in [*with_rows.values(), logits]:
        rows.flush()
    _save_small(Gathered(strongest, activity, with_rows, logits), folder)


def _empty(path: Path, length: int, like: np.ndarray) -> np.memmap:
    return np.lib.format.open_memmap(path, mode="w+", dtype=like.dtype, shape=(length, *like.shape[1:]))
