from pathlib import Path

import pytest

from cnnviz_core.datasets.class_table import Row, class_table, matching_rows
from cnnviz_core.errors import InputError

TABLE = (
    "index,wnid,name\n0,n01,tench\n1,n02,great white shark\n2,n03,crane\n3,n04,crane\n4,n05,Cardigan\n5,n06,cardigan\n"
)


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "classes.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_rows(tmp_path: Path) -> None:
    rows = class_table(written(tmp_path, TABLE))
    assert rows[1] == Row(1, "n02", "great white shark")
    assert len(rows) == 6


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, newline: str) -> None:
    text = newline.join(["index,wnid,name", "7,n1,Bär ☃", ""])
    assert class_table(written(tmp_path, text.encode(encoding))) == [Row(7, "n1", "Bär ☃")]


def test_order_of_columns_other_columns_quotes_and_empty_lines(tmp_path: Path) -> None:
    text = '\nName, more ,WNID,Index\n"tench, ""Tinca""",x,n1, 3 \n\n,,n2,4\n'
    assert class_table(written(tmp_path, text)) == [Row(3, "n1", 'tench, "Tinca"'), Row(4, "n2", "n2")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("index;wnid;name\n0;n1;a\n", "separates its columns by semicolons; commas are needed"),
        ("index\twnid\tname\n0\tn1\ta\n", "separates its columns by tabs; commas are needed"),
        ("index,name\n0,a\n", "has no column 'wnid'; its first line must name the columns index,wnid,name"),
        ("", "has no column 'index'"),
        ("index,wnid,name\n", "lists no class"),
        ("index,wnid,name\n0,n1,a\nx,n2,b\n", "line 3: index 'x' must be a whole number from 0 on"),
        ("index,wnid,name\n-1,n1,a\n", "line 2: index '-1' must be"),
        ("index,wnid,name\n1.0,n1,a\n", "line 2: index '1.0' must be"),
        ("index,wnid,name\n1,n1,a\n1,n2,b\n", "has index 1 more than once"),
        ("index,wnid,name\n1,n1,a\n2,n1,b\n", "has wnid n1 more than once"),
        ("index,wnid,name\n1,n1\n", "line 2: 2 columns instead of 3"),
        ("index,wnid,name\n1,n1,tench, Tinca\n", "line 2: 4 columns instead of 3; a name with a comma in it needs"),
        ("index,wnid,name\n1,,\n", "line 2: neither wnid nor name"),
        ('index,wnid,name\n1,n1,"open\n', "is not CSV: line 2"),
        ("index,wnid,name\n0,n1,a\n1,n2,Bär\n".encode("latin-1"), r"is not UTF-8 \(line 3\); save it as UTF-8"),
        ("index,wnid,name\n".encode("utf-16-le"), "is not a text file in UTF-8"),
    ],
)
def test_bad_tables_name_file_and_fault(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=rf"dataset\.classes=.*classes\.csv.*{message}"):
        class_table(written(tmp_path, content))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dataset\.classes=.*none\.csv cannot be read: No such file"):
        class_table(tmp_path / "none.csv")


def test_folders_are_found_by_wnid_or_name_in_any_case(tmp_path: Path) -> None:
    file = written(tmp_path, TABLE)
    rows = class_table(file)
    found = matching_rows(["n01", "Great White SHARK", "cardigan", "N04"], rows, file)
    assert [row.index for row in found] == [0, 1, 5, 3]


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (["tensch"], r"'tensch' is not in dataset\.classes=.*classes\.csv; did you mean 'tench'\?"),
        (["crane"], "'crane' could be any of n03, n04 in .*classes.csv; call it by its wnid"),
        (["CARDIGAN"], "'CARDIGAN' could be any of n05, n06"),
        (["n01", "tench"], "'n01' and 'tench' are both index 0"),
    ],
)
def test_folders_that_are_not_one_row(tmp_path: Path, folders: list[str], message: str) -> None:
    file = written(tmp_path, TABLE)
    with pytest.raises(InputError, match=message):
        matching_rows(folders, class_table(file), file)
