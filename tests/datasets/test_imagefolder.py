import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnviz_core.datasets.imagefolder import imagefolder
from cnnviz_core.errors import InputError
from cnnviz_core.store import Store


def painted(file: Path, level: int = 100, size: tuple[int, int] = (6, 4)) -> Path:
    """An image file of one grey level; size is (width, height)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (level, level, level)).save(file)
    return file


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """dog: two images, one deeper; cat: one."""
    root = tmp_path / "pets"
    painted(root / "dog" / "b.png", 20)
    painted(root / "dog" / "more" / "a.JPG", 30)
    painted(root / "cat" / "c.gif", 10)
    return root


def test_images_labels_and_names(pets: Path) -> None:
    data = imagefolder(root=str(pets))
    assert data.class_names == ("cat", "dog")
    assert data.ids == ("cat/c.gif", "dog/b.png", "dog/more/a.JPG")
    assert data.labels.tolist() == [0, 1, 1]
    assert [int(image.float().mean()) for image in data.images] == [10, 20, 30]
    assert data.images[0].shape == (3, 4, 6)
    assert (data.outputs, data.boxes, data.masks, data.left_out) == (None, None, None, ())


def test_hidden_and_other_files_are_ignored(pets: Path) -> None:
    before = imagefolder(root=str(pets)).fingerprint
    for name in ("dog/notes.txt", "dog/.DS_Store", "dog/._b.png", ".git/x.png", "dog/.thumbs/x.png", "labels.csv"):
        (pets / name).parent.mkdir(exist_ok=True)
        (pets / name).write_text("no picture")
    data = imagefolder(root=str(pets))
    assert (len(data), data.left_out, data.fingerprint) == (3, (), before)


def test_unusable_images_are_listed_and_left_out(pets: Path) -> None:
    (pets / "dog" / "a.png").write_bytes(b"")
    (pets / "cat" / "broken.jpg").write_bytes(b"no picture")
    (pets / "cow").mkdir()
    (pets / "cow" / "phone.heic").write_bytes(b"....ftypheic")
    (pets / "empty").mkdir()
    os.symlink(pets / "nowhere.png", pets / "dog" / "dangling.png")
    painted(pets / "outside.png")
    data = imagefolder(root=str(pets))
    assert len(data) == 3
    assert data.class_names == ("cat", "dog")
    unreadable = "is not an image that can be read (JPEG, PNG, GIF, WebP, TIFF, BMP ...), or its beginning is damaged"
    assert data.left_out == (
        f"cat/broken.jpg {unreadable}",
        f"cow/phone.heic {unreadable}",
        "dog/a.png is empty (zero bytes)",
        "dog/dangling.png has vanished",
        "outside.png lies in no class folder",
        "cow: no usable image",
        "empty: no usable image",
    )


def test_class_names_come_through_as_they_are(tmp_path: Path) -> None:
    names = ["<script>alert(1)<", "$x^2$", "#1 & 100%", 'it\'s "quoted"', "{{ 7*7 }}", "two words", "Bär 猫", "`rm`\\n"]
    for name in names:
        painted(tmp_path / name / "a.png")
    data = imagefolder(root=str(tmp_path))
    assert data.class_names == tuple(sorted(names))
    assert data.ids[0] == f"{sorted(names)[0]}/a.png"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
def test_names_that_are_not_utf8_become_text(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/b\xe4r"
    os.mkdir(folder)
    painted(tmp_path / "a.png").rename(Path(os.fsdecode(folder)) / "a.png")
    data = imagefolder(root=str(tmp_path))
    assert data.class_names == ("b�r",)
    assert data.images[0].shape == (3, 4, 6)


def test_table_gives_outputs_and_readable_names(pets: Path, tmp_path: Path) -> None:
    table = tmp_path / "classes.csv"
    table.write_text("index,wnid,name\n281,dog,tabby dog\n7,n2,Cat\n")
    data = imagefolder(root=str(pets), classes=str(table))
    assert data.class_names == ("Cat", "tabby dog")
    assert data.outputs == (7, 281)
    table.write_text("index,wnid,name\n281,dog,tabby dog\n")
    with pytest.raises(InputError, match=r"the folder 'cat' is not in dataset\.classes=.*classes\.csv"):
        imagefolder(root=str(pets), classes=str(table))


def test_ids_of_wordnet_give_families(pets: Path, tmp_path: Path) -> None:
    table = tmp_path / "classes.csv"
    table.write_text("index,wnid,name\n0,n07753592,dog\n1,n01440764,cat\n")
    assert imagefolder(root=str(pets), classes=str(table)).families == ("animals", "food")
    table.write_text("index,wnid,name\n0,dog,tabby dog\n1,n01440764,cat\n")
    assert imagefolder(root=str(pets), classes=str(table)).families is None


def test_boxes_belong_to_upright_images_and_remarks_are_kept(pets: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(pets / "dog" / "turned.jpg", exif=exif)
    images = [{"id": 1, "file_name": "dog/turned.jpg", "width": 20, "height": 30}, {"id": 2, "file_name": "dog/b.png"}]
    annotations = [{"image_id": 1, "bbox": [5, 10, 10, 20]}, {"image_id": 2, "bbox": [0, 0, 99, 99]}]
    file = tmp_path / "boxes.json"
    file.write_text(json.dumps({"images": images, "annotations": annotations}))
    data = imagefolder(root=str(pets), boxes=str(file))
    assert data.boxes is not None
    assert [box.tolist() for box in data.boxes] == [[], [[0, 0, 4, 6]], [], [[10, 5, 30, 15]]]
    assert data.images[3].shape == (3, 30, 20)
    assert data.left_out == ("dog/b.png: the box [0, 0, 99, 99] reaches outside the image and was cut to it",)
    assert data.has == ("boxes",)


def test_fingerprint_sees_pixels_names_tables_and_boxes_but_not_the_place(pets: Path, tmp_path: Path) -> None:
    table, boxes = tmp_path / "classes.csv", tmp_path / "boxes.json"
    table.write_text("index,wnid,name\n1,n1,dog\n0,n2,cat\n")
    boxes.write_text('{"images": [], "annotations": []}')
    prints = [
        imagefolder(root=str(pets)).fingerprint,
        imagefolder(root=str(pets), classes=str(table)).fingerprint,
        imagefolder(root=str(pets), boxes=str(boxes)).fingerprint,
    ]
    table.write_text("index,wnid,name\n1,dog,hound\n0,n2,cat\n")
    prints.append(imagefolder(root=str(pets), classes=str(table)).fingerprint)
    moved = pets.rename(tmp_path / "moved")
    assert imagefolder(root=str(moved)).fingerprint == prints[0]
    painted(moved / "dog" / "b.png", 21)
    prints.append(imagefolder(root=str(moved)).fingerprint)
    painted(moved / "dog" / "b.png", 20).rename(moved / "dog" / "e.png")
    prints.append(imagefolder(root=str(moved)).fingerprint)
    assert len(set(prints)) == 6


def test_store_remembers_the_check_until_a_file_changes(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    first = imagefolder(root=str(pets), store=store)
    assert first.fingerprint == imagefolder(root=str(pets)).fingerprint
    with monkeypatch.context() as patch:
        patch.setattr("cnnviz_core.datasets.imagefolder.checked", None)
        assert imagefolder(root=str(pets), store=store).fingerprint == first.fingerprint
        painted(pets / "cat" / "new.png")
        with pytest.raises(TypeError):
            imagefolder(root=str(pets), store=store)
    assert len(imagefolder(root=str(pets), store=store)) == 4


def test_image_that_vanishes_later_is_named(pets: Path) -> None:
    data = imagefolder(root=str(pets))
    (pets / "dog" / "b.png").unlink()
    assert data.images[0].shape == (3, 4, 6)
    with pytest.raises(InputError, match=r"dog/b\.png has vanished"):
        data.images[1]


def test_root_that_cannot_be_used(pets: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dataset\.root=.*pest does not exist; did you mean 'pets'\?"):
        imagefolder(root=str(tmp_path / "pest"))
    with pytest.raises(InputError, match=r"dataset\.root=.*b\.png is a file; it must be a folder that has one folder"):
        imagefolder(root=str(pets / "dog" / "b.png"))
    with pytest.raises(InputError, match="has images but no folder per class"):
        imagefolder(root=str(pets / "dog" / "more"))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="nothing is empty; it must have one folder per class"):
        imagefolder(root=str(tmp_path / "nothing"))
    (tmp_path / "nothing" / "cat").mkdir()
    with pytest.raises(InputError, match=r"no image in any of its folders; read are files that end in \.apng, \.avif"):
        imagefolder(root=str(tmp_path / "nothing"))


def test_folder_of_unusable_images_lists_the_first(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    for number in range(7):
        (tmp_path / "cat" / f"{number}.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"no usable image:\n  cat/0\.png is empty(.|\n)*4\.png.*\n  and 2 more$"):
        imagefolder(root=str(tmp_path))


def test_root_may_begin_with_a_tilde(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(pets.parent))
    assert len(imagefolder(root="~/pets")) == 3


def test_grey_levels_of_every_image_stay_in_order(tmp_path: Path) -> None:
    for number in range(150):
        painted(tmp_path / "all" / f"{number:03}.png", number, (number + 1, 2))
    data = imagefolder(root=str(tmp_path))
    assert [int(image[0, 0, 0]) for image in data.images] == list(range(150))
    assert np.array([image.shape[2] for image in data.images[10:12]]).tolist() == [11, 12]
