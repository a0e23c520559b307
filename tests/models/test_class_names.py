"""Names of outputs from lists and files."""

from pathlib import Path

import pytest

from cnnviz_core.errors import InputError
from cnnviz_core.models.class_names import class_names


def test_lists_and_nothing() -> None:
    assert class_names(None) is None
    assert class_names(["a", 3]) == ("a", "3")  # type: ignore[list-item]


def test_csv_is_ordered_by_index(tmp_path: Path) -> None:
    file = tmp_path / "classes.csv"
    file.write_text('index,wnid,name\n1,n2,"goldfish, Carassius"\n0,n1,tench\n')
    assert class_names(str(file)) == ("tench", "goldfish, Carassius")


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.csv", "number,name\n0,a\n", "must have the columns index and name"),
        ("a.csv", "index,name\n0,a\n2,b\n", "index must be each number from 0 to 1 once"),
        ("a.txt", " \n", "is empty"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: str, text: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=text):
        class_names(str(tmp_path / name))


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.classes=.* cannot be read: No such file"):
        class_names(str(tmp_path / "none.txt"))
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a text file in UTF-8"):
        class_names(str(tmp_path / "b.txt"))
