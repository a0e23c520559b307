import numpy as np
import pytest
from sklearn.datasets import load_digits

from cnnviz_core.datasets.digits import digit_arrays, digits
from cnnviz_core.errors import InputError


def test_splits_hold_every_digit_once() -> None:
    train, test = digits(split="train"), digits(split="test")
    assert (len(train), len(test)) == (1297, 500)
    assert sorted(train.ids + test.ids) == sorted(f"no. {index}" for index in range(1797))
    assert np.bincount(test.labels).tolist() == [50] * 10


def test_the_first_images_alone() -> None:
    some, every = digits(split="test", images=30), digits(split="test")
    assert some.ids == every.ids[:30]
    assert some.fingerprint != every.fingerprint
    for wrong in (0, 501):
        with pytest.raises(InputError, match=f"dataset.images={wrong} must be 1 to 500, or null for all of split test"):
            digits(split="test", images=wrong)


def test_label_and_ink_are_those_of_the_original() -> None:
    originals, data = load_digits(), digits(split="test")
    for place in range(0, 500, 50):
        index = int(data.ids[place].removeprefix("no. "))
        assert data.class_names[data.labels[place]] == str(originals.target[index])
        image = data.images[place].double()
        centre = (np.arange(8) + 1.5) * 3.2  # of the original's pixels, behind a margin of one, in pixels of ours
        sampled = image[0][np.ix_(centre.astype(int), centre.astype(int))].numpy()
        assert np.corrcoef(sampled.ravel(), originals.images[index].ravel())[0, 1] > 0.95


def test_images_are_grey_8_bit_and_have_a_dark_margin() -> None:
    for image in digits(split="test").images:
        assert image.shape == (3, 32, 32)
        assert (image[0] == image[1]).all()
        assert (image[0] == image[2]).all()
        assert image[0, 0].max() < 96


def test_masks_are_the_ink_and_boxes_are_tight() -> None:
    data = digits(split="test")
    assert data.masks is not None
    assert data.boxes is not None
    for image, mask, [box] in zip(data.images, data.masks, data.boxes, strict=True):
        assert (mask == (image[0].numpy() >= 96)).all()
        top, left, bottom, right = box.astype(int)
        assert mask[top:bottom, left:right].sum() == mask.sum() > 100
        assert mask[top].any()
        assert mask[bottom - 1].any()
        assert mask[:, left].any()
        assert mask[:, right - 1].any()


def test_arrays_are_the_images() -> None:
    pixels, labels = digit_arrays("test")
    data = digits(split="test")
    assert (pixels == np.stack([image.numpy() for image in data.images])).all()
    assert (labels == data.labels).all()
    assert pixels.dtype == np.uint8


def test_fingerprint_tells_the_splits_apart_and_is_stable() -> None:
    assert digits(split="test").fingerprint == digits(split="test").fingerprint
    assert digits(split="test").fingerprint != digits(split="train").fingerprint


def test_unknown_split_is_refused() -> None:
    with pytest.raises(InputError, match=r"dataset\.split='tst' is unknown.*train and test.*did you mean 'test'"):
        digits(split="tst")
