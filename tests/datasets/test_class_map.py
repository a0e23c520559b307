from pathlib import Path

import numpy as np
import pytest

from cnnviz_core.datasets.class_map import class_map
from cnnviz_core.errors import InputError

HEADER = "index,wnid,category\n"
TABLE = HEADER + "3,n3,dog\n0,n0,cat\n5,n5,dog\n7,n7,\n9,n9,car\n"
LABELS = np.array([0, 1, 1, 0])


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "map.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_classes_that_are_categories(tmp_path: Path) -> None:
    """There may be more categories than classes: an observer can choose them all the same."""
    choices, remarks = class_map(written(tmp_path, TABLE), ("Dog", "cat"), None, LABELS)
    assert choices.names == ("car", "cat", "dog")
    assert choices.outputs == ((9,), (0,), (3, 5))
    assert choices.labels.tolist() == [2, 1, 1, 2]
    assert remarks == []


def test_classes_that_are_outputs(tmp_path: Path) -> None:
    choices, remarks = class_map(written(tmp_path, TABLE), ("corgi", "spoon"), (5, 7), LABELS)
    assert choices.labels.tolist() == [2, -1, -1, 2]
    assert remarks == ["map.csv: the images of class spoon are of no category"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    assert class_map(written(tmp_path, TABLE.encode(encoding)), ("dog", "cat"), None, LABELS)[0].names[0] == "car"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TABLE.replace("dog", "dogs"), "has no category for the class 'dog'; .* car, cat, dogs; did you mean 'dogs'"),
        (TABLE + "3,n3,cat\n", "line 7: index 3 stands in line 2 already; an output belongs to one category"),
        (HEADER + "x,n3,cat\n", "line 2: index 'x' must be a whole number from 0 on"),
        (HEADER + "1,n3,cat\n", "names 1 categories; at least 2 are needed"),
        (HEADER, "names 0 categories"),
        ("index;category\n1;cat\n", "separates its columns by semicolons; commas are needed"),
        ("index\tcategory\n1\tcat\n", "separates its columns by tabs"),
        ("index,wnid\n1,n1\n", "has no column 'category'"),
        (HEADER + "1,n3\n", "line 2: 2 columns instead of 3"),
        ((HEADER + "1,n3,Bär\n").encode("latin-1"), r"is not UTF-8 \(line 2\)"),
        (HEADER.encode("utf-16-le"), "is not a text file in UTF-8"),
    ],
)
def test_bad_maps_name_file_line_and_fault(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=rf"dataset\.class_map=.*map\.csv.*{message}"):
        class_map(written(tmp_path, content), ("dog", "cat"), None, LABELS)


def test_a_map_of_other_outputs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dataset\.class_map=.*has no category for the class 'corgi'"):
        class_map(written(tmp_path, TABLE), ("corgi", "spoon"), (1, 2), LABELS)
