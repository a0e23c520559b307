from pathlib import Path

import numpy as np
import pytest
from known_world import known_world

from cnnviz_core.configure import build_dataset, settings
from cnnviz_core.datasets.with_attributes import with_attributes
from cnnviz_core.errors import InputError


def written(folder: Path, text: str) -> str:
    (folder / "a.csv").write_text(text, encoding="utf-8")
    return str(folder / "a.csv")


def test_numbers_and_words_come_beside_what_is_known(tmp_path: Path) -> None:
    data = known_world()
    found = with_attributes(data, written(tmp_path, "Image,scale,Fur\nno. 1,0.5,long\nno. 0,1e-1,na\n"))
    assert found.attributes is not None
    assert found.attributes["scale"][:2].tolist() == [0.1, 0.5]
    assert np.isnan(found.attributes["scale"][2:]).all()
    assert found.attributes["Fur"][:3].tolist() == ["", "long", ""]
    assert "texture" in found.attributes
    assert found.left_out == (
        "a.csv: scale has no value for 22 of 24 images, which are left out of it",
        "a.csv: Fur has no value for 23 of 24 images, which are left out of it",
    )
    assert found.fingerprint != data.fingerprint
    assert with_attributes(data, None) is data


def test_the_setting_is_that_of_every_data_set(tmp_path: Path) -> None:
    file = written(tmp_path, 'image,fur\n"no. 3",long\n')
    chosen = settings(["dataset=digits", "dataset.images=3", f"dataset.attributes={file}"])
    with pytest.raises(InputError, match=r"attributes=.*a\.csv, line 2: image 'no\. 3' is not in the data set"):
        build_dataset(chosen.dataset)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,x\nno. 0,1\nnowhere,2\n", r"line 3: image 'nowhere' is not in the data set; its images are called as"),
        ("image,scale\nno. 0,big\n", r"line 2: scale 'big' is no finite number, and the values must be numbers"),
        ("image,x\nno. 0,1\nno. 1,big\n", r"line 3: x 'big' is no finite number, .* are numbers elsewhere in the col"),
        ("image,x\nno. 0,1\nno. 1,inf\n", r"line 3: x 'inf' is no finite number"),
        ("image,x\nno. 0,1\nno. 0,2\n", r"line 3: image 'no\. 0' is in line 2 already"),
        ("image,x\n", r"lists no image: there is nothing below its header"),
        (
            "image\nno. 0\n",
            r"must have a column 'image' and others, each with a name of its own; its first line is 'im",
        ),
        ("image,x,X\nno. 0,1,2\n", r"each with a name of its own"),
        ("file,x\nno. 0,1\n", r"has no column 'image'"),
        ("image;x\nno. 0;1\n", r"must have a column 'image'|separates its columns by semicolons"),
        ("image,x\nno. 0,1,2\n", r"line 2: 3 columns instead of 2"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        with_attributes(known_world(), written(tmp_path, text))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dataset\.attributes=.*gone\.csv cannot be read"):
        with_attributes(known_world(), str(tmp_path / "gone.csv"))
