"""The file of a labelling, read back: the script as JSON, its pictures pixel by pixel."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labelled import labelling
from PIL import Image

from cnnviz_core.labelling import Labelling, save


def read(given: Labelling, folder: Path) -> Any:
    save(given, folder, "some")
    text = (folder / "some.label.js").read_text()
    found = re.fullmatch(r"window\.labelling = (.*);\n", text)
    assert found, text
    return json.loads(found[1])


def pixels(address: str) -> np.ndarray:
    kind, _, content = address.partition(";base64,")
    assert kind in ("data:image/png", "data:image/jpeg")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))), dtype=int)


def test_the_script_holds_what_was_given(tmp_path: Path) -> None:
    given = labelling()
    found = read(given, tmp_path)
    for name in ("ids", "names", "order", "families", "origin", "model", "outputs"):
        assert found[name] == getattr(given, name)
    assert (found["sameNames"], found["height"], found["width"]) == (True, 24, 24)
    assert (found["truth"], found["ranks"]) == (given.truth.tolist(), [0, 3, 0, 1])
    assert found["said"] == [[list(pair) for pair in best] for best in given.said]
    assert read(replace(given, ranks=None), tmp_path)["ranks"] is None


def test_small_images_keep_every_pixel_and_large_ones_nearly(tmp_path: Path) -> None:
    small = labelling()
    for image, address in zip(small.images, read(small, tmp_path)["images"], strict=True):
        np.testing.assert_array_equal(pixels(address), image)
    smooth = np.broadcast_to(np.arange(160, dtype=np.uint8)[:, None, None], (4, 160, 160, 3))
    for address in read(replace(small, images=smooth), tmp_path)["images"]:
        assert address.startswith("data:image/jpeg")
        assert np.abs(pixels(address) - smooth[0]).max() <= 3


def test_the_examples_of_a_class_stand_side_by_side(tmp_path: Path) -> None:
    given = labelling()
    for strip, tiles in zip(read(given, tmp_path)["examples"], given.examples, strict=True):
        assert (strip["count"], strip["height"], strip["width"]) == (3, 16, 12)
        found = pixels(strip["picture"])
        assert found.shape == (16, 36, 3)
        for k in range(3):
            assert np.abs(found[:, 12 * k + 4 : 12 * k + 8] - tiles[k, :, 4:8]).max() <= 4
    assert read(labelling(examples=0), tmp_path)["examples"][0]["count"] == 0


def test_no_name_can_end_the_script(tmp_path: Path) -> None:
    save(labelling(), tmp_path, "some")
    text = (tmp_path / "some.label.js").read_text()
    assert "<" not in text
    assert text.isascii()
    assert text.count("\n") == 1


@pytest.mark.parametrize("change", [{"names": list("abcde")}, {"ids": list("abcd")}, {"images": labelling(32).images}])
def test_answers_are_kept_under_another_key_where_something_else_is_asked(change: Any, tmp_path: Path) -> None:
    key = read(labelling(), tmp_path)["key"]
    assert key == read(replace(labelling(), ranks=None, model="other"), tmp_path)["key"]
    assert key != read(replace(labelling(), **change), tmp_path)["key"]


def test_the_same_labelling_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(labelling(), tmp_path, name)
    assert (tmp_path / "one.label.js").read_bytes() == (tmp_path / "two.label.js").read_bytes()
