"""The two files of an explorer, read back: the script as JSON, the sheet tile by tile."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explored import explorer
from PIL import Image

from cnnviz_core.explorer import columns_of, save, sheet


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save(explorer(), tmp_path, "some_map")
    return tmp_path


def points(folder: Path) -> Any:
    text = (folder / "some_map.points.js").read_text()
    found = re.fullmatch(r'\(window\.explorers \?\?= \{\}\)\["some_map"\] = (.*);\n', text)
    assert found, text
    return json.loads(found[1])


def test_the_script_holds_what_the_figure_gave(saved: Path) -> None:
    read, given = points(saved), explorer()
    np.testing.assert_allclose(read["place"], given.place, atol=5e-4)
    assert read["near"] == given.near.tolist()
    assert read["names"] == given.names
    assert [read["words"][i] for i in read["labels"]] == given.labels
    assert [read["words"][i] for i in read["predicted"]] == given.predicted
    assert [read["groupNames"][i] for i in read["groups"]] == [given.group_names[i] for i in given.groups]
    assert (read["side"], read["columns"], read["nearBy"], read["colors"]) == (24, 3, "codes", given.colours)


def test_no_name_can_end_the_script(saved: Path) -> None:
    text = (saved / "some_map.points.js").read_text()
    assert "<" not in text
    assert text.isascii()
    assert text.count("\n") == 1


def test_the_sheet_has_each_tile_at_its_place(saved: Path) -> None:
    given, read = explorer().tiles, points(saved)
    pixels = np.asarray(Image.open(saved / "some_map.points.jpg"), dtype=int)
    for i, tile in enumerate(given):
        row, column = divmod(i, read["columns"])
        cell = pixels[24 * row : 24 * row + 24, 24 * column : 24 * column + 24]
        assert np.abs(cell - tile).max() <= 4, "a tile of one color does not spill over"


@pytest.mark.parametrize("count", [1, 2, 4, 5, 9, 10])
def test_a_sheet_is_as_high_as_it_must_be(count: int) -> None:
    whole = sheet(np.full((count, 8, 8, 3), 9, dtype=np.uint8))
    assert (whole == 9).all(axis=2).sum() == count * 64
    assert whole.shape[1] == columns_of(count) * 8
    assert whole.shape[0] * whole.shape[1] < (count + columns_of(count)) * 64


def test_the_same_explorer_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    save(explorer(), again, "some_map")
    for ending in ("js", "jpg"):
        name = f"some_map.points.{ending}"
        assert (again / name).read_bytes() == (saved / name).read_bytes()
