"""How a user's table calls the images of a data set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from cnnviz_core.errors import InputError, nearest


def image_names(ids: Sequence[str]) -> dict[str, int]:
    """The image of each id, and of each file name and stem that only one image has."""
    found: dict[str, int] = {}
    paths = [PurePosixPath(name) for name in ids]
    for short in ([path.stem for path in paths], [path.name for path in paths]):
        counts = Counter(short)
        found |= {name: i for i, name in enumerate(short) if counts[name] == 1}
    return {**found, **{name: i for i, name in enumerate(ids)}}


def image_place(where: str, cell: str, images: Mapping[str, int], ids: Sequence[str]) -> int:
    """The image that a cell names. Raises InputError, which begins with `where`."""
    found = images.get(cell, images.get(cell.replace("\\", "/")))
    if found is not None:
        return found
    alike = [name for name in ids if cell in (PurePosixPath(name).name, PurePosixPath(name).stem)]
    if alike:
        raise InputError(f"{where}: image {cell!r} could be {' or '.join(alike[:3])}; write the whole path")
    raise InputError(f"{where}: image {cell!r} is not in the data set; its images are called as {ids[0]!r}"
                     f"{nearest(cell, images)}")  # fmt: skip
