"""Image files of every common kind as RGB pixels, or the reason why a file has none."""

import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar, overload

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from cnnviz_core.errors import InputError
from cnnviz_core.files import digest
from cnnviz_core.lab import Progress

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF")  # none runs other programs
_JPEG = {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"}
_OTHER = {".png", ".apng", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif"}
ENDINGS = frozenset(_JPEG | _OTHER | {".heic", ".heif"})  # the last two cannot be read, which should be said
PIXELS_AT_MOST = 89_478_485  # Pillow's own limit; a larger picture in a small file is likely an attack
_BROKEN = (  # what Pillow raises for damaged files of one kind or another
    *(OSError, SyntaxError, ValueError, TypeError, EOFError, ArithmeticError, LookupError, RuntimeError),
    *(struct.error, zlib.error),
)
_TOGETHER = 64  # files that are handed to the threads at once

T = TypeVar("T")


class UnusableError(Exception):
    """A file holds no picture that can be read; the text says why."""


class OnDemand(Sequence[T]):
    """A sequence whose items are made when asked for, and not kept."""

    def __init__(self, length: int, read: Callable[[int], T]) -> None:
        self.length = length
        self.read = read

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        places = range(self.length)[index]
        return self.read(places) if isinstance(places, int) else [self.read(place) for place in places]


def decoded(data: bytes) -> np.ndarray:
    """The pixels (h, w, 3), 8 bit, of an image file's content, upright by its EXIF orientation.

    Of an animation it is the first frame; what is transparent is laid on white; 16-bit grey is scaled to 8 bit; colour
    profiles are not applied. Raises UnusableError.
    """
    if not data:
        raise UnusableError("is empty (zero bytes)")
    try:
        with Image.open(io.BytesIO(data), formats=_formats()) as image:
            if image.width * image.height > PIXELS_AT_MOST:
                raise UnusableError(f"has {image.width} x {image.height} pixels; at most {PIXELS_AT_MOST:,} are read")
            image.load()
            return np.array(_rgb(_upright(image)))
    except UnidentifiedImageError:
        kinds = "JPEG, PNG, GIF, WebP, TIFF, BMP ..."
        raise UnusableError(f"is not an image that can be read ({kinds}), or its beginning is damaged") from None
    except Image.DecompressionBombError:
        raise UnusableError(f"has more than {PIXELS_AT_MOST:,} pixels") from None
    except _BROKEN as error:
        raise UnusableError(f"is damaged: {error}") from None


@cache
def _formats() -> list[str]:
    """Those of FORMATS that this Pillow was built with; it stumbles over the names of others."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _BROKEN:
        return image  # EXIF that cannot be read says nothing about orientation


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured).convert("RGB")
    if image.mode == "F":
        raise UnusableError("has floating-point pixels, whose black and white are not known")
    if image.mode.startswith("I"):
        levels = np.asarray(image)
        if levels.min() < 0 or levels.max() > 65535:
            raise UnusableError("has 32-bit pixels, whose black and white are not known")
        image = Image.fromarray((levels / 257).round().astype(np.uint8))
    return image.convert("RGB")


@dataclass(frozen=True)
class Checked:
    """What is known of an image file after it was decoded once."""

    height: int  # pixels, upright
    width: int
    digest: str  # of the pixels
    problem: str  # why it cannot be used; empty where it can


def checked(files: Sequence[Path], progress: Progress) -> list[Checked]:
    """Decode every file once, in as many threads as there are processors, and keep what was found but no pixels.

    Nothing less finds a truncated file. It costs about what Pillow needs to decode them all, divided by the threads.
    """
    with _quiet(), ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        groups = (files[start : start + _TOGETHER] for start in range(0, len(files), _TOGETHER))
        found = (result for group in groups for result in pool.map(_checked, group))
        return list(progress(found, "checking images", len(files)))


def _checked(file: Path) -> Checked:
    try:
        pixels = _pixels(file)
    except UnusableError as reason:
        return Checked(0, 0, "", str(reason))
    height, width, _ = pixels.shape
    return Checked(height, width, digest(f"{height} {width}", pixels.tobytes()), "")


def photograph(file: Path) -> Tensor:
    """The image (3, h, w), 8 bit, of a file that was found usable before. Raises InputError if it no longer is."""
    try:
        with _quiet():
            return torch.from_numpy(_pixels(file)).movedim(2, 0)
    except UnusableError as reason:
        raise InputError(f"{file} {reason}; it could be read when the images were checked") from None


def _pixels(file: Path) -> np.ndarray:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise UnusableError("has vanished") from None
    except OSError as error:
        raise UnusableError(f"cannot be read: {error.strerror}") from None
    return decoded(data)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Pillow's warnings: those of odd metadata do no harm, and the size is checked here.

    It is for the whole process, so it is entered before threads start and left after they end.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
