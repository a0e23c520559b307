"""Any data set with what observers answered about its images, from the files that the user names."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cnnviz_core.answers import distinct
from cnnviz_core.datasets.class_map import class_map as read_class_map
from cnnviz_core.datasets.responses import responses as read_responses
from cnnviz_core.files import digest
from cnnviz_core.lab import Dataset


def with_answers(
    data: Dataset, *, responses: str | None = None, class_map: str | None = None, nets: Sequence[str] | None = None
) -> Dataset:
    """The data set with the responses of one CSV file and the coarse categories of another; both may be missing.

    `nets` are patterns of the names of those observers that are nets.

    Its own fingerprint stays as it is, since pixels and labels do: that of the answers is `answers_fingerprint`.
    Raises InputError.
    """
    remarks: list[str] = []
    names = distinct(data.class_names)
    if class_map is not None:
        choices, more = read_class_map(Path(class_map).expanduser(), data.class_names, data.outputs, data.labels)
        data, names, remarks = replace(data, choices=choices), choices.names, more
    if responses is not None:
        found, more = read_responses(Path(responses).expanduser(), data.ids, names, nets or ())
        data, remarks = replace(data, responses=found), [*remarks, *more]
    return replace(data, left_out=(*data.left_out, *remarks), answers_fingerprint=_fingerprint(data))


def _fingerprint(data: Dataset) -> str:
    parts: list[str | bytes] = []
    if data.choices is not None:
        parts += [repr((data.choices.names, data.choices.outputs)), data.choices.labels.tobytes()]
    if (given := data.responses) is not None:
        arrays = (given.observer, given.image, given.chosen, given.seconds)
        parts += [repr((given.observers, given.nets)), *(array.tobytes() for array in arrays)]
    return digest(*parts) if parts else ""
