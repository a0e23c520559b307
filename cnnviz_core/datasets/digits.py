"""Real handwritten digits that come with scikit-learn: small enough to need no download."""

from functools import cache

import numpy as np
import torch
from PIL import Image

from cnnviz_core.errors import InputError, nearest
from cnnviz_core.files import digest
from cnnviz_core.lab import Dataset, Practice

SIZE = 32  # pixels, to which the 8 x 8 originals with a margin of one pixel are enlarged
FULL_INK = 16  # of the originals, whose values are 0 (paper) to 16
INK = 96  # of 255, from which on a pixel belongs to the digit
TEST_PER_CLASS = 50
SPLITS = ("train", "test")


def digits(*, split: str, images: int | None = None) -> Dataset:
    """Handwritten digits as white ink on black, with masks and boxes of the ink.

    They are 1797 digits by 13 people (Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, 1998). The
    same people wrote both splits, so that accuracy on `test` says nothing about other people's writing. Only the first
    `images` where that is given.
    """
    whole = _split(split)
    if images is not None and not 1 <= images <= len(whole[0]):
        raise InputError(f"dataset.images={images} must be 1 to {len(whole[0])}, or null for all of split {split}")
    indices, pixels, labels = (found[:images] for found in whole)
    masks = pixels >= INK
    (other,) = set(SPLITS) - {split}
    colored = torch.from_numpy(pixels)[:, None].expand(-1, 3, -1, -1)
    return Dataset(
        name="digits",
        fingerprint=digest("digits", split, pixels.tobytes(), labels.tobytes()),
        images=colored.unbind(),
        ids=tuple(f"no. {index}" for index in indices),
        labels=labels,
        class_names=tuple("0123456789"),
        masks=tuple(masks),
        boxes=tuple(_box(mask) for mask in masks),
        practice=Practice(other, lambda each: digits(split=other)),
    )


def digit_arrays(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 3, 32, 32), 8 bit, and labels (n,) of the 1297 `train` or the 500 `test` digits."""
    _, pixels, labels = _split(split)
    return np.repeat(pixels[:, None], 3, axis=1), labels


def _split(split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places in scikit-learn's data, enlarged grey pixels (n, 32, 32) and labels of one split."""
    if split not in SPLITS:
        raise InputError(
            f"dataset.split={split!r} is unknown; digits have {' and '.join(SPLITS)}{nearest(split, SPLITS)}"
        )
    pixels, labels = _all_digits()
    is_test = np.zeros(len(labels), dtype=bool)
    for label in range(10):
        order = np.random.default_rng(label).permutation(np.flatnonzero(labels == label))
        is_test[order[:TEST_PER_CLASS]] = True
    indices = np.flatnonzero(is_test == (split == "test"))
    return indices, pixels[indices], labels[indices]


@cache
def _all_digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    originals = load_digits()
    return np.stack([_enlarged(image) for image in originals.images]), originals.target.astype(np.int64)


def _enlarged(ink: np.ndarray) -> np.ndarray:
    """8 x 8 ink as 32 x 32 grey levels: bicubic, since bilinear strokes look like beads; whole-number arithmetic."""
    grey = np.round(np.pad(ink, 1) * (255 / FULL_INK)).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def _box(mask: np.ndarray) -> np.ndarray:
    """The (1, 4) box of what is True: top, left, bottom, right, the last two exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([[rows[0], columns[0], rows[-1] + 1, columns[-1] + 1]], dtype=float)
