import io
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from cnnviz_core.datasets.photographs import OnDemand, UnusableError, checked, decoded, photograph
from cnnviz_core.errors import InputError

ROWS, COLUMNS = np.mgrid[:16, :24]
PICTURE = np.stack([COLUMNS * 10, ROWS * 10, np.full_like(ROWS, 90)], axis=2).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(pixels: np.ndarray, **options: Any) -> bytes:
    return encoded(Image.fromarray(pixels), "PNG", **options)


def png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    framed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_kinds_give_their_pixels(kind: str) -> None:
    assert (decoded(encoded(Image.fromarray(PICTURE), kind)) == PICTURE).all()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_kinds_give_nearly_their_pixels(kind: str) -> None:
    pixels = decoded(encoded(Image.fromarray(PICTURE), kind, quality=95)).astype(int)
    assert np.abs(pixels - PICTURE).mean() < 6


def test_grey_is_repeated_in_three_channels() -> None:
    pixels = decoded(png(PICTURE[..., 0]))
    assert (pixels == PICTURE[..., :1]).all()
    assert pixels.shape == PICTURE.shape


def test_one_bit_is_black_and_white() -> None:
    bits = PICTURE[..., 0] > 100
    assert (decoded(encoded(Image.fromarray(bits), "PNG")) == bits[..., None] * 255).all()


def test_palette_gives_its_colours() -> None:
    image = Image.fromarray(np.array([[0, 1], [1, 0]], dtype=np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 100, 50])
    expected = np.array([[10, 20, 30], [200, 100, 50]])[[[0, 1], [1, 0]]]
    assert (decoded(encoded(image, "PNG")) == expected).all()


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"])
def test_transparent_palette_is_laid_on_white(transparency: int | bytes) -> None:
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 100, 50])
    pixels = decoded(encoded(image, "PNG", transparency=transparency))
    assert pixels.tolist() == [[[255, 255, 255], [200, 100, 50]]]


def test_alpha_is_laid_on_white() -> None:
    pixels = np.array([[[200, 100, 0, 255], [200, 100, 0, 0], [200, 100, 0, 51]]], dtype=np.uint8)
    result = decoded(png(pixels)).astype(int)
    assert result[0, :2].tolist() == [[200, 100, 0], [255, 255, 255]]
    assert np.abs(result[0, 2] - [244, 224, 204]).max() <= 1


def test_cmyk_is_converted() -> None:
    inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert np.abs(decoded(encoded(inks, "JPEG", quality=95)).astype(int) - [255, 0, 0]).max() <= 4


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    levels = np.array([[0, 257 * 100, 65535]], dtype=np.uint16)
    for kind in ("PNG", "TIFF", "PPM"):
        assert decoded(encoded(Image.fromarray(levels), kind))[0, :, 0].tolist() == [0, 100, 255]


def test_16_bit_colour_is_scaled() -> None:
    rows = b"\x00" + np.array([0, 257 * 100, 65535], dtype=">u2").tobytes()
    header = (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0))
    data = png_of(header, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    assert decoded(data).tolist() == [[[0, 100, 255]]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_exif_orientation_is_applied(kind: str, orientation: int, turns: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain, turned = (decoded(encoded(Image.fromarray(PICTURE), kind, **more)) for more in ({}, {"exif": exif}))
    assert (turned == np.rot90(plain, turns)).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame_of_an_animation(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((250, 0, 0), (0, 250, 0), (0, 0, 250))]
    pixels = decoded(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert pixels.shape == (8, 8, 3)
    assert np.abs(pixels.astype(int) - [250, 0, 0]).max() <= 5


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1)])
def test_tiny_and_long_images_are_usable(shape: tuple[int, int]) -> None:
    assert decoded(png(np.full((*shape, 3), 7, dtype=np.uint8))).shape == (*shape, 3)


def bomb() -> bytes:
    """A PNG that claims to be 100 000 pixels wide and high."""
    return png_of((b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"")))


NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
JPEG = encoded(Image.fromarray(PICTURE), "JPEG")
UNUSABLE = {
    "zero": (b"", "is empty"),
    "text": (b"this is no picture", "is not an image"),
    "headless": (png(PICTURE)[:-60], "or its beginning is damaged"),
    "script": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "is not an image"),
    "truncated": (encoded(Image.fromarray(NOISE), "JPEG")[:-900], "is damaged: .*truncated"),
    "truncated_png": (png(NOISE)[:-900], "is damaged"),
    "bomb": (bomb(), "more than 89,478,485 pixels"),
    "float": (encoded(Image.fromarray(np.ones((4, 4), dtype=np.float32)), "TIFF"), "floating-point"),
    "int32": (encoded(Image.fromarray(np.full((4, 4), 10**6, dtype=np.int32)), "TIFF"), "32-bit"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_files_say_why(name: str) -> None:
    data, reason = UNUSABLE[name]
    with pytest.raises(UnusableError, match=reason):
        decoded(data)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_picture_over_the_limit_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(UnusableError, match="has 10000 x 9000 pixels; at most 89,478,485"):
        decoded(encoded(Image.new("1", (10_000, 9_000)), "PNG"))


def test_flipped_bytes_never_escape_as_other_errors() -> None:
    rng = np.random.default_rng(0)
    sources = [JPEG, png(PICTURE), encoded(Image.fromarray(PICTURE), "GIF"), encoded(Image.fromarray(PICTURE), "AVIF")]
    refused = 0
    for source in sources * 30:
        data = np.frombuffer(source, dtype=np.uint8).copy()
        data[rng.integers(0, len(data), 4)] = rng.integers(0, 256, 4)
        try:
            assert decoded(data.tobytes()).shape[2] == 3
        except UnusableError:
            refused += 1
    assert 0 < refused < 120


def test_check_gives_sizes_digests_and_problems_in_order(tmp_path: Path) -> None:
    contents = {"a.png": png(PICTURE), "b.jpg": b"", "c.png": png(PICTURE), "d.png": png(255 - PICTURE)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    shown = []

    def progress(items: Iterable[Any], text: str, total: int) -> Iterator[Any]:
        for item in items:
            shown.append(text)
            yield item
        assert total == 4

    a, b, c, d = checked([tmp_path / name for name in contents], progress)
    assert (a.height, a.width, a.problem) == (16, 24, "")
    assert b.problem == "is empty (zero bytes)"
    assert a == c != d
    assert shown == ["checking images"] * 4


def test_the_same_bytes_in_another_shape_have_another_digest(tmp_path: Path) -> None:
    files = [tmp_path / "wide.png", tmp_path / "high.png"]
    for file, shape in zip(files, ((2, 8, 3), (8, 2, 3)), strict=True):
        file.write_bytes(png(np.zeros(shape, dtype=np.uint8)))
    wide, high = checked(files, lambda items, text, total: iter(items))
    assert wide.digest != high.digest


def test_photograph_is_a_tensor_without_warnings_of_odd_metadata(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(encoded(Image.fromarray(PICTURE), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x20\0\x12\x01"))
    image = photograph(file)
    assert image.shape == (3, 16, 24)
    assert image.dtype == torch.uint8
    assert (image.numpy() == decoded(encoded(Image.fromarray(PICTURE), "JPEG")).transpose(2, 0, 1)).all()


def test_vanished_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png has vanished; it could be read when"):
        photograph(tmp_path / "gone.png")
    (tmp_path / "emptied.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"emptied\.png is empty"):
        photograph(tmp_path / "emptied.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(PICTURE))
    (tmp_path / "a.png").chmod(0)
    [fact] = checked([tmp_path / "a.png"], lambda items, text, total: iter(items))
    assert fact.problem == "cannot be read: Permission denied"


def test_on_demand_is_a_sequence_that_keeps_nothing() -> None:
    read: list[int] = []

    def square(index: int) -> int:
        read.append(index)
        return index**2

    squares = OnDemand(4, square)
    assert (len(squares), squares[2], squares[-1], list(squares), squares[1:3]) == (4, 4, 9, [0, 1, 4, 9], [1, 4])
    assert read == [2, 3, 0, 1, 2, 3, 1, 2]
    with pytest.raises(IndexError):
        squares[4]
