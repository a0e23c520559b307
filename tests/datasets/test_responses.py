from pathlib import Path

import numpy as np
import pytest

from cnnviz_core.datasets.responses import responses
from cnnviz_core.errors import InputError

IDS = ("cat/c1.png", "cat/c2.png", "dog/d1.png", "dog/c2.png")
NAMES = ("cat", "dog", "Turkey", "turkey", "a|b")
HEADER = "image,observer,response,seconds\n"


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "answers.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_answers_times_and_names_of_images(tmp_path: Path) -> None:
    """By id, file name or stem; observers in order of their names."""
    rows = "cat/c1.png,zoe,cat,1.5\nd1.png,ann,CAT|dog|turkey,\nc1,ann,NA,0.25\ncat\\c2.png,ann,a|b,na\n"
    found, remarks = responses(written(tmp_path, HEADER + rows), IDS, NAMES)
    assert found.observers == ("ann", "zoe")
    assert found.nets == (False, False)
    assert found.observer.tolist() == [1, 0, 0, 0]
    assert found.image.tolist() == [0, 2, 0, 1]
    assert found.chosen.tolist() == [[0, *[-1] * 4], [0, 1, 3, -1, -1], [-1] * 5, [4, *[-1] * 4]]
    np.testing.assert_array_equal(found.seconds, [1.5, np.nan, 0.25, np.nan])
    assert found.ranked
    assert found.missing == 1
    assert remarks == ["answers.csv: 1 of 4 responses hold no answer (na or empty); they count as wrong"]


def test_other_columns_order_and_byte_order_marks(tmp_path: Path) -> None:
    text = "Response,age,Observer,IMAGE\ndog,7,Zoë,c1\n"
    for encoding in ("utf-8-sig", "utf-16"):
        found, remarks = responses(written(tmp_path, text.encode(encoding)), IDS, NAMES)
        assert (found.observers, found.chosen[0, 0], found.ranked, remarks) == (("Zoë",), 1, False, [])
        assert np.isnan(found.seconds).all()


def test_nets_by_their_names(tmp_path: Path) -> None:
    rows = "c1,VGG-16,cat,\nc1,vivian,cat,\nc1,alexnet,cat,\n"
    found, _ = responses(written(tmp_path, HEADER + rows), IDS, NAMES, ["alexnet*", "vgg*"])
    assert dict(zip(found.observers, found.nets, strict=True)) == {"VGG-16": True, "alexnet": True, "vivian": False}


def test_na_may_be_a_class(tmp_path: Path) -> None:
    found, _ = responses(written(tmp_path, HEADER + "c1,ann,NA,\n"), IDS, ("cat", "na"))
    assert (found.chosen[0, 0], found.missing) == (1, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + "cat/c3.png,ann,cat,\n", r"line 2: image 'cat/c3\.png' is not .* as 'cat/c1\.png'; did"),
        (HEADER + "c1,ann,cat,\nc2.png,ann,cat,\n", r"line 3: image 'c2\.png' could be cat/c2\.png or dog/c2\.png;"),
        (HEADER + "c1,ann,cats,\n", r"line 2: response 'cats' is no class .* are cat, dog, .*; did you mean 'cat'"),
        (HEADER + "c1,ann,TURKEY,\n", "line 2: response 'TURKEY' is no class"),
        (HEADER + "c1,ann,cat|dgo,\n", "line 2: response 'dgo' is no class .*did you mean 'dog'"),
        (HEADER + "c1,ann,cat|dog|cat,\n", r"line 2: response 'cat\|dog\|cat' names 'cat' twice"),
        (HEADER + "c1,ann,cat|dog|Turkey|turkey|a|b,\n", "line 2: response .* has 6 choices; at most 5 are allowed"),
        (HEADER + "c1,ann,cat,\nd1,ann,cat,\ncat/c1.png,ann,dog,\n", "line 4: ann has answered for image .* in line 2"),
        (HEADER + "c1,,cat,\n", "line 2: the observer has no name"),
        (HEADER + "c1,ann,cat,soon\n", "line 2: seconds 'soon' must be a number from 0 on, or empty"),
        (HEADER + "c1,ann,cat,-1\n", "line 2: seconds '-1' must be"),
        (HEADER + "c1,ann,cat,nan\n", "line 2: seconds 'nan' must be"),
        (HEADER + "c1,ann,cat\n", "line 2: 3 columns instead of 4"),
        (HEADER, "has no response: there is nothing below its header"),
        ("", "has no column 'image'"),
        ("image;observer;response\nc1;ann;cat\n", "separates its columns by semicolons; commas are needed"),
        ("image\tobserver\tresponse\nc1\tann\tcat\n", "separates its columns by tabs; commas are needed"),
        ("image,observer\nc1,ann\n", "has no column 'response'; its first line must name the columns"),
        ((HEADER + "c1,Zoë,cat,\n").encode("latin-1"), r"is not UTF-8 \(line 2\); save it as UTF-8"),
        ((HEADER + "c1,ann,cat,\n").encode("utf-16-le"), "is not a text file in UTF-8"),
        (HEADER + 'c1,ann,"cat,\n', "is not CSV: line 2"),
    ],
)  # fmt: skip
def test_bad_files_name_file_line_and_fault(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=rf"dataset\.responses=.*answers\.csv.*{message}"):
        responses(written(tmp_path, content), IDS, NAMES)
